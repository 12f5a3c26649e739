"""What uncertainty weighting and IMTL-L share: a learned scale per task."""

from abc import abstractmethod
from numbers import Real
from typing import ClassVar

import torch
from sklearn.utils._param_validation import Interval

from ._base import LossWeighting
from ._learned import Learned
from ._log_losses import FLOOR

__all__ = ["LearnedScale"]


class LearnedScale(LossWeighting):
    """Weights that are a function of one learned number s per task, which starts at 0.

    A subclass has a parameter ``lr``, and says what weights s stands for and the slope of what is minimised.
    """

    _parameter_constraints: ClassVar[dict] = {"lr": [Interval(Real, 0, None, closed="neither")]}

    def build(self, n_tasks):
        """Return a fresh object with ``s = 0``, for a model of `n_tasks` tasks."""
        built = super().build(n_tasks)
        built.s_ = Learned(torch.zeros(n_tasks, dtype=torch.float32, device="cpu"), self.lr)
        return built

    def weights(self, losses):
        """Return the weights, and update s."""
        weights = self._scale(self.s_.like(losses))
        # Without a limit from below, a task that is never labelled would get all the weight in the end.
        known = (losses > 0) & losses.isfinite()
        self.s_.step(self._slope(weights * losses.clamp(min=FLOOR)), where=known)
        return weights

    @abstractmethod
    def _scale(self, s):
        """Return the weights that s stands for."""

    @abstractmethod
    def _slope(self, weighted):
        """Return the derivative by s, given the weighted losses."""
