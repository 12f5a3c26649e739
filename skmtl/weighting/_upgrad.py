"""UPGrad: the sum of the gradients, each made harmless to every task."""

import numpy as np

from ._base import GramianWeighting
from ._gramian import combined, nonnegative_least_squares, square_root, unit_gradients

__all__ = ["UPGrad"]


class UPGrad(GramianWeighting):
    """Follow the mean of the gradients, each projected to where it conflicts with none.

    Every gradient is replaced by the nearest vector that makes no task worse, and so neither does
    their mean, in which larger gradients keep their larger influence. Weights are at least 1/T, and
    1/T without conflict or for a zero gradient. Unlike TorchJD's default, the projections have no
    regularisation.

    Examples
    --------
    >>> import numpy as np
    >>> J = np.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])
    >>> UPGrad().build(2).weights(J @ J.T).round(5)
    array([1.11111, 0.78947])

    References
    ----------
    Quinton & Rey (2024), Jacobian descent for multi-objective optimization, arXiv:2406.16232,
    section 3.1 and proposition 1.
    """

    def weights(self, gramian):
        """Return weights >= 1/T."""
        norms, cosines = unit_gradients(gramian)
        root = square_root(cosines)
        # Row t: the projected gradient as a combination of unit gradients, in units of its own norm.
        rows = np.eye(len(norms))
        for t in np.flatnonzero((cosines < 0).any(axis=1)):
            rows[t] += nonnegative_least_squares(root, -root[:, t])
        return combined(rows, norms) / len(norms)
