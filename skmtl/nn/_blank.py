"""What a module makes of blank images."""

from contextlib import contextmanager

import torch
from torch.nn.parameter import UninitializedParameter

__all__ = ["are_features", "as_in_prediction", "blank_images", "described", "run_on_blank"]


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
    images = blank_images(module, shape)
    with as_in_prediction(module):
        return images, module(images)


def blank_images(module, shape):
    """Return two images of `shape`, all zeros, in the type of the parameters of `module`."""
    made = (p for p in module.parameters() if not isinstance(p, UninitializedParameter))
    dtype = next((p.dtype for p in made if p.is_floating_point()), torch.float32)
    return torch.zeros((2, *shape), dtype=dtype)


@contextmanager
def as_in_prediction(module):
    """Put `module` in evaluation mode meanwhile, without gradients; each layer then gets its own mode back."""
    modes = [(layer, layer.training) for layer in module.modules()]
    try:
        with torch.no_grad():
            module.eval()
            yield
    finally:
        for layer, mode in modes:
            layer.training = mode


def are_features(out):
    """Return whether `out` is one tensor with features of each of two images."""
    return isinstance(out, torch.Tensor) and out.ndim >= 2 and len(out) == 2 and out.numel() > 0


def described(out):
    """Return what `out` is, for messages: the shape of a tensor, the type of anything else."""
    return f"shape {tuple(out.shape)}" if isinstance(out, torch.Tensor) else type(out).__name__
