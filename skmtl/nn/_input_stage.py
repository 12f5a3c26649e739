"""From raw pixels to what the trunk reads."""

import torch
from torch import nn

from ._blank import described

__all__ = ["InputStage"]


class InputStage(nn.Module):
    """Raw pixels -> floating point -> (in training: augmented) -> standardised.

    Inside the network, so that whatever carries the weights carries it too.

    Parameters
    ----------
    scale : float
        Factor from raw pixel values to the unit in which `mean` and `std` are given.
    mean, std : tensor of shape (n_channels,) or (n_sets, n_channels)
        Statistics of the scaled training images; of every set, where tasks bring their own.
    spatial_dims : int, default=2
        Axes of one channel.
    """

    def __init__(self, scale, mean, std, spatial_dims=2):
        super().__init__()
        mean, std = (torch.as_tensor(part, dtype=torch.float64) for part in (mean, std))
        shape = (-1, mean.shape[-1], *(1,) * spatial_dims)
        # What predictions need, made of the three that say what it means.
        self.register_buffer("shift", torch.zeros_like(mean).view(shape), persistent=False)
        self.register_buffer("factor", torch.zeros_like(mean).view(shape), persistent=False)
        self.register_buffer("scale", torch.as_tensor(scale, dtype=torch.float64))
        self.register_buffer("mean", mean.view(shape))
        self.register_buffer("std", std.view(shape))
        self._fold()
        self.set_augment(None)

    def _fold(self):
        self.shift = self.mean / self.scale
        self.factor = self.scale / self.std

    def _apply(self, *args, **kwargs):
        super()._apply(*args, **kwargs)
        # Made anew instead of cast, so that the same three give the same two on every way here.
        self._fold()
        return self

    def _load_from_state_dict(self, *args, **kwargs):
        super()._load_from_state_dict(*args, **kwargs)
        self._fold()

    def set_augment(self, augment):
        """Set a callable on batches (n, channels, ...), for training mode only; or None."""
        # Not a submodule: what augments is the user's and no part of the weights.
        object.__setattr__(self, "augment", augment)

    def forward(self, images, sets=None):
        """Return the batch the trunk sees.

        Parameters
        ----------
        images : tensor of shape (batch, channels, ...) or (batch, n_inputs, channels, ...)
            Raw pixels.
        sets : list of int, default=None
            Of several inputs, the set whose statistics each belongs to.
        """
        images = images.to(self.scale.dtype)
        if self.training and self.augment is not None:
            mean, std = (self.mean, self.std) if sets is None else (self.mean[sets], self.std[sets])
            return (self._augmented(images * self.scale, sets) - mean) / std
        # Two passes over the batch instead of three.
        shift, factor = (self.shift, self.factor) if sets is None else (self.shift[sets], self.factor[sets])
        return (images - shift).mul_(factor)

    def _augmented(self, images, sets):
        if sets is not None:
            return self._augmented(images.flatten(0, 1), None).unflatten(0, images.shape[:2])
        # Of the layers, only the trunk's may be computed in reduced precision.
        with torch.autocast(images.device.type, enabled=False):
            out = self.augment(images.contiguous())
        if not isinstance(out, torch.Tensor) or out.shape != images.shape:
            raise ValueError(
                f"augment must return a tensor of the shape it is given, here {tuple(images.shape)}. "
                f"Got {described(out)} instead."
            )
        return out
