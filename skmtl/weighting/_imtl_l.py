"""IMTL-L: the loss-balancing half of impartial multi-task learning."""

from numbers import Real
from typing import ClassVar

import torch
from sklearn.utils._param_validation import Interval

from ._base import LossWeighting
from ._learned import Learned
from ._log_losses import FLOOR

__all__ = ["IMTLL"]


class IMTLL(LossWeighting):
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

    _parameter_constraints: ClassVar[dict] = {"lr": [Interval(Real, 0, None, closed="neither")]}

    def __init__(self, lr=0.025):
        self.lr = lr

    def build(self, n_tasks):
        """Return a fresh object with ``s = 0``, for a model of `n_tasks` tasks."""
        built = super().build(n_tasks)
        built.s_ = Learned(torch.zeros(n_tasks, dtype=torch.float32, device="cpu"), self.lr)
        return built

    def weights(self, losses):
        """Return ``exp(s)``, and update s."""
        weights = torch.exp(self.s_.like(losses))
        # Without a limit from below, a task that is never labelled would get all the weight in the end.
        known = (losses > 0) & losses.isfinite()
        self.s_.step(weights * losses.clamp(min=FLOOR) - 1, where=known)
        return weights
