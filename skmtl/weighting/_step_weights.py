"""From what a weighting says to the weights of a step."""

import numpy as np
import torch

__all__ = ["StepWeights"]


class StepWeights:
    """The weights of a step: a weighting's times the user's, whose absolute values average 1.

    Tasks without a label in the batch, or of task weight 0, have no say in a step: where the
    weighting reads gradients, the others share their own part of the sum.

    Parameters
    ----------
    weighting : object
        Built weighting.
    importance : tensor of shape (n_tasks,)
        The user's ``task_weights``.

    Examples
    --------
    >>> from skmtl.weighting import GeometricWeighting
    >>> step = StepWeights(GeometricWeighting().build(2), torch.tensor([1.0, 1.0]))
    >>> step(torch.tensor([0.5, 1.5]))
    tensor([1.5000, 0.5000])
    """

    def __init__(self, weighting, importance):
        self.weighting = weighting
        self.importance = importance / importance.mean()
        self.reads = getattr(weighting, "reads", ("losses",))
        self.aggregates = hasattr(weighting, "aggregate")
        self.only_seen = getattr(weighting, "only_seen", False)
        self.last = None

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
        """
        losses = self._held(losses, seen)
        if self.aggregates:
            return self.importance
        if "gramian" in self.reads:
            return self._of_gramian(losses, gramian)
        given = {"losses": losses, "jacobian": jacobian}
        weights = torch.as_tensor(self.weighting.weights(*(given[name] for name in self.reads)))
        weights = weights.to(losses) * self.importance
        # A step in which every task has weight 0 teaches nothing; 0 / 0 would be the end of the model.
        return weights / weights.abs().mean().clamp(min=torch.finfo(weights.dtype).tiny)

    def aggregate(self, jacobian):
        """Return the shared gradient that an aggregator makes of the tasks'.

        Parameters
        ----------
        jacobian : tensor of shape (n_tasks, n_values)
        """
        return torch.as_tensor(self.weighting.aggregate(jacobian * self.importance[:, None])).to(jacobian)

    def look_again(self, losses, seen=None):
        """Tell the weighting the losses of the batch after the step.

        Parameters
        ----------
        losses, seen
            As for the step.
        """
        self.weighting.look_again(self._held(losses, seen))

    def end_epoch(self, losses):
        """Tell the weighting the mean training losses of an epoch.

        Parameters
        ----------
        losses : list of float
            One per task.
        """
        # Not part of the protocol of weightings that were written when it had no epochs.
        if callable(getattr(self.weighting, "end_epoch", None)):
            self.weighting.end_epoch(torch.tensor(losses).to(self.importance))

    def _held(self, losses, seen):
        # What becomes of a task that is turned off is nothing to a method that compares the tasks.
        losses = torch.where(self.importance > 0, losses, 1.0)
        if seen is None:
            return losses
        if self.last is None:
            # Nothing is known yet of a task that the first batch lacks: the others' mean is no outlier.
            self.last = (losses * seen).sum() / seen.sum().clamp(min=1)
        self.last = torch.where(seen, losses, self.last)
        return self.last

    def _of_gramian(self, losses, gramian):
        gramian = gramian.cpu().double().numpy()
        importance = self.importance.cpu().double().numpy()
        active = (np.diag(gramian) > 0) & (importance > 0)
        weights = importance.copy()
        # A step that has overflowed, of float16 say, has nothing to say.
        if active.any() and np.isfinite(gramian).all():
            weights[active] = self._of_active(losses, gramian, active) * importance[active]
            size = np.abs(weights[active]).sum()
            weights[active] *= importance[active].sum() / size if size > 0 else 0.0
        return torch.as_tensor(weights).to(losses)

    def _of_active(self, losses, gramian, active):
        if self.only_seen:
            gramian, losses = gramian[np.ix_(active, active)], losses[torch.as_tensor(active, device=losses.device)]
        else:
            gramian = gramian * np.outer(active, active)
        given = {"gramian": gramian, "losses": losses}
        weights = torch.as_tensor(self.weighting.weights(*(given[name] for name in self.reads)))
        weights = weights.detach().cpu().double().numpy()
        return weights if self.only_seen else weights[active]
