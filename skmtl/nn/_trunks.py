"""The built-in convolutional trunk."""

import math
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions
from torch import nn

from ._layers import ACTIVATIONS, average_pool, dense, normalization, spatial, valid_size
from ._spec import check_sizes, check_spec

__all__ = ["ConvTrunk"]

# max(f(x)) = f(max(x)) for them: ReLU to the last bit and in the gradient too.
_INCREASING = {"relu", "leaky_relu", "elu", "tanh"}


class ConvTrunk(BaseEstimator):
    """Convolution, activation and pooling, repeated; then fully connected layers.

    One stage per entry of `channels`: a convolution (cross-correlation, as everywhere in
    PyTorch: ``out[i, j] = sum_{u, v} w[u, v] x[i + u, j + v] + b``, with plus signs), ReLU,
    max pooling over windows of 2 along every axis. An axis of size 1 is not pooled, so that
    one-row images work.

    Parameters
    ----------
    channels : tuple of int, default=(32, 64)
        Number of feature maps of every stage.
    kernel_size : int or tuple of int, default=3
        Length of the convolution kernels along every axis, in pixels; of a tuple, one for every stage.
    padding : {"same", "valid"}, default="same"
        Whether a convolution keeps the image size or uses only whole windows.
    hidden : tuple of int, default=(128,)
        Widths of the fully connected layers, each followed by the activation. ``()`` for none.
    dropout : float, default=0.0
        Probability of zeroing an activation of a fully connected layer, in training.
    normalization : {None, "batch", "group"}, default=None
        After every convolution: batch normalisation, or group normalisation, which does not depend
        on the other images of a batch; its groups have at least 16 channels each.
    max_map_size : int, default=8
        Feature maps larger than this, in pixels, are average-pooled to it before the fully
        connected layers, which bounds their number of weights for large images.
    convs_per_stage : int, default=1
        Convolutions of a stage, each followed by normalisation and activation, before its pooling.
    activation : {"relu", "leaky_relu", "elu", "gelu", "silu", "tanh"}, default="relu"
        PyTorch's function of that name, with its defaults.
    pooling : {"max", "average", None}, default="max"
        What stands for the pixels of a window: the largest, or the mean. None: stages keep the size.
    conv_dropout : float, default=0.0
        Probability of zeroing a whole feature map after a stage, in training.

    Examples
    --------
    >>> import torch
    >>> trunk = ConvTrunk(channels=(4, 8), hidden=(16,)).build((1, 28, 28))
    >>> trunk(torch.zeros(5, 1, 28, 28)).shape
    torch.Size([5, 16])
    >>> ConvTrunk(channels=(4, 8), hidden=(16,)).build((3, 100))(torch.zeros(5, 3, 100)).shape
    torch.Size([5, 16])

    References
    ----------
    LeCun et al. (1998), Gradient-based learning applied to document recognition,
    Proc. IEEE 86(11), section II; Caruana (1997), Multitask learning, Machine Learning 28,
    for the sharing of hidden layers by all tasks; Wu & He (2018), Group normalization, ECCV,
    section 3; Tompson et al. (2015), Efficient object localization using convolutional networks,
    CVPR, section 3.2, for the dropout of whole feature maps.
    """

    _parameter_constraints = {
        "kernel_size": [Interval(Integral, 1, None, closed="left"), tuple, list, np.ndarray],
        "padding": [StrOptions({"same", "valid"})],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "normalization": [StrOptions({"batch", "group"}), None],
        "max_map_size": [Interval(Integral, 1, None, closed="left")],
        "convs_per_stage": [Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "pooling": [StrOptions({"max", "average"}), None],
        "conv_dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        channels=(32, 64),
        kernel_size=3,
        padding="same",
        hidden=(128,),
        dropout=0.0,
        normalization=None,
        max_map_size=8,
        convs_per_stage=1,
        activation="relu",
        pooling="max",
        conv_dropout=0.0,
    ):
        self.channels = channels
        self.kernel_size = kernel_size
        self.padding = padding
        self.hidden = hidden
        self.dropout = dropout
        self.normalization = normalization
        self.max_map_size = max_map_size
        self.convs_per_stage = convs_per_stage
        self.activation = activation
        self.pooling = pooling
        self.conv_dropout = conv_dropout

    def build(self, image_shape):
        """Return a fresh module for images of shape ``(channels, height, width)``.

        Parameters
        ----------
        image_shape : tuple of int
            Channels, and length (signals), height and width (images), or depth, height and width (volumes).

        Returns
        -------
        torch.nn.Sequential
            Maps (batch, channels, ...) to (batch, n_features).

        Raises
        ------
        ValueError
            If a parameter is out of range or an image is smaller than a kernel.
        """
        check_spec(self)
        channels = check_sizes(self, "channels", self.channels, at_least_one=True)
        hidden = check_sizes(self, "hidden", self.hidden)
        layers, shape = [], tuple(image_shape)
        for width, kernel_size in zip(channels, self._kernel_sizes(len(channels)), strict=True):
            stage, shape = self._stage(shape, width, kernel_size)
            layers += stage
        if max(shape[1:]) > self.max_map_size:
            small = tuple(min(s, self.max_map_size) for s in shape[1:])
            layers.append(average_pool(shape[1:], small))
            shape = (shape[0], *small)
        layers += [nn.Flatten(), *dense(math.prod(shape), hidden, self.activation, self.dropout)]
        return spatial(self, image_shape).arranged(nn.Sequential(*layers))

    def _kernel_sizes(self, n_stages):
        if isinstance(self.kernel_size, Integral):
            return (int(self.kernel_size),) * n_stages
        sizes = check_sizes(self, "kernel_size", self.kernel_size)
        if len(sizes) != n_stages:
            raise ValueError(
                f"The 'kernel_size' parameter of ConvTrunk must be an int or have one entry per stage, as 'channels' "
                f"has: {n_stages}. Got {self.kernel_size!r} instead, with {len(sizes)}."
            )
        return sizes

    def _stage(self, shape, width, kernel_size):
        """Return the layers of a stage and the shape of its feature maps."""
        kinds, layers, size = spatial(self, shape), [], shape[1:]
        for n_channels in (shape[0], *(width,) * (self.convs_per_stage - 1)):
            if self.padding == "valid":
                size = valid_size(
                    self, size, kernel_size, "use a smaller kernel_size, fewer channels or padding='same'"
                )
            layers += self._conv(kinds, n_channels, width, kernel_size)
            layers += [*normalization(self.normalization, kinds, width), ACTIVATIONS[self.activation]()]
        windows = tuple(min(2, s) for s in size)
        if self.pooling == "max":
            # Activations of the maxima alone: in two dimensions a quarter of them.
            layers.insert(len(layers) - (self.activation in _INCREASING), kinds.max_pool(windows))
        elif self.pooling == "average":
            layers.append(kinds.average_pool(windows))
        if self.pooling is not None:
            size = tuple(s // w for s, w in zip(size, windows, strict=True))
        if self.conv_dropout:
            layers.append(kinds.channel_dropout(self.conv_dropout))
        return layers, (width, *size)

    def _conv(self, kinds, n_channels, width, kernel_size):
        layers = [kinds.conv(n_channels, width, kernel_size, padding=self.padding)]
        if self.padding == "same" and kernel_size % 2 == 0:
            # The uneven padding PyTorch itself would choose, without its warning about the copy it makes.
            padding = kinds.zero_pad(((kernel_size - 1) // 2, kernel_size // 2) * kinds.n_axes)
            layers = [padding, kinds.conv(n_channels, width, kernel_size)]
        return layers
