"""Modules that return more than one tensor: which of them is the features."""

from collections.abc import Mapping, Sequence
from numbers import Integral

import torch

from .._validation import did_you_mean

__all__ = ["OutputError", "choices", "pick_output"]


class OutputError(ValueError):
    """The module has no such output."""


def choices(out):
    """Return which values of ``output`` pick something of `out`; an empty list of what cannot be picked from."""
    if isinstance(out, Mapping):
        return list(out)
    return list(range(len(out))) if isinstance(out, Sequence) and not isinstance(out, str) else []


def pick_output(out, output):
    """Return one of the outputs of a module.

    Parameters
    ----------
    out : object
        What the module returned.
    output : None, str or int
        Key, attribute or position; None for `out` itself.

    Examples
    --------
    >>> pick_output({"maps": 1, "pooled": 2}, "pooled")
    2
    >>> pick_output((1, 2), 0)
    1
    """
    if output is None:
        return out
    if isinstance(out, torch.Tensor):
        raise OutputError(f"output={output!r}, but the module returns one tensor: leave output=None.")
    try:
        if isinstance(output, Integral) or isinstance(out, Mapping):
            return out[output]
        return getattr(out, output)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        found = choices(out)
        remedy = (
            f"use one of {', '.join(map(repr, found))}" if found else "wrap it in a module that returns its features"
        )
        raise OutputError(
            f"output={output!r} is nothing that the module returns, a {type(out).__name__}: {remedy}."
            f"{did_you_mean(output, found)}"
        ) from error
