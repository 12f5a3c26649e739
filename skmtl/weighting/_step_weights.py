"""From what a weighting says to the weights of a step."""

import numpy as np
import torch

from ._resolve import ask, reads_of

__all__ = ["StepWeights"]


class StepWeights:
    """The weights of a step: a weighting's times the user's, whose absolute values average 1.

    Tasks of which nothing is known (never a label yet; for weightings that read gradients, no label in the batch) or
    whose task weight is 0 have no say in a step, and the others share their own part of the sum.

    Parameters
    ----------
    weighting : object
        Built weighting.
    importance : tensor of shape (n_tasks,)
        The user's ``task_weights``.
    last : tensor of shape (n_tasks,), default=None
        The last known loss of every task, 0 where there is none.

    Attributes
    ----------
    fixed : tensor of shape (n_tasks,) or None
        The weights, if they are the same in every step.

    Examples
    --------
    >>> from skmtl.weighting import GeometricWeighting
    >>> step = StepWeights(GeometricWeighting().build(2), torch.tensor([1.0, 1.0]))
    >>> step(torch.tensor([0.5, 1.5]))
    tensor([1.5000, 0.5000])
    """

    def __init__(self, weighting, importance, last=None):
        self.weighting = weighting
        self.importance = importance / importance.mean()
        self.reads = reads_of(weighting)
        self.reads_gradients = self.reads != ("losses",)
        self.aggregates = callable(getattr(weighting, "aggregate", None))
        self.only_active = getattr(weighting, "only_active", False)
        self.last = torch.zeros_like(self.importance) if last is None else last.to(self.importance)
        self.fixed = None
        if getattr(weighting, "constant", False) and not self.reads_gradients:
            self.fixed = self(torch.ones_like(self.importance))

    def __call__(self, losses, seen=None, gramian=None, jacobian=None):
        """Return the weights, shape (n_tasks,).

        Parameters
        ----------
        losses : tensor of shape (n_tasks,)
            Means over the batch's labelled cells.
        seen : tensor of bool of shape (n_tasks,), default=None
            Whether the batch has a label of the task; None: of all.
        gramian : tensor of shape (n_tasks, n_tasks), default=None
            If the weighting reads it.
        jacobian : tensor of shape (n_tasks, n_values), default=None
            If the weighting reads it.

        Raises
        ------
        ValueError
            If the weighting does not return a finite weight for every task.
        """
        if self.fixed is not None:
            return self.fixed
        self.last = losses if seen is None else torch.where(seen, losses, self.last)
        on = self.importance > 0
        # A copy, and nothing known of a task that is turned off.
        losses = torch.where(on, self.last, 0.0)
        if self.aggregates:
            return self.importance
        if "gramian" in self.reads:
            return self._of_gramian(losses, gramian)
        if self.reads_gradients:
            return self._of_jacobian(losses, jacobian)
        # Against the gradient of its own loss a task would only get worse.
        known = losses != 0
        return self._scaled(ask(self.weighting, "weights", [losses], len(losses), known).clamp(min=0), known)

    def aggregate(self, jacobian):
        """Return the shared gradient that an aggregator makes of the tasks'.

        Parameters
        ----------
        jacobian : tensor of shape (n_tasks, n_values)
        """
        if not jacobian.isfinite().all():
            return jacobian.mean(0)  # of a step that has overflowed, which float16 skips
        active = self._with_gradient(jacobian)
        if not active.any():
            return torch.zeros_like(jacobian[0])
        jacobian = jacobian * self.importance[:, None]
        if self.only_active:
            jacobian = jacobian[active]
        gradient = ask(self.weighting, "aggregate", [jacobian], jacobian.shape[1]).to(jacobian)
        # The mean over all tasks, of which the others' part is 0.
        return gradient * (len(jacobian) / len(active))

    def look_again(self, losses, seen=None):
        """Tell the weighting the losses of the batch after the step.

        Parameters
        ----------
        losses, seen
            As for the step.
        """
        known = self.importance > 0 if seen is None else seen & (self.importance > 0)
        self.weighting.look_again(torch.where(known, losses, 0.0))

    def end_epoch(self, losses):
        """Tell the weighting the mean training losses of an epoch.

        Parameters
        ----------
        losses : list of float
            One per task.
        """
        # Not part of the protocol of weightings that were written when it had no epochs.
        if callable(getattr(self.weighting, "end_epoch", None)):
            losses = torch.tensor(losses).to(self.importance)
            self.weighting.end_epoch(torch.where(self.importance > 0, losses, 0.0))

    def _with_gradient(self, jacobian):
        return (self.importance > 0) & (jacobian != 0).any(1)

    def _of_jacobian(self, losses, jacobian):
        active = self._with_gradient(jacobian)
        if not active.any() or not jacobian.isfinite().all():
            return self.importance
        if not self.only_active:
            return self._scaled(self._asked(losses, jacobian=jacobian * active[:, None]), active)
        return self._scaled(self._asked(losses[active], jacobian=jacobian[active]), active)

    def _of_gramian(self, losses, gramian):
        gramian = gramian.cpu().double().numpy()
        # A step that has overflowed, of float16 say, has nothing to say.
        active = (np.diag(gramian) > 0) & (self.importance.cpu().numpy() > 0)
        if not active.any() or not np.isfinite(gramian).all():
            return self.importance
        mask = torch.as_tensor(active, device=losses.device)
        if not self.only_active:
            return self._scaled(self._asked(losses, gramian=gramian * np.outer(active, active)), mask)
        return self._scaled(self._asked(losses[mask], gramian=gramian[np.ix_(active, active)]), mask)

    def _asked(self, losses, **statistics):
        statistics["losses"] = losses
        return ask(self.weighting, "weights", [statistics[name] for name in self.reads], len(losses))

    def _scaled(self, weights, active):
        """Return weights of all tasks, given those of all or of the active ones."""
        # In their own precision, which may have numbers that the losses' has not.
        peak = weights.abs().max()
        weights = (weights / peak if peak > 0 else weights).to(self.importance)
        if len(weights) < len(active):
            weights = torch.zeros_like(self.importance).masked_scatter(active, weights)
        weights = weights * self.importance
        size, part = (weights.abs() * active).sum(), (self.importance * active).sum()
        # A step in which every task has weight 0 teaches nothing; 0 / 0 would be the end of the model.
        weights = weights / size.clamp(min=torch.finfo(weights.dtype).tiny) * part
        return torch.where(active, weights, self.importance)

    def __getstate__(self):
        # A model trained on a GPU must load where there is none.
        return {k: v.cpu() if isinstance(v, torch.Tensor) else v for k, v in vars(self).items()}
