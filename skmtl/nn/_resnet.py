"""Residual networks for small images."""

from numbers import Integral

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, Options
from torch import nn

from ._layers import spatial
from ._spec import check_spec

__all__ = ["ResNetTrunk", "ResidualBlock"]

# Blocks of each of the four stages; every block has two convolutions, the stem and the article's classifier one layer.
_BLOCKS = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2)}


class ResNetTrunk(BaseEstimator):
    """Residual network: every block adds to its input what two convolutions make of it.

    Four stages of 1, 2, 4 and 8 times `width` feature maps, all but the first at half the size of
    the one before, then the mean of every map. In front stands one 3 x 3 convolution that keeps the size, as the
    article's networks for CIFAR-10 have it, instead of the 7 x 7 convolution and the pooling that it
    uses for photographs: it is made for images of up to some 64 pixels, and works for any.
    Every convolution is followed by batch normalisation.

    Parameters
    ----------
    depth : {10, 18}, default=10
        Layers with weights, counting one layer behind the trunk, as its names do in the literature.
    width : int, default=64
        Number of feature maps of the first stage; the features are 8 times as many.

    Examples
    --------
    >>> trunk = ResNetTrunk(depth=18).build((3, 32, 32))
    >>> sum(p.numel() for p in trunk.parameters())
    11168832

    References
    ----------
    He et al. (2016), Deep residual learning for image recognition, CVPR, figure 2 (the block),
    table 1 (the stages), section 4.2 (the first layer); He et al. (2015), Delving deep into
    rectifiers, ICCV, section 2.2 (the initial weights, of the variance 2 / n_out that keeps the size of gradients).
    """

    _parameter_constraints = {
        "depth": [Options(Integral, set(_BLOCKS))],
        "width": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, depth=10, width=64):
        self.depth = depth
        self.width = width

    def build(self, image_shape):
        """Return a fresh module for images of shape ``(channels, height, width)``.

        Parameters
        ----------
        image_shape : tuple of int
            Channels, and length (signals), height and width (images), or depth, height and width (volumes).

        Returns
        -------
        torch.nn.Sequential
            Maps (batch, channels, ...) to (batch, 8 * width). Its children are the first layer, the
            four stages, the mean and the flattening.

        Raises
        ------
        ValueError
            If a parameter is out of range.
        """
        check_spec(self)
        kinds, n_channels = spatial(self, image_shape), self.width
        children = [nn.Sequential(*_normalised(kinds, image_shape[0], n_channels, 3), nn.ReLU())]
        for stage, n_blocks in enumerate(_BLOCKS[self.depth]):
            width, blocks = self.width * 2**stage, []
            for block in range(n_blocks):
                blocks.append(ResidualBlock(kinds, n_channels, width, stride=2 if stage and not block else 1))
                n_channels = width
            children.append(nn.Sequential(*blocks))
        one = (1,) * kinds.n_axes
        trunk = nn.Sequential(*children, kinds.adaptive_average_pool(one), nn.Flatten())
        for layer in trunk.modules():
            if isinstance(layer, kinds.conv):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        return kinds.arranged(trunk)


class ResidualBlock(nn.Module):
    """``relu(x + layers(x))``; where the shape changes, x passes a 1 x 1 convolution instead (He et al.'s option B).

    Parameters
    ----------
    kinds : Spatial
        The layers of the right number of axes.
    n_channels, width : int
        Number of feature maps that go in and that come out.
    stride : {1, 2}
        By how much the maps shrink.
    """

    def __init__(self, kinds, n_channels, width, stride):
        super().__init__()
        first = _normalised(kinds, n_channels, width, 3, stride)
        self.layers = nn.Sequential(*first, nn.ReLU(), *_normalised(kinds, width, width, 3))
        same = n_channels == width and stride == 1
        self.shortcut = nn.Sequential(*([] if same else _normalised(kinds, n_channels, width, 1, stride)))
        self.relu = nn.ReLU()

    def forward(self, maps):
        """Return feature maps of `width` channels."""
        return self.relu(self.shortcut(maps) + self.layers(maps))


def _normalised(kinds, n_channels, width, kernel_size, stride=1):
    # The normalisation's shift stands for the bias.
    conv = kinds.conv(n_channels, width, kernel_size, stride=stride, padding=kernel_size // 2, bias=False)
    return [conv, kinds.batch_norm(width)]
