"""Whether a training step draws random numbers."""

from contextlib import nullcontext

from torch import nn

from ..nn import is_plain

__all__ = ["no_randomness"]


def no_randomness(net):
    """Return an empty context if no training step of `net` draws a random number, else None.

    Steps that draw none need no stream, and fits in several threads then need not take turns.

    Parameters
    ----------
    net : MultiTaskNet
        Initialised.
    """
    module = net.module_
    quiet = is_plain(module) and not any(isinstance(layer, nn.modules.dropout._DropoutNd) for layer in module.modules())
    quiet = quiet and module.inputs.augment is None
    # What happens to gradients happens inside a step; skorch's own callbacks draw nothing there.
    listeners = net.listeners_.get("on_grad_computed", ())
    quiet = quiet and all(type(callback).__module__.startswith("skorch.") for callback in listeners)
    quiet = quiet and getattr(net.weighting, "constant", False)
    return nullcontext() if quiet and net.optimizer.__module__.startswith("torch.optim") else None
