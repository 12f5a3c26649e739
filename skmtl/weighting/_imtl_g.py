"""IMTL-G: a shared gradient with equal projections on all tasks' directions."""

import numpy as np
from scipy.linalg import eigh

from ._base import GramianWeighting
from ._gramian import above_tolerance, gradient_columns, unit_gradients

__all__ = ["IMTLG"]


class IMTLG(GramianWeighting):
    """Follow the combination of gradients with the same projection on the direction of each.

    Rescaling a task's gradient changes its weight, not the combination's direction. Weights sum to 1,
    and of three tasks or more some may be negative. Where these outweigh the others, the sum is -1:
    dividing by the sum itself, as the published formula does, would turn the step against every
    task. Where they sum to 0, weights are zeros, no step.

    For linearly dependent gradients this is TorchJD's form with a pseudo-inverse, by which
    projections are as equal as they can be. A zero gradient has weight 0.

    Examples
    --------
    >>> import numpy as np
    >>> J = np.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])
    >>> IMTLG().build(2).weights(J @ J.T).round(5)
    array([0.59233, 0.40767])

    References
    ----------
    Liu et al. (2021), Towards impartial multi-task learning, ICLR, section 3.1. Dependent gradients:
    Quinton & Rey (2024), Jacobian descent for multi-objective optimization, arXiv:2406.16232.
    """

    def weights(self, gramian):
        """Return weights whose sum has the absolute value 1, or zeros."""
        norms, cosines = unit_gradients(gramian)
        seen = norms > 0
        weights = np.zeros(len(norms))
        if not seen.any():
            return weights
        values, vectors = eigh(cosines[np.ix_(seen, seen)])
        if above_tolerance(values, np.float32).all():
            # The same as below, but exact whatever the ratios of the norms.
            weights[seen] = vectors @ (vectors.sum(axis=0) / values) / (norms[seen] / norms.max())
            rounding = np.abs(weights).sum()
        else:
            weights, rounding = _pseudo_inverse(gradient_columns(gramian))
        total = abs(weights.sum())
        return weights / total if total > 1e-12 * rounding else np.zeros(len(norms))


def _pseudo_inverse(columns):
    """Return ``pinv(G) @ sqrt(diag(G))`` for the Gramian G of the columns, and the size of its terms."""
    _, values, vectors = np.linalg.svd(columns)
    kept = above_tolerance(values)
    values, vectors = values[kept], vectors[kept]
    lengths = np.linalg.norm(columns, axis=0)
    return (vectors @ lengths / values**2) @ vectors, lengths.sum() / values[-1] ** 2
