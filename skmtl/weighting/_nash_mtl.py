"""Nash-MTL: the update that tasks would agree on in a bargain."""

import numpy as np

from ._base import GramianWeighting
from ._gramian import square_root, unit_gradients

__all__ = ["NashMTL"]

# Added to the diagonal of the cosines.
_RIDGE = 1e-10


class NashMTL(GramianWeighting):
    """Follow the Nash bargaining solution of the tasks.

    The weights a > 0 solve ``gramian @ a = 1 / a``, so every task improves. Rescaling a task's
    gradient changes its weight, not the combination's direction. Unlike the authors' code,
    this does not clip them to a norm, since the trainer scales them anyway.

    The weights minimise ``a @ gramian @ a / 2 - sum(log(a))``, by Newton's method on unit gradients.
    Adding 1e-10 to their cosines' diagonal gives a solution where no step improves every task (a
    Pareto-stationary point): the weights are then large, and the combination is next to zero. A task
    with a zero gradient takes no part in the bargain, with weight 0.

    Examples
    --------
    >>> import numpy as np
    >>> J = np.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])
    >>> NashMTL().build(2).weights(J @ J.T).round(5)
    array([0.59146, 0.40707])

    References
    ----------
    Navon et al. (2022), Multi-task learning as a bargaining game, ICML, claim 3.1 and algorithm 1.
    """

    def weights(self, gramian):
        """Return weights > 0, or 0 for a zero gradient."""
        norms, cosines = unit_gradients(gramian)
        seen = norms > 0
        weights = np.zeros(len(norms))
        if seen.any():
            weights[seen] = _bargain(cosines[np.ix_(seen, seen)]) / norms[seen]
        return weights


def _bargain(cosines):
    """Return the a > 0 that minimises ``a @ cosines @ a / 2 - sum(log(a))``."""
    root = square_root(cosines)
    # Rounding must not leave it with a negative eigenvalue: the minimum would be minus infinity.
    matrix = root.T @ root + _RIDGE * np.eye(len(root))
    a = np.full(len(matrix), np.sqrt(len(matrix) / matrix.sum()))
    for _ in range(200):
        # Newton's step relative to a, in which the second derivative is at least the identity.
        relative = a[:, None] * matrix * a
        slopes = relative.sum(axis=1) - 1
        step = -np.linalg.solve(relative + np.eye(len(a)), slopes)
        decrement = np.sqrt(-slopes @ step)
        a = a * (1 + _step_size(relative, slopes, step, decrement) * step)
        if decrement < 1e-5:  # the step leaves an error of about its square
            break
    return a


def _step_size(relative, slopes, step, decrement):
    """Return how far to go along `step`: as far as pays, but never to where a weight is not positive."""
    if decrement < 0.25:
        return 1.0
    slope, curvature = slopes @ step, step @ relative @ step
    size = min(1.0, 0.9 / max(-step.min(), 0.1))
    # 1 / (1 + decrement) always pays: the objective is self-concordant.
    while size > 1 / (1 + decrement):
        change = size * (slope + step.sum()) + size**2 / 2 * curvature - np.log1p(size * step).sum()
        if change <= 0.1 * size * slope:
            return size
        size /= 2
    return 1 / (1 + decrement)
