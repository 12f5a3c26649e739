"""What the Gramian weightings share: unit gradients, vectors in their place, and two small least-squares problems."""

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import lsq_linear, nnls

__all__ = [
    "above_tolerance",
    "combined",
    "gradient_columns",
    "min_norm_point",
    "nonnegative_least_squares",
    "square_root",
    "unit_gradients",
]

# Squared, relative to the largest: what is shorter counts as no gradient, so that no ratio of norms overflows.
_ZERO = 1e-60


def unit_gradients(gramian):
    """Return the norms of the gradients, shape (n,), and their cosines, shape (n, n).

    What follows from the cosines is as exact for a gradient 1e-8 times the others as for one of
    their size. A zero gradient has norm 0 and cosine 0 with every gradient, itself included.
    """
    squares = np.diag(gramian)
    seen = squares > _ZERO * squares.max()
    norms = np.sqrt(np.where(seen, squares, 0.0))
    inverse = np.divide(1.0, norms, out=np.zeros(len(norms)), where=seen)
    # Two products of which neither overflows; rounding may leave a cosine of 1 + 1e-16.
    cosines = np.clip((gramian * inverse) * inverse[:, None], -1.0, 1.0)
    np.fill_diagonal(cosines, seen)
    return norms, cosines


def above_tolerance(values, precision=np.float64):
    """Return which of the eigenvalues or singular values, all >= 0 but for rounding, are more than rounding."""
    return values > len(values) * np.finfo(precision).eps * values.max()


def square_root(cosines):
    """Return an (n, n) matrix whose columns have these inner products."""
    # On several threads NumPy's would take a hundred times as long for so small a matrix, if another core is busy.
    values, vectors = eigh(cosines)
    # The trainer's Gramians come from gradients in single precision.
    root = np.sqrt(np.where(above_tolerance(values, np.float32), values, 0.0))[:, None] * vectors.T
    # Exactly 0 for a zero gradient: a solver would take 1e-17 for a direction.
    return root * np.diag(cosines)


def gradient_columns(gramian):
    """Return an (n, n) matrix whose columns have these inner products, in units of the largest gradient."""
    norms, cosines = unit_gradients(gramian)
    return square_root(cosines) * (norms / (norms.max() or 1.0))


def combined(combinations, norms):
    """Return the weights of the sum of combinations of unit gradients, row t in units of gradient t."""
    scales = np.where(norms > 0, norms, 1.0)
    return (scales @ combinations) / scales


def nonnegative_least_squares(matrix, target):
    """Return the x >= 0 that minimises the norm of ``matrix @ x - target``."""
    try:
        return nnls(matrix, target)[0]
    except RuntimeError:  # its active set may go round in circles where columns are nearly dependent
        return lsq_linear(matrix, target, bounds=(0, np.inf)).x


def min_norm_point(columns):
    """Return the weights, non-negative and of sum 1, whose combination of the columns is the shortest.

    Where the best x >= 0 for ``|columns @ x| ** 2 + (1 - sum(x)) ** 2`` has the sum s, ``x / s`` is the
    shortest combination: for no other could the first term be smaller with the same sum.
    """
    lengths = np.linalg.norm(columns, axis=0)
    shortest = lengths.min()
    if shortest == 0:
        return (lengths == 0) / np.count_nonzero(lengths == 0)
    # In units of the shortest and per unit of length, all columns of the problem have lengths from 1 to 1.5.
    inverse = shortest / lengths
    target = np.append(np.zeros(len(columns)), 1.0)
    x = inverse * nonnegative_least_squares(np.vstack([columns / lengths, inverse]), target)
    return x / x.sum()
