"""The whole network: input stage, shared trunk, one head per task."""

import torch
from torch import nn

from ._custom_trunk import build_trunk, is_own_module
from ._heads import Heads

__all__ = ["InputStage", "MultiTaskModule", "build_module"]


class InputStage(nn.Module):
    """Raw pixels -> floating point -> (in training: augmented) -> standardised.

    Inside the network, so that whatever carries the weights carries it too.

    Parameters
    ----------
    scale : float
        Factor from raw pixel values to the unit in which `mean` and `std` are given.
    mean, std : tensor of shape (n_channels,)
        Statistics of the scaled training images.
    """

    def __init__(self, scale, mean, std):
        super().__init__()
        # What predictions need, made of the three that say what it means.
        self.register_buffer("shift", torch.zeros(1, len(mean), 1, 1, dtype=torch.float64), persistent=False)
        self.register_buffer("factor", torch.zeros(1, len(mean), 1, 1, dtype=torch.float64), persistent=False)
        self.register_buffer("scale", torch.as_tensor(scale, dtype=torch.float64))
        self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.float64).view(1, -1, 1, 1))
        self.register_buffer("std", torch.as_tensor(std, dtype=torch.float64).view(1, -1, 1, 1))
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
        """Set a callable on batches (n, channels, height, width), for training mode only; or None."""
        # Not a submodule: what augments is the user's and no part of the weights.
        object.__setattr__(self, "augment", augment)

    def forward(self, images):
        """Return the batch the trunk sees."""
        images = images.to(self.scale.dtype)
        if self.training and self.augment is not None:
            return (self._augmented(images * self.scale) - self.mean) / self.std
        # Two passes over the batch instead of three.
        return (images - self.shift).mul_(self.factor)

    def _augmented(self, images):
        # Of the layers, only the trunk's may be computed in reduced precision.
        with torch.autocast(images.device.type, enabled=False):
            out = self.augment(images.contiguous())
        if not isinstance(out, torch.Tensor) or out.shape != images.shape:
            found = f"shape {tuple(out.shape)}" if isinstance(out, torch.Tensor) else type(out).__name__
            raise ValueError(
                f"augment must return a tensor of the shape it is given, here {tuple(images.shape)}. "
                f"Got {found} instead."
            )
        return out


class MultiTaskModule(nn.Module):
    """Hard parameter sharing: every task reads the same trunk features.

    Parameters
    ----------
    inputs : InputStage
        Scaling and standardisation.
    trunk : torch.nn.Module
        Layers all tasks share.
    heads : Heads
        Layers of the single tasks.
    own_trunk : bool, default=False
        Whether the trunk is the user's. It may take views, which the strides of channels-last
        images do not allow, so that images are then laid out in the order of their axes.

    References
    ----------
    Caruana (1997), Multitask learning, Machine Learning 28, figure 2.
    """

    def __init__(self, inputs, trunk, heads, own_trunk=False):
        super().__init__()
        self.inputs = inputs
        self.trunk = trunk
        self.heads = heads
        self.own_trunk = own_trunk

    def features(self, images):
        """Return the shared features, shape (batch, n_features)."""
        images = self.inputs(images)
        return self.trunk(images.contiguous() if self.own_trunk else images).flatten(1)

    def forward(self, X):
        """Return the logits of all tasks side by side, shape (batch, sum of class counts)."""
        features = self.features(X)
        if not torch.is_autocast_enabled(features.device.type):
            return self.heads(features.to(self.heads.dtype))
        # In reduced precision classes would tie: eight bits tell few logits apart.
        with torch.autocast(features.device.type, enabled=False):
            return self.heads(features.to(self.heads.dtype))


def build_module(trunk, head_specs, inputs, image_shape, n_classes, dtype):
    """Assemble the network; call it with the random generator seeded.

    Parameters
    ----------
    trunk : spec, module class, factory or module instance
        See ``MultiTaskCNNClassifier``.
    head_specs : list
        One spec per task.
    inputs : InputStage
        Scaling and standardisation.
    image_shape : tuple of int
        Channels, height and width.
    n_classes : list of int
        Number of classes of every task.
    dtype : torch.dtype
        Of all parameters.
    """
    built, n_features = build_trunk(trunk, image_shape)
    heads = Heads(head_specs, n_features, n_classes)
    module = MultiTaskModule(inputs, built, heads, own_trunk=is_own_module(trunk))
    return module.to(dtype)
