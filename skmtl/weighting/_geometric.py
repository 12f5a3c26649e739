"""Geometric loss strategy: a task's relative progress counts, whatever the scale of its loss."""

from numbers import Real
from typing import ClassVar

from sklearn.utils._param_validation import Interval

from ._base import LossWeighting
from ._log_losses import log_losses

__all__ = ["GeometricWeighting"]


class GeometricWeighting(LossWeighting):
    """Weight every task by the inverse of its loss: geometric loss strategy, GLS.

    Minimising the geometric mean ``M = (L_1 ... L_T) ** (1 / T)`` counts every
    task's relative progress alike, whatever the scale of its loss. Its gradient is ``1/T sum_t w_t grad L_t``
    with ``w_t = M / L_t``, the weights returned. They are computed from logarithms: the product
    of the losses of many tasks leaves the range of floating-point numbers.

    A loss of exactly 0 (no label yet) counts as M of the others: its own weight is 1.

    Parameters
    ----------
    eps : float, default=1e-8
        Floor under a loss before its logarithm, in nats; at least 1e-20.

    Examples
    --------
    >>> import torch
    >>> GeometricWeighting().build(2).weights(torch.tensor([1.0, 4.0]))
    tensor([2.0000, 0.5000])

    References
    ----------
    Chennupati et al. (2019), MultiNet++: multi-stream feature aggregation and geometric loss
    strategy for multi-task learning, CVPR Workshops, the geometric loss strategy.
    """

    # Weights up to M / eps must stay finite in float32.
    _parameter_constraints: ClassVar[dict] = {"eps": [Interval(Real, 1e-20, None, closed="left")]}

    def __init__(self, eps=1e-8):
        self.eps = eps

    def weights(self, losses):
        """Return ``M / losses``."""
        logs = log_losses(losses, self.eps)
        return (logs.mean() - logs).exp()
