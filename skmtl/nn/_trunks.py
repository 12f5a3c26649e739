"""The built-in convolutional trunk."""

from numbers import Integral, Real

import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions
from torch import nn

from ._pool import MaxPool
from ._spec import check_sizes, check_spec

__all__ = ["ConvTrunk"]


class ConvTrunk(BaseEstimator):
    """Convolution, ReLU and max pooling, repeated; then fully connected layers.

    One stage per entry of `channels`: a convolution (cross-correlation, as everywhere in
    PyTorch: ``out[i, j] = sum_{u, v} w[u, v] x[i + u, j + v] + b``, with plus signs), ReLU,
    2 x 2 max pooling. An axis of size 1 is not pooled, so that one-row images work.

    Parameters
    ----------
    channels : tuple of int, default=(32, 64)
        Number of feature maps of every stage.
    kernel_size : int, default=3
        Height and width of the convolution kernels, in pixels.
    padding : {"same", "valid"}, default="same"
        Whether a convolution keeps the image size or uses only whole windows.
    hidden : tuple of int, default=(128,)
        Widths of the fully connected layers, each followed by ReLU. ``()`` for none.
    dropout : float, default=0.0
        Probability of zeroing an activation of a fully connected layer, in training.
    normalization : {None, "batch"}, default=None
        Batch normalisation after every convolution.
    max_map_size : int, default=8
        Feature maps larger than this, in pixels, are average-pooled to it before the fully
        connected layers, which bounds their number of weights for large images.

    Examples
    --------
    >>> import torch
    >>> trunk = ConvTrunk(channels=(4, 8), hidden=(16,)).build((1, 28, 28))
    >>> trunk(torch.zeros(5, 1, 28, 28)).shape
    torch.Size([5, 16])

    References
    ----------
    LeCun et al. (1998), Gradient-based learning applied to document recognition,
    Proc. IEEE 86(11), section II; Caruana (1997), Multitask learning, Machine Learning 28,
    for the sharing of hidden layers by all tasks.
    """

    _parameter_constraints = {
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
        "padding": [StrOptions({"same", "valid"})],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "normalization": [StrOptions({"batch"}), None],
        "max_map_size": [Interval(Integral, 1, None, closed="left")],
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
    ):
        self.channels = channels
        self.kernel_size = kernel_size
        self.padding = padding
        self.hidden = hidden
        self.dropout = dropout
        self.normalization = normalization
        self.max_map_size = max_map_size

    def build(self, image_shape):
        """Return a fresh module for images of shape ``(channels, height, width)``.

        Parameters
        ----------
        image_shape : tuple of int
            Channels, height and width.

        Returns
        -------
        torch.nn.Sequential
            Maps (batch, channels, height, width) to (batch, n_features).

        Raises
        ------
        ValueError
            If a parameter is out of range or an image is smaller than a kernel.
        """
        check_spec(self)
        channels = check_sizes(self, "channels", self.channels, at_least_one=True)
        hidden = check_sizes(self, "hidden", self.hidden)
        layers, shape = [], tuple(image_shape)
        for width in channels:
            layers += self._stage(shape, width)
            shape = self._stage_shape(shape, width)
        if max(shape[1:]) > self.max_map_size:
            small = tuple(min(s, self.max_map_size) for s in shape[1:])
            layers.append(_average_pool(shape[1:], small))
            shape = (shape[0], *small)
        layers.append(nn.Flatten())
        n_features = shape[0] * shape[1] * shape[2]
        for width in hidden:
            layers += [nn.Linear(n_features, width), nn.ReLU()]
            if self.dropout:
                layers.append(nn.Dropout(self.dropout))
            n_features = width
        # Channels last in memory: the same numbers about 1.4 times as fast on CPUs.
        return nn.Sequential(*layers).to(memory_format=torch.channels_last)

    def _stage(self, shape, width):
        layers = [nn.Conv2d(shape[0], width, self.kernel_size, padding=self.padding)]
        if self.padding == "same" and self.kernel_size % 2 == 0:
            # The uneven padding PyTorch itself would choose, without its warning about the copy it makes.
            before, after = (self.kernel_size - 1) // 2, self.kernel_size // 2
            layers = [nn.ZeroPad2d((before, after, before, after)), nn.Conv2d(shape[0], width, self.kernel_size)]
        if self.normalization == "batch":
            layers.append(nn.BatchNorm2d(width))
        pool = tuple(min(2, s) for s in self._convolved(shape))
        # max(relu(x)) = relu(max(x)), to the last bit and in the gradient too: a quarter of the ReLUs.
        return [*layers, MaxPool(pool), nn.ReLU()]

    def _stage_shape(self, shape, width):
        return (width, *(max(1, s // 2) for s in self._convolved(shape)))

    def _convolved(self, shape):
        if self.padding == "same":
            return shape[1:]
        size = tuple(s - self.kernel_size + 1 for s in shape[1:])
        if min(size) < 1:
            raise ValueError(
                f"An image (or feature map) of {shape[1]} x {shape[2]} pixels is smaller than the kernel of ConvTrunk "
                f"(kernel_size={self.kernel_size}): use a smaller kernel_size, fewer channels or padding='same'."
            )
        return size


def _average_pool(size, small):
    # The same windows, where they are equal; the adaptive layer's gradient copies its input first.
    if all(s % k == 0 for s, k in zip(size, small, strict=True)):
        return nn.AvgPool2d(tuple(s // k for s, k in zip(size, small, strict=True)))
    return nn.AdaptiveAvgPool2d(small)
