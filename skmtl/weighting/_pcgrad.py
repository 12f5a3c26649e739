"""PCGrad: gradients without the part in which they conflict with another task's."""

import numpy as np
import torch

from ._base import GramianWeighting
from ._gramian import combined, unit_gradients

__all__ = ["PCGrad"]


class PCGrad(GramianWeighting):
    """Project every gradient, where it conflicts with another, onto the other's normal plane.

    Every task meets the others in a random order of its own (PyTorch's generator), and always the
    others' original gradients; the projected gradients are summed. Without conflict, and for a zero
    gradient, weights are 1; none is less. For two tasks the sum conflicts with neither; for more it may.

    Examples
    --------
    >>> import numpy as np
    >>> J = np.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])
    >>> PCGrad().build(2).weights(J @ J.T).round(5)
    array([2.22222, 1.57895])

    References
    ----------
    Yu et al. (2020), Gradient surgery for multi-task learning, NeurIPS, algorithm 1.
    """

    def weights(self, gramian):
        """Return weights >= 1, the sum of the projected gradients."""
        norms, cosines = unit_gradients(gramian)
        tasks = np.arange(len(norms))
        # Row t: task t's gradient as a combination of unit gradients, in units of its own norm.
        rows = np.eye(len(norms))
        for others in _orders(len(norms)).T:
            products = np.einsum("tj,tj->t", rows, cosines[others])
            rows[tasks, others] -= np.minimum(products, 0.0)
        return combined(rows, norms)


def _orders(n_tasks):
    """Return an array of shape (n_tasks, n_tasks - 1): the other tasks, in a random order for each."""
    # The task itself has the largest draw and comes last.
    return (torch.rand(n_tasks, n_tasks) + torch.eye(n_tasks)).argsort(dim=1)[:, :-1].numpy()
