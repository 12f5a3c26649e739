"""What a parameter was, so that a later change can be noticed."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import torch

from ..weighting import is_torchjd

__all__ = ["snapshot"]


def snapshot(value):
    """Return something equal to the snapshot of an equal value, whatever happens to `value` later.

    Specs are taken apart, since ``set_params`` changes them in place; modules, functions and
    classes stand for themselves.

    Examples
    --------
    >>> from skmtl.nn import ConvTrunk
    >>> snapshot(ConvTrunk(channels=[8])) == snapshot(ConvTrunk(channels=(8,)))
    True
    """
    if hasattr(value, "get_params") and not isinstance(value, type):
        return type(value), snapshot(value.get_params(deep=False))
    if isinstance(value, Mapping):
        return {key: snapshot(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(snapshot(entry) for entry in value)
    if is_torchjd(value):
        # What it is made with shows in its repr, whatever else it is made of.
        return type(value), repr(value)
    if callable(getattr(value, "build", None)) and hasattr(value, "__dict__") and not isinstance(value, type):
        return type(value), {k: snapshot(v) for k, v in vars(value).items() if not hasattr(v, "__dict__")}
    if isinstance(value, partial):
        return partial, value.func, snapshot(value.args), snapshot(value.keywords)
    if isinstance(value, torch.device):
        return str(value)
    if hasattr(value, "__array__") and not isinstance(value, (np.generic, torch.nn.Module)):
        array = np.asarray(value.detach().cpu() if isinstance(value, torch.Tensor) else value)
        # The bytes of objects are their addresses, which pickling changes.
        values = array.tolist() if array.dtype.hasobject else array.tobytes()
        return array.shape, values if array.ndim else array.item()
    return value
