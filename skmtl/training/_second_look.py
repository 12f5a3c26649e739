"""A forward pass that leaves no trace."""

from contextlib import contextmanager

import torch

__all__ = ["no_trace", "random_state"]


def random_state(device):
    """Return the state of the generators that layers on `device` draw from.

    Parameters
    ----------
    device : torch.device
    """
    return torch.get_rng_state(), torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def _set_random_state(state, device):
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1], device)


@contextmanager
def no_trace(module, device, state):
    """Return a context without gradients, after which buffers and random numbers are as before.

    Parameters
    ----------
    module : torch.nn.Module
        Its buffers, such as the running statistics of batch normalisation, are restored.
    device : torch.device
        Where it is.
    state : tuple
        From `random_state`: the random numbers to draw in the context, so that dropout and
        augmentation may be those of a step before.
    """
    after = random_state(device)
    buffers = [
        (layer, name, buffer, buffer.clone())
        for layer in module.modules()
        for name, buffer in layer._buffers.items()
        if buffer is not None
    ]
    _set_random_state(state, device)
    with torch.no_grad():
        try:
            yield
        finally:
            _set_random_state(after, device)
            for layer, name, buffer, before in buffers:
                # It may have been written to, or replaced.
                layer._buffers[name] = buffer.copy_(before)
