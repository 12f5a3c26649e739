"""Uncertainty weighting, for classification."""

from numbers import Real
from typing import ClassVar

import torch
from sklearn.utils._param_validation import Interval

from ._base import LossWeighting
from ._learned import Learned
from ._log_losses import FLOOR

__all__ = ["UncertaintyWeighting"]


class UncertaintyWeighting(LossWeighting):
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

    _parameter_constraints: ClassVar[dict] = {"lr": [Interval(Real, 0, None, closed="neither")]}

    def __init__(self, lr=0.025):
        self.lr = lr

    def build(self, n_tasks):
        """Return a fresh object with ``s = 0``, for a model of `n_tasks` tasks."""
        built = super().build(n_tasks)
        built.s_ = Learned(torch.zeros(n_tasks, dtype=torch.float32, device="cpu"), self.lr)
        return built

    def weights(self, losses):
        """Return ``exp(-s)``, and update s."""
        weights = torch.exp(-self.s_.like(losses))
        # Without a limit from below, a task that is never labelled would get all the weight in the end.
        known = (losses > 0) & losses.isfinite()
        self.s_.step(0.5 - weights * losses.clamp(min=FLOOR), where=known)
        return weights
