"""From the user's own module, class or factory to a fresh module."""

import copy
import inspect

from torch import nn

from ._layers import AXES

__all__ = ["make_module"]


def make_module(given, image_shape, name="trunk"):
    """Return a deep copy of a module, or what a class or factory makes.

    Parameters
    ----------
    given : ``nn.Module`` subclass, factory or instance
        A class or factory is called with those of ``image_shape`` and ``in_channels`` that it accepts.
    image_shape : tuple of int
        Channels and spatial axes.
    name : str, default="trunk"
        The parameter's name, for messages.
    """
    if isinstance(given, nn.Module):
        return _copy(given)
    if isinstance(given, type) and not issubclass(given, nn.Module) and hasattr(given, "build"):
        raise TypeError(f"{name} is the class {given.__name__}: pass an instance, {given.__name__}().")
    if not callable(given):
        specs = "'cnn', a spec such as ConvTrunk(channels=(32, 64)), or " if name == "trunk" else ""
        raise TypeError(f"{name} must be {specs}a torch.nn.Module class, factory or instance. Got {given!r} instead.")
    label = getattr(given, "__name__", type(given).__name__)
    offered = {"image_shape": image_shape, "in_channels": image_shape[0]}
    parameters = inspect.signature(given).parameters
    required = [
        p.name
        for p in parameters.values()
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and p.name not in offered
    ]
    if required:
        axes = AXES.get(len(image_shape) - 1, "channels, ...")
        raise ValueError(
            f"{name}: {label} needs {', '.join(required)}, which skmtl cannot know; it passes only image_shape "
            f"({axes}) and in_channels. Pass functools.partial(...) or an instance."
        )
    module = given(**{k: v for k, v in offered.items() if k in parameters})
    if not isinstance(module, nn.Module):
        raise TypeError(f"{name}: {label} must return a torch.nn.Module. Got {type(module).__name__} instead.")
    return module


def _copy(module):
    made = copy.deepcopy(module)
    for copied, own in zip(made.parameters(), module.parameters(), strict=True):
        if not copied.is_leaf:
            # TorchScript copies parameters by an operation whose results no optimizer takes.
            copied.detach_().requires_grad_(own.requires_grad)
    return made
