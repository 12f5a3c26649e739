"""From whatever the user calls a trunk to a module whose feature size is known."""

import torch
from torch import nn

from ._blank import are_features, described, run_on_blank
from ._layers import AXES
from ._lenet import LeNetTrunk
from ._outputs import OutputError, choices
from ._own_module import make_module
from ._pretrained import PretrainedModule
from ._resnet import ResNetTrunk
from ._trunks import ConvTrunk

__all__ = ["TRUNKS", "build_trunk", "check_cast", "is_own_module"]

TRUNKS = {"cnn": ConvTrunk, "lenet": LeNetTrunk, "resnet": ResNetTrunk}


def is_own_module(trunk):
    """Return whether what runs is the user's own module, given as such or by a spec, class or factory of theirs."""
    return type(trunk) not in TRUNKS.values()


def _is_spec(trunk):
    return hasattr(trunk, "build") and not isinstance(trunk, (nn.Module, type))


def build_trunk(trunk, image_shape):
    """Return (module, n_features); the size is found by running the module on blank images.

    Parameters
    ----------
    trunk : spec with ``build``, ``nn.Module`` subclass, factory or instance
        An instance is deep-copied. A class or factory is called with those of
        ``image_shape`` and ``in_channels`` that it accepts.
    image_shape : tuple of int
        Channels, and length (signals), height and width (images), or depth, height and width (volumes).
    """
    module = trunk.build(image_shape) if _is_spec(trunk) else make_module(trunk, image_shape)
    return module, _n_features(module, image_shape)


def _n_features(module, image_shape):
    name = type(module.module if isinstance(module, PretrainedModule) else module).__name__
    try:
        _, out = run_on_blank(module, image_shape)
    except OutputError as error:
        raise ValueError(f"trunk: {name}: {error}") from error
    except Exception as error:
        axes = AXES.get(len(image_shape) - 1, "channels, ...")
        raise ValueError(
            f"trunk: {name} cannot process a batch of shape (2, {', '.join(map(str, image_shape))}) (batch, {axes}): "
            f"{error}. {_remedy(error)}"
        ) from error
    _check_features(out, name)
    _check_real(module, out, name)
    return out.flatten(1).shape[1]


def _remedy(error):
    if "dtype" in str(error):
        return (
            "The network computes in one type: cast images to that of your parameters "
            "(x.to(self.linear.weight.dtype)), and hold constants in buffers (register_buffer), which are cast with it."
        )
    return (
        "If the axes are wrong, set channel_axis, image_shape or spatial_dims; if the image is too small, use fewer or "
        "smaller layers."
    )


def check_cast(module, image_shape, held):
    """Raise ValueError if a module that ran in its own types does not run in that of the network.

    Parameters
    ----------
    module : torch.nn.Module
        Cast.
    image_shape : tuple of int
        Channels and spatial axes.
    held : set of torch.dtype
        What its parameters were.
    """
    try:
        run_on_blank(module, image_shape)
    except Exception as error:
        types = ", ".join(sorted(str(dtype).removeprefix("torch.") for dtype in held))
        raise ValueError(
            f"trunk: its parameters are {types}, and it fails in the float32 of the network: {error}. {_remedy(error)}"
        ) from error


def _check_features(out, name):
    if are_features(out):
        return
    several = [] if isinstance(out, torch.Tensor) else choices(out)[-1:]
    remedy = "".join(f", or pick one with PretrainedTrunk(..., output={k!r})" for k in several)
    raise ValueError(
        f"trunk: {name} must return one tensor of shape (batch, ...). Got {described(out)} for a batch of 2: wrap it "
        f"in a module that returns its features{remedy}."
    )


def _check_real(module, out, name):
    # The network is cast to one real type, which would drop the imaginary parts.
    held = [k for k, v in [*module.named_parameters(), *module.named_buffers()] if v.is_complex()]
    if held or out.is_complex():
        found = f"complex {', '.join(held)}" if held else "complex features"
        raise ValueError(
            f"trunk: {name} has {found}, but all numbers of the network are real: hold the real and the imaginary part "
            "in one real tensor (torch.view_as_complex), and return real features."
        )
