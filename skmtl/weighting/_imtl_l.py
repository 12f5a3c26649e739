"""IMTL-L: the loss-balancing half of impartial multi-task learning."""

import torch

from ._learned_scale import LearnedScale

__all__ = ["IMTLL"]


class IMTLL(LearnedScale):
    """Learn a scale for every task: minimise ``sum_t exp(s_t) L_t - s_t`` over s too.

    ``s_t`` starts at 0 and is learned by an Adam of its own, without weight decay; the weight of
    a step is ``exp(s_t)`` before the step's update. Where it has settled, ``exp(s_t) = 1 / L_t``:
    all weighted losses are 1. Losses count as at least 1e-8; one of exactly 0 (no label yet)
    leaves s as it is.

    Parameters
    ----------
    lr : float, default=0.025
        Learning rate of s, about the most that it moves in a step.

    Examples
    --------
    >>> import torch
    >>> weighting = IMTLL(lr=0.1).build(2)
    >>> losses = torch.tensor([0.1, 2.0])
    >>> weighting.weights(losses)
    tensor([1., 1.])
    >>> weighting.weights(losses)
    tensor([1.1052, 0.9048])

    References
    ----------
    Liu et al. (2021), Towards impartial multi-task learning, ICLR, section 3.2, loss balance.
    """

    def __init__(self, lr=0.025):
        self.lr = lr

    def _scale(self, s):
        return torch.exp(s)

    def _slope(self, weighted):
        return weighted - 1
