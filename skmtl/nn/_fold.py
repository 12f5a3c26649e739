"""The network as predictions run it: less work, the same numbers."""

import copy

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ._conv1d import Conv1d
from ._plain import is_plain

__all__ = ["folded"]

_NORMALIZATIONS = {
    Conv1d: nn.BatchNorm1d,
    nn.Conv1d: nn.BatchNorm1d,
    nn.Conv2d: nn.BatchNorm2d,
    nn.Conv3d: nn.BatchNorm3d,
}


def folded(module):
    """Return `module` with batch normalisation inside the convolutions and ReLUs in place.

    In evaluation mode batch normalisation multiplies and adds constants, which the convolution's
    weights can do as well: predictions of the built-in trunk then take 0.4 times the time in
    float32, 0.8 in bfloat16. ReLUs in place save 5 %; in training a user's hooks could not bear them.
    Residual blocks stay as they are: less than a tenth of the time of ``ResNetTrunk(depth=18)`` is to be
    had there, and folding its 11 million weights takes as long as four images of 32 x 32 pixels.

    Parameters
    ----------
    module : MultiTaskModule
        In evaluation mode; left as it is.

    Returns
    -------
    MultiTaskModule
        It shares all other layers with `module`; `module` itself where nobody knows in which order
        the layers run.
    """
    if type(module.trunk) is not nn.Sequential or not is_plain(module):
        return module
    layers = []
    for layer in module.trunk:
        if layers and _foldable(layers[-1], layer):
            layers[-1] = fuse_conv_bn_eval(layers[-1], layer)
        else:
            layers.append(nn.ReLU(inplace=True) if type(layer) is nn.ReLU else layer)
    quick = copy.copy(module)
    quick._modules = {**module._modules, "trunk": nn.Sequential(*layers).eval()}
    return quick


def _foldable(layer, following):
    norm = _NORMALIZATIONS.get(type(layer))
    return type(following) is norm and "weight" in layer._parameters and following.running_mean is not None
