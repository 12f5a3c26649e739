"""MGDA: the shortest convex combination of the task gradients."""

from ._base import GramianWeighting
from ._gramian import gradient_columns, min_norm_point

__all__ = ["MGDA"]


class MGDA(GramianWeighting):
    """Follow the shortest convex combination of the task gradients.

    A step along it improves every task; where it is zero, no step could (a Pareto-stationary point).
    The weights are non-negative and sum to 1; the smaller a gradient, the larger its weight, so tasks
    nearly solved lead. All weight goes to zero gradients, where there are any.

    The problem is solved exactly, as one non-negative least-squares problem. With
    ``gradient_level="representation"`` this is MGDA-UB.

    Examples
    --------
    >>> import numpy as np
    >>> J = np.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])
    >>> MGDA().build(2).weights(J @ J.T).round(5)
    array([0.6, 0.4])

    References
    ----------
    Sener & Koltun (2018), Multi-task learning as multi-objective optimization, NeurIPS, equation 3;
    MGDA-UB: section 3.3. Désidéri (2012), Multiple-gradient descent algorithm for multiobjective
    optimization, Comptes Rendus Mathématique 350.
    """

    def weights(self, gramian):
        """Return weights >= 0 of sum 1."""
        return min_norm_point(gradient_columns(gramian))
