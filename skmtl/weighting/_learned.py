"""Numbers per task that a weighting learns beside the model."""

import torch
from torch.optim import Adam

__all__ = ["Learned"]


class Learned:
    """One number per task, learned by an Adam of its own, out of reach of the model's optimiser.

    It follows the gradients it is given to their device and dtype. Copies and pickles lie in CPU memory, whatever
    device the training ran on, and continue exactly as the original does.

    Parameters
    ----------
    start : tensor of shape (n_tasks,)
        First values; not copied.
    lr : float
        Adam's learning rate.
    weight_decay : float, default=0.0
        What Adam adds to the gradient, times the value.
    eps : float, default=1e-8
        Adam's.
    """

    def __init__(self, start, lr, weight_decay=0.0, eps=1e-8):
        self.value = start
        self.optimizer = Adam([start], lr=lr, weight_decay=weight_decay, eps=eps)

    def like(self, tensor):
        """Return the values, shape (n_tasks,), on the device and in the dtype of `tensor`; they are not a copy."""
        if self.value.device != tensor.device or self.value.dtype != tensor.dtype:
            self._set(self.value.to(tensor.dtype).to(tensor.device), self.optimizer.state_dict())
        return self.value

    def step(self, gradient, where=None):
        """Do one step of Adam.

        Parameters
        ----------
        gradient : tensor of shape (n_tasks,)
            Of what is minimised, with respect to the values.
        where : tensor of shape (n_tasks,), bool, default=None
            Which entries to update; None for all. The others stay, momentum or not, and their gradient counts as 0,
            whatever it is.
        """
        value = self.like(gradient)
        if where is None:
            value.grad = gradient
            self.optimizer.step()
        else:
            before = value.clone()
            value.grad = torch.where(where, gradient, 0.0)
            self.optimizer.step()
            value.copy_(torch.where(where, value, before))
        value.grad = None

    def _set(self, value, state):
        self.value, self.optimizer = value, Adam([value])
        # It moves Adam's moments to where the value is, and brings the settings.
        self.optimizer.load_state_dict(state)

    def __getstate__(self):
        at_home = object.__new__(Learned)
        at_home._set(self.value.cpu(), self.optimizer.state_dict())
        return at_home.value, at_home.optimizer.state_dict()

    def __setstate__(self, state):
        self._set(*state)
