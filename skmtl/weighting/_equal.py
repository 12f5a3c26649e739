"""Equal weights: the sum of the task losses."""

import torch

from ._base import LossWeighting

__all__ = ["EqualWeighting"]


class EqualWeighting(LossWeighting):
    """Weight every task alike.

    A strong default when the losses have one scale and the model is regularised.

    Examples
    --------
    >>> import torch
    >>> EqualWeighting().build(3).weights(torch.tensor([0.1, 1.0, 10.0]))
    tensor([1., 1., 1.])

    References
    ----------
    Kurin et al. (2022), In defense of the unitary scalarization for deep multi-task learning,
    NeurIPS.
    """

    # So that nobody need ask before every step.
    constant = True

    def weights(self, losses):
        """Return ones."""
        return torch.ones_like(losses)
