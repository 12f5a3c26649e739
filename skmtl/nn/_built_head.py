"""What a head spec makes for one task, checked: the user's own specs can be wrong."""

import inspect

import torch
from torch import nn

from ._blank import described, run_on_blank

__all__ = ["build_head", "class_ranks"]


def build_head(spec, n_features, n_classes, classes):
    """Return a fresh module from (batch, n_features) to (batch, n_classes) logits.

    Parameters
    ----------
    spec : head spec
        Its `build` gets `classes` if it has a parameter of that name.
    n_features, n_classes : int
        Widths of what goes in and of what comes out.
    classes : ndarray or None
        The task's labels.

    Raises
    ------
    TypeError, ValueError
        If it is no module, or makes anything else.
    """
    asked = {"classes": classes} if "classes" in inspect.signature(spec.build).parameters else {}
    head = spec.build(n_features, n_classes, **asked)
    start = (
        f"head: build({n_features}, {n_classes}) of {type(spec).__name__} must return a module from (batch, "
        f"{n_features}) to (batch, {n_classes}), a logit per class. "
    )
    if not isinstance(head, nn.Module):
        raise TypeError(f"{start}Got {type(head).__name__} instead.")
    try:
        _, out = run_on_blank(head, (n_features,))
    except Exception as error:
        raise ValueError(f"{start}Its module fails on a batch of 2: {error}") from error
    # A column too many or too few would shift those of the other tasks.
    if not isinstance(out, torch.Tensor) or out.shape != (2, n_classes):
        raise ValueError(f"{start}Its module makes {described(out)} of a batch of 2.")
    return head


def class_ranks(spec, n_classes, classes):
    """Return the indices of the classes from the lowest to the highest; None if `spec` does not order them."""
    order = spec.class_order(n_classes, classes) if hasattr(spec, "class_order") else None
    if order is not None and sorted(order) != list(range(n_classes)):
        raise ValueError(
            f"head: class_order of {type(spec).__name__} must return the indices of the {n_classes} classes, each "
            f"once, from the lowest to the highest. Got {order!r} instead."
        )
    return order
