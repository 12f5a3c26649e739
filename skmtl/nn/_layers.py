"""PyTorch's layers for signals, images and volumes, and those that several trunks are made of."""

from dataclasses import dataclass

import torch
from torch import nn

from ._conv1d import Conv1d
from ._pool import MaxPool

__all__ = [
    "ACTIVATIONS",
    "AXES",
    "SPATIAL",
    "Spatial",
    "average_pool",
    "dense",
    "normalization",
    "spatial",
    "valid_size",
]

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}
AXES = {1: "channels, length", 2: "channels, height, width", 3: "channels, depth, height, width"}


@dataclass(frozen=True)
class Spatial:
    """The layers for inputs of one, two or three spatial axes.

    Attributes
    ----------
    conv, zero_pad, batch_norm, max_pool, average_pool, adaptive_average_pool, channel_dropout : class
        PyTorch's layers.
    n_axes : int
        Number of spatial axes.
    memory_format : torch.memory_format or None
        Channels last in memory, where there is such an order.
    noun, unit : str
        Of one input and of its parts, for messages.
    """

    n_axes: int
    conv: type[nn.Module]
    zero_pad: type[nn.Module]
    batch_norm: type[nn.Module]
    max_pool: type[nn.Module]
    average_pool: type[nn.Module]
    adaptive_average_pool: type[nn.Module]
    channel_dropout: type[nn.Module]
    memory_format: torch.memory_format | None
    noun: str
    unit: str

    @property
    def classes(self):
        """All of the layers."""
        return [value for value in vars(self).values() if isinstance(value, type)]

    def arranged(self, module):
        """Return `module` with its weights channels last: the same numbers 1.4 to 3 times as fast on CPUs."""
        return module if self.memory_format is None else module.to(memory_format=self.memory_format)

    def describe(self, size):
        """Return such as ``"An image (or feature map) of 5 x 7 pixels"``."""
        return f"{self.noun} (or feature map) of {' x '.join(map(str, size))} {self.unit}"


SPATIAL = {
    1: Spatial(
        1,
        Conv1d,
        nn.ZeroPad1d,
        nn.BatchNorm1d,
        nn.MaxPool1d,
        nn.AvgPool1d,
        nn.AdaptiveAvgPool1d,
        nn.Dropout1d,
        None,
        "A signal",
        "values",
    ),
    2: Spatial(
        2,
        nn.Conv2d,
        nn.ZeroPad2d,
        nn.BatchNorm2d,
        MaxPool,
        nn.AvgPool2d,
        nn.AdaptiveAvgPool2d,
        nn.Dropout2d,
        torch.channels_last,
        "An image",
        "pixels",
    ),
    3: Spatial(
        3,
        nn.Conv3d,
        nn.ZeroPad3d,
        nn.BatchNorm3d,
        nn.MaxPool3d,
        nn.AvgPool3d,
        nn.AdaptiveAvgPool3d,
        nn.Dropout3d,
        torch.channels_last_3d,
        "A volume",
        "voxels",
    ),
}


def spatial(spec, image_shape):
    """Return the layers for `image_shape`, channels and one to three spatial axes.

    Examples
    --------
    >>> spatial(None, (1, 100)).conv
    <class 'skmtl.nn._conv1d.Conv1d'>
    """
    if len(image_shape) - 1 in SPATIAL:
        return SPATIAL[len(image_shape) - 1]
    raise ValueError(
        f"{type(spec).__name__} takes signals ({AXES[1]}), images ({AXES[2]}) or volumes ({AXES[3]}). "
        f"Got the shape {tuple(image_shape)}: set image_shape and spatial_dims accordingly."
    )


def valid_size(spec, size, kernel_size, remedy):
    """Return how many whole windows of `kernel_size` there are along every axis of `size`."""
    windows = tuple(s - kernel_size + 1 for s in size)
    if min(windows) < 1:
        raise ValueError(
            f"{spatial(spec, (0, *size)).describe(size)} is smaller than the kernel of {type(spec).__name__} "
            f"(kernel_size={kernel_size}): {remedy}."
        )
    return windows


def average_pool(size, small):
    """Return a layer that averages maps of `size` to maps of `small`."""
    layers = SPATIAL[len(size)]
    # The same windows, where they are equal; the adaptive layer's gradient copies its input first.
    if all(s % k == 0 for s, k in zip(size, small, strict=True)):
        return layers.average_pool(tuple(s // k for s, k in zip(size, small, strict=True)))
    return layers.adaptive_average_pool(small)


def normalization(name, layers, width):
    """Return a list of the layer called `name`, None, "batch" or "group"."""
    if name == "group":
        # At least 16 channels each: with fewer, Wu & He find, there is little to normalise by.
        groups = next(n for n in range(max(1, width // 16), 0, -1) if width % n == 0)
        return [nn.GroupNorm(groups, width)]
    return [] if name is None else [layers.batch_norm(width)]


def dense(n_features, widths, activation="relu", dropout=0.0):
    """Return a list of fully connected layers, each with its activation and dropout."""
    layers = []
    for width in widths:
        layers += [nn.Linear(n_features, width), ACTIVATIONS[activation]()]
        if dropout:
            layers.append(nn.Dropout(dropout))
        n_features = width
    return layers
