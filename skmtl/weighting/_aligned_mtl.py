"""Aligned-MTL: gradients made orthogonal and of one length."""

import numpy as np

from ._base import GramianWeighting
from ._gramian import above_tolerance, gradient_columns

__all__ = ["AlignedMTL"]


class AlignedMTL(GramianWeighting):
    """Follow the sum of the orthogonal gradients nearest to the tasks' own.

    The principal components of the gradients get the length of the shortest, so that no task
    dominates and none conflicts. Weights are those of the sum of the aligned gradients (TorchJD takes
    their mean), and may be negative. Components of length zero, by which gradients are linearly
    dependent, are left out; a zero gradient has weight 0, and if all are zero, weights are 1.

    Examples
    --------
    >>> import numpy as np
    >>> J = np.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])
    >>> AlignedMTL().build(2).weights(J @ J.T).round(5)
    array([1.11814, 0.81652])

    References
    ----------
    Senushkin et al. (2023), Independent component alignment for multi-task learning, CVPR,
    algorithm 1.
    """

    def weights(self, gramian):
        """Return the weights of the sum of the aligned gradients."""
        # Singular values of the gradients keep twice the digits that eigenvalues of the Gramian do.
        _, values, vectors = np.linalg.svd(gradient_columns(gramian))
        kept = above_tolerance(values)
        if not kept.any():
            return np.ones(len(values))
        values, vectors = values[kept], vectors[kept]
        return (vectors.sum(axis=1) * values[-1] / values) @ vectors
