"""The trunk of the published results on MultiMNIST."""

import math
from numbers import Integral, Real

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval
from torch import nn

from ._layers import dense, spatial, valid_size
from ._spec import check_sizes, check_spec

__all__ = ["LeNetTrunk"]


class LeNetTrunk(BaseEstimator):
    """LeNet as Sener & Koltun train it on MultiMNIST: two convolutions and one fully connected layer.

    Convolution without padding, max pooling over windows of 2 along every axis, ReLU, for every entry of `channels`;
    then fully connected layers with ReLU. For grey images of 28 x 28 pixels these are 21,330 weights.
    The maps are not bounded in size: the fully connected layer grows with the image.

    Parameters
    ----------
    channels : tuple of int, default=(10, 20)
        Number of feature maps of every convolution.
    kernel_size : int, default=5
        Length of the convolution kernels along every axis, in pixels.
    hidden : tuple of int, default=(50,)
        Widths of the fully connected layers. ``()`` for none.
    dropout : float, default=0.5
        Probability of zeroing a whole feature map of the last convolution, in training.

    Examples
    --------
    >>> trunk = LeNetTrunk().build((1, 28, 28))
    >>> sum(p.numel() for p in trunk.parameters())
    21330

    References
    ----------
    LeCun et al. (1998), Gradient-based learning applied to document recognition, Proc. IEEE 86(11),
    section II; Sener & Koltun (2018), Multi-task learning as multi-objective optimization, NeurIPS,
    section 5.1 and supplement, for the sizes and the dropout.
    """

    _parameter_constraints = {
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, channels=(10, 20), kernel_size=5, hidden=(50,), dropout=0.5):
        self.channels = channels
        self.kernel_size = kernel_size
        self.hidden = hidden
        self.dropout = dropout

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
        kinds, layers, (n_channels, *size) = spatial(self, image_shape), [], image_shape
        for i, width in enumerate(channels):
            layers.append(kinds.conv(n_channels, width, self.kernel_size))
            if self.dropout and i == len(channels) - 1:
                layers.append(kinds.channel_dropout(self.dropout))
            size = valid_size(self, size, self.kernel_size, "use larger images, a smaller kernel_size or ConvTrunk()")
            windows = tuple(min(2, s) for s in size)
            layers += [kinds.max_pool(windows), nn.ReLU()]
            n_channels, size = width, [s // w for s, w in zip(size, windows, strict=True)]
        layers += [nn.Flatten(), *dense(n_channels * math.prod(size), hidden)]
        return kinds.arranged(nn.Sequential(*layers))
