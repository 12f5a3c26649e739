"""Fast adaptive multitask optimization."""

from numbers import Integral, Real
from typing import ClassVar

import torch
from sklearn.utils._param_validation import Interval

from ._base import LossWeighting
from ._learned import Learned
from ._log_losses import FLOOR, log_losses

__all__ = ["FAMO"]


class FAMO(LossWeighting):
    """Let all losses fall at the same relative speed: fast adaptive multitask optimization, FAMO.

    The step minimises ``c sum_t z_t log L_t``, where ``z = softmax(xi)`` and ``c = 1 / sum_t z_t / L_t``:
    the weights are ``c z_t / L_t``, which sum to 1. After every second step the losses of the same
    batch are looked at once more, which costs a forward pass; the logarithm of every loss fell by
    delta, and an Adam of its own, with weight decay `gamma`, moves xi along ``-J^T delta``, where J
    is the derivative of the softmax: tasks that fell less weigh more from now on.

    Losses count as at least 1e-8; one of exactly 0 (no label yet) counts as the geometric mean of
    the others.

    Parameters
    ----------
    lr : float, default=0.025
        Learning rate of xi, about the most that it moves in a step.
    gamma : float, default=0.01
        Weight decay of xi: the greater, the closer z stays to equal.
    every : int, default=2
        Steps from one second look to the next. 1 is the paper's, at about a third more time per step.

    Examples
    --------
    >>> import torch
    >>> weighting = FAMO(every=1).build(2)
    >>> weighting.weights(torch.tensor([1.0, 4.0]))
    tensor([0.8000, 0.2000])
    >>> weighting.look_again(torch.tensor([0.5, 4.0]))
    >>> weighting.weights(torch.tensor([1.0, 1.0]))
    tensor([0.4875, 0.5125])

    References
    ----------
    Liu et al. (2023), FAMO: fast adaptive multitask optimization, NeurIPS, algorithm 1. The
    defaults of `lr` and `gamma` are those of its official code, ``famo.py``, where `every` is 1.
    """

    _parameter_constraints: ClassVar[dict] = {
        "lr": [Interval(Real, 0, None, closed="neither")],
        "gamma": [Interval(Real, 0, None, closed="left")],
        "every": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, lr=0.025, gamma=0.01, every=2):
        self.lr = lr
        self.gamma = gamma
        self.every = every

    @property
    def looks_again(self):
        """Whether the coming step is to be looked at again."""
        return self.steps_ % self.every == 0

    def build(self, n_tasks):
        """Return a fresh object with ``xi = 0``, for a model of `n_tasks` tasks."""
        built = super().build(n_tasks)
        built.steps_ = 0
        built.xi_ = Learned(torch.zeros(n_tasks, dtype=torch.float32, device="cpu"), self.lr, self.gamma)
        return built

    def weights(self, losses):
        """Return ``c z / losses``."""
        self.steps_ += 1
        self.before_ = losses.clone()
        # z / L over its sum.
        return (self.xi_.like(losses) - log_losses(losses)).softmax(0)

    def look_again(self, losses):
        """Update xi.

        Parameters
        ----------
        losses : tensor of shape (n_tasks,)
            Those of the last batch, after the step.
        """
        before = self.before_.to(losses)
        fall = before.clamp(min=FLOOR).log() - losses.clamp(min=FLOOR).log()
        # A task without a label in the batch, or turned off, has not stalled: there is no news of it.
        known = fall.isfinite() & (losses != 0) & (before != 0)
        fall = torch.where(known, fall, 0.0)
        z = torch.where(known, self.xi_.like(losses).softmax(0), 0.0)
        z = z / z.sum().clamp(min=FLOOR)
        self.xi_.step(z * (fall - z @ fall), where=known)

    def __getstate__(self):
        state = {**super().__getstate__()}
        # A model trained on a GPU must load where there is none.
        return {k: v.cpu() if isinstance(v, torch.Tensor) else v for k, v in state.items()}
