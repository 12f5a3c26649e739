"""GradNorm: gradients of one size, corrected by how fast a task learns."""

from numbers import Real
from typing import ClassVar

import numpy as np
import torch
from sklearn.utils._param_validation import Interval

from ._base import GramianWeighting
from ._learned import Learned

__all__ = ["GradNorm"]

# Under a weight; with 0 a task would be lost for good.
_LEAST = 1e-6
# Relative difference from the target below which it is rounding.
_ROUNDING = 1e-12


class GradNorm(GramianWeighting):
    """Learn weights that bring the gradients of all tasks to one size: gradient normalisation.

    With n_t the norm of a task's gradient and ``G_t = w_t n_t`` that of the weighted one, an Adam of
    its own moves w, which starts at 1, down the gradient of ``sum_t |G_t - mean(G) r_t ** alpha|``,
    the target held constant. ``r_t`` is the task's ``L_t / L_t(0)`` over its mean: a task that
    learns slowly is given a greater gradient. After every update w is scaled to its sum before, the
    number of tasks; the weights of a step are those before it.

    The gradients are those of the estimator's ``gradient_level``: where the paper has those of the
    last shared layer's parameters, the representation or all of the trunk's. ``L_t(0)`` is the loss
    at the task's first gradient. A task without gradient in a step has no say in it.

    Parameters
    ----------
    alpha : float, default=1.5
        How strongly slow tasks are preferred; with 0 all gradients get one size.
    lr : float, default=0.025
        Learning rate of w, about the most that it moves in a step.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> weighting = GradNorm(lr=0.1).build(2)
    >>> gramian, losses = np.diag([1.0, 9.0]), torch.ones(2)
    >>> weighting.weights(gramian, losses)
    array([1., 1.])
    >>> weighting.weights(gramian, losses)
    array([1.1, 0.9])

    References
    ----------
    Chen et al. (2018), GradNorm: gradient normalization for adaptive loss balancing in deep
    multitask networks, ICML, eq. 2 and algorithm 1.
    """

    reads = ("gramian", "losses")
    only_active = False
    _parameter_constraints: ClassVar[dict] = {
        "alpha": [Interval(Real, 0, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, alpha=1.5, lr=0.025):
        self.alpha = alpha
        self.lr = lr

    def build(self, n_tasks):
        """Return a fresh object with ``w = 1``, for a model of `n_tasks` tasks."""
        built = super().build(n_tasks)
        # Adam's own eps would stop gradients of 1e-8.
        built.w_ = Learned(torch.ones(n_tasks, dtype=torch.float64, device="cpu"), self.lr, eps=1e-30)
        # 0 until there is one.
        built.first_losses_ = torch.zeros(n_tasks, dtype=torch.float64, device="cpu")
        return built

    def weights(self, gramian, losses):
        """Return w, and update it.

        Parameters
        ----------
        gramian : array of shape (n_tasks, n_tasks)
            Inner products of the tasks' unweighted gradients; zeros for tasks without any.
        losses : tensor of shape (n_tasks,)
            Every task's loss.
        """
        norms = torch.from_numpy(np.sqrt(np.diag(gramian).clip(0).astype(np.float64)))
        losses = losses.detach().cpu().double()
        seen = (norms > 0) & norms.isfinite() & (losses > 0) & losses.isfinite()
        first = (self.first_losses_ == 0) & seen
        self.first_losses_ = torch.where(first, losses, self.first_losses_)
        weights = self.w_.value.clone()
        if seen.any():
            self._update(norms, losses / self.first_losses_, seen)
        return weights.numpy()

    def _update(self, norms, ratios, seen):
        w, before = self.w_.value, self.w_.value[seen].sum()
        sizes = w * norms
        targets = sizes[seen].mean() * (ratios / ratios[seen].mean()) ** self.alpha
        excess = sizes - targets
        # Adam makes a whole step of any gradient, however small: rounding must not decide its direction.
        signs = torch.where(excess.abs() > _ROUNDING * targets, excess.sign(), 0.0)
        self.w_.step(signs * norms, where=seen)
        w.clamp_(min=_LEAST)
        w[seen] *= before / w[seen].sum()
