"""Uncertainty weighting, for classification."""

import torch

from ._learned_scale import LearnedScale

__all__ = ["UncertaintyWeighting"]


class UncertaintyWeighting(LearnedScale):
    """Learn the noise of every task: minimise ``sum_t exp(-s_t) L_t + s_t / 2`` over s too.

    ``s_t = log sigma_t ** 2`` starts at 0 and is learned by an Adam of its own, without weight
    decay; the weight of a step is ``exp(-s_t)`` before the step's update. Where it has settled,
    ``exp(-s_t) L_t = 1/2``: a task of large loss counts as noisy and weighs less.

    This is the form for cross-entropy; that for squared errors, ``exp(-s) L / 2 + s / 2``, has
    its optimum elsewhere. Losses count as at least 1e-8; one of exactly 0 (no label yet) leaves s
    as it is.

    Parameters
    ----------
    lr : float, default=0.025
        Learning rate of s, about the most that it moves in a step.

    Examples
    --------
    >>> import torch
    >>> weighting = UncertaintyWeighting(lr=0.1).build(2)
    >>> losses = torch.tensor([0.1, 2.0])
    >>> weighting.weights(losses)
    tensor([1., 1.])
    >>> weighting.weights(losses)
    tensor([1.1052, 0.9048])

    References
    ----------
    Kendall et al. (2018), Multi-task learning using uncertainty to weigh losses for scene
    geometry and semantics, CVPR, eq. 10, the classification term.
    """

    def __init__(self, lr=0.025):
        self.lr = lr

    def _scale(self, s):
        return torch.exp(-s)

    def _slope(self, weighted):
        return 0.5 - weighted
