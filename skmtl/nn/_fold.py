"""Batch normalisation that predictions need not do."""

import copy

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ._plain import is_plain

__all__ = ["folded"]


def folded(module):
    """Return `module` with every batch normalisation inside the convolution before it.

    In evaluation mode it multiplies and adds constants, which the convolution's weights can do as
    well: predictions of the built-in trunk take 0.4 times the time in float32, 0.8 in bfloat16.

    Parameters
    ----------
    module : MultiTaskModule
        In evaluation mode; left as it is.

    Returns
    -------
    MultiTaskModule
        A copy, or `module` itself where there is nothing to fold: no batch normalisation, or
        layers of which nobody knows in which order they run.
    """
    layers = list(module.trunk.children()) if type(module.trunk) is nn.Sequential and is_plain(module) else []
    pairs = [i for i in range(len(layers) - 1) if _foldable(layers[i], layers[i + 1])]
    if not pairs:
        return module
    module = copy.deepcopy(module)
    for i in pairs:
        module.trunk[i] = fuse_conv_bn_eval(module.trunk[i], module.trunk[i + 1])
        module.trunk[i + 1] = nn.Identity()
    return module


def _foldable(layer, following):
    weighted = isinstance(layer, nn.Conv2d) and "weight" in layer._parameters
    return weighted and isinstance(following, nn.BatchNorm2d) and following.running_mean is not None
