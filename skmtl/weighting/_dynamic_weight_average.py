"""Dynamic weight average."""

from numbers import Real
from typing import ClassVar

import torch
from sklearn.utils._param_validation import Interval

from ._base import LossWeighting

__all__ = ["DynamicWeightAverage"]


class DynamicWeightAverage(LossWeighting):
    """Weight by how slowly a task's loss fell over the last two epochs: dynamic weight average, DWA.

    ``w = T softmax(r / temperature)`` with T tasks and ``r_t = L_t(e - 1) / L_t(e - 2)``, the ratio
    of the two last epochs' mean losses: a task whose loss stalls weighs more. All weights are 1 in
    the first two epochs. An epoch without a label of a task, or with a mean of 0, leaves its last
    mean in place.

    Parameters
    ----------
    temperature : float, default=2.0
        The higher, the closer the weights are to equal.

    Examples
    --------
    >>> import torch
    >>> weighting = DynamicWeightAverage(temperature=2.0).build(2)
    >>> weighting.end_epoch(torch.tensor([1.0, 1.0]))
    >>> weighting.end_epoch(torch.tensor([0.5, 1.0]))
    >>> weighting.weights(torch.tensor([0.5, 1.0]))
    tensor([0.8756, 1.1244])

    References
    ----------
    Liu et al. (2019), End-to-end multi-task learning with attention, CVPR, eq. 7.
    """

    _parameter_constraints: ClassVar[dict] = {"temperature": [Interval(Real, 0, None, closed="neither")]}

    def __init__(self, temperature=2.0):
        self.temperature = temperature

    def build(self, n_tasks):
        """Return a fresh object with weights of 1, for a model of `n_tasks` tasks."""
        built = super().build(n_tasks)
        built.weights_ = torch.ones(n_tasks, dtype=torch.float64, device="cpu")
        # 0 until there is one.
        built.last_means_ = torch.zeros(n_tasks, dtype=torch.float64, device="cpu")
        return built

    def weights(self, losses):
        """Return the epoch's weights."""
        return self.weights_.to(losses.dtype, copy=True).to(losses.device)

    def end_epoch(self, losses):
        """Compute the next epoch's weights.

        Parameters
        ----------
        losses : tensor of shape (n_tasks,)
            The epoch's mean training loss of every task.
        """
        means, before = torch.as_tensor(losses).detach().cpu().double(), self.last_means_
        self.last_means_ = torch.where((means > 0) & means.isfinite(), means, before)
        rates = torch.where(before > 0, self.last_means_ / before, 1.0) / self.temperature
        # The softmax of two infinities is not a number.
        self.weights_ = len(rates) * rates.clamp(max=1e300).softmax(0)
