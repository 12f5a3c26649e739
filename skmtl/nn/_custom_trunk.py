"""From whatever the user calls a trunk to a module whose feature size is known."""

import copy
import inspect

import torch
from torch import nn

from ._trunks import ConvTrunk

__all__ = ["TRUNKS", "build_trunk", "is_own_module"]

TRUNKS = {"cnn": ConvTrunk}


def is_own_module(trunk):
    """Return whether `trunk` is the user's own module, class or factory rather than a spec."""
    return isinstance(trunk, (nn.Module, type)) or not hasattr(trunk, "build")


def build_trunk(trunk, image_shape):
    """Return (module, n_features); the size is found by running the module on blank images.

    Parameters
    ----------
    trunk : spec with ``build``, ``nn.Module`` subclass, factory or instance
        An instance is deep-copied. A class or factory is called with those of
        ``image_shape`` (channels, height, width) and ``in_channels`` that it accepts.
    image_shape : tuple of int
        Channels, height and width.
    """
    if isinstance(trunk, nn.Module):
        module = copy.deepcopy(trunk)
    elif is_own_module(trunk):
        module = _call(trunk, image_shape)
    else:
        module = trunk.build(image_shape)
    return module, _n_features(module, image_shape)


def _call(factory, image_shape):
    if not callable(factory):
        raise TypeError(
            "trunk must be 'cnn', a spec such as ConvTrunk(channels=(32, 64)), or a torch.nn.Module class, factory or "
            f"instance. Got {factory!r} instead."
        )
    if isinstance(factory, type) and not issubclass(factory, nn.Module) and hasattr(factory, "build"):
        raise TypeError(f"trunk is the class {factory.__name__}: pass an instance, {factory.__name__}().")
    name = getattr(factory, "__name__", type(factory).__name__)
    offered = {"image_shape": image_shape, "in_channels": image_shape[0]}
    parameters = inspect.signature(factory).parameters
    required = [
        p.name
        for p in parameters.values()
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and p.name not in offered
    ]
    if required:
        raise ValueError(
            f"trunk: {name} needs {', '.join(required)}, which skmtl cannot know; it passes only image_shape "
            "(channels, height, width) and in_channels. Pass functools.partial(...) or an instance."
        )
    module = factory(**{k: v for k, v in offered.items() if k in parameters})
    if not isinstance(module, nn.Module):
        raise TypeError(f"trunk: {name} must return a torch.nn.Module. Got {type(module).__name__} instead.")
    return module


def _n_features(module, image_shape):
    name = type(module).__name__
    was_training = module.training
    module.eval()
    dtype = next((p.dtype for p in module.parameters() if p.is_floating_point() and not _is_lazy(p)), torch.float32)
    try:
        with torch.no_grad():
            out = module(torch.zeros((2, *image_shape), dtype=dtype))
    except Exception as error:
        raise ValueError(
            f"trunk: {name} cannot process a batch of shape (2, {', '.join(map(str, image_shape))}) "
            f"(batch, channels, height, width): {error}. If the axes are wrong, set channel_axis or image_shape; "
            "if the image is too small, use fewer or smaller layers."
        ) from error
    module.train(was_training)
    if not isinstance(out, torch.Tensor) or out.ndim < 2 or len(out) != 2:
        found = f"shape {tuple(out.shape)}" if isinstance(out, torch.Tensor) else type(out).__name__
        raise ValueError(
            f"trunk: {name} must return one tensor of shape (batch, ...). Got {found} for a batch of 2: wrap it in a "
            "module that returns its features."
        )
    return out.flatten(1).shape[1]


def _is_lazy(parameter):
    return isinstance(parameter, nn.parameter.UninitializedParameter)
