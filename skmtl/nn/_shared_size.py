"""What a way of sharing made: that its trunks are distinct, and how many features every task gets."""

import torch
from torch import nn

from ._blank import are_features, run_on_blank
from ._sharing import TaskTrunk

__all__ = ["check_fresh", "shared_size"]


def check_fresh(made, others):
    """Raise ValueError if a trunk has the weights of an earlier one instead of its own.

    Parameters
    ----------
    made : torch.nn.Module
        The trunk.
    others : list of torch.nn.Module
        The trunks made before it.
    """
    if _trained(made) and any(_trained(made) == _trained(other) for other in others):
        raise ValueError(
            "trunk: the factory returned the same weights twice, but this sharing needs a trunk of its own for every "
            "task or expert. Make the layers inside of the factory, or pass the module itself, which is copied."
        )


def _trained(trunk):
    return {id(p) for p in trunk.parameters() if p.requires_grad}


def shared_size(built, sharing, n_tasks, image_shape):
    """Return the number of features every task gets, found by running `built` on blank images.

    Parameters
    ----------
    built : torch.nn.Module
        What ``sharing.build`` returned.
    sharing : spec
        For messages.
    n_tasks : int
        Number of tasks.
    image_shape : tuple of int
        Channels and spatial axes.

    Raises
    ------
    TypeError, ValueError
        If it is no module, or does not return as many features for every task.
    """
    start = f"sharing: build of {type(sharing).__name__} must return "
    if not isinstance(built, nn.Module):
        raise TypeError(f"{start}a TaskTrunk, or a plain module for all tasks. Got {type(built).__name__} instead.")
    try:
        _, out = run_on_blank(built, image_shape)
    except Exception as error:
        shape = f"(2, {', '.join(map(str, image_shape))})"
        raise ValueError(f"{start}a module that runs on images of shape {shape}. It failed: {error}") from error
    if not isinstance(built, TaskTrunk):
        if not are_features(out):
            raise ValueError(f"{start}a TaskTrunk, or a module with one tensor of features. {_got(out)}")
        return out.flatten(1).shape[1]
    several = isinstance(out, (list, tuple)) and all(map(are_features, out))
    sizes = {part.flatten(1).shape[1] for part in out} if several else set()
    if len(sizes) != 1 or len(out) != n_tasks:
        raise ValueError(
            f"{start}a TaskTrunk that returns a list of {n_tasks} tensors, one per task, of shape (batch, ...) and "
            f"equal numbers of features. {_got(out)}"
        )
    return sizes.pop()


def _got(out):
    if isinstance(out, torch.Tensor):
        return f"It made one tensor of shape {tuple(out.shape)} of a batch of 2."
    if isinstance(out, (list, tuple)):
        parts = [str(tuple(p.shape)) if isinstance(p, torch.Tensor) else type(p).__name__ for p in out]
        return f"It made {len(out)} of a batch of 2: {', '.join(parts)}."
    return f"It made {type(out).__name__} of a batch of 2."
