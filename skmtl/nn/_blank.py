"""What a module makes of blank images."""

import torch
from torch.nn.parameter import UninitializedParameter

__all__ = ["run_on_blank"]


def run_on_blank(module, shape):
    """Return (two blank images, what `module` makes of them), as in prediction.

    Parameters
    ----------
    module : torch.nn.Module
        All of its layers are left in the mode they are in.
    shape : tuple of int
        Of one image or feature vector.

    Examples
    --------
    >>> images, out = run_on_blank(torch.nn.Flatten(), (1, 8, 8))
    >>> out.shape
    torch.Size([2, 64])
    """
    modes = [(layer, layer.training) for layer in module.modules()]
    images = torch.zeros((2, *shape), dtype=_dtype(module))
    try:
        with torch.no_grad():
            return images, module.eval()(images)
    finally:
        for layer, mode in modes:
            layer.training = mode


def _dtype(module):
    made = (p for p in module.parameters() if not isinstance(p, UninitializedParameter))
    return next((p.dtype for p in made if p.is_floating_point()), torch.float32)
