"""The user's callbacks, checked and copied."""

import copy

from skorch.callbacks import Callback, LRScheduler

__all__ = ["copy_callbacks"]


def copy_callbacks(callbacks, lr_scheduler):
    """Return copies of the user's skorch callbacks, so that training does not change the originals.

    Raises
    ------
    TypeError, ValueError
        If one is no skorch callback, or would be overruled by `lr_scheduler`.
    """
    copies = []
    for entry in callbacks or []:
        name, callback = entry if isinstance(entry, tuple) and len(entry) == 2 else (None, entry)
        kind = callback if isinstance(callback, type) else type(callback)
        if not issubclass(kind, Callback):
            raise TypeError(f"callbacks must be skorch callbacks or (name, callback) pairs. Got {callback!r} instead.")
        if issubclass(kind, LRScheduler) and lr_scheduler != "constant":
            raise ValueError(
                f"callbacks holds a skorch LRScheduler, which lr_scheduler={lr_scheduler!r} would overrule: pass a "
                "torch.optim.lr_scheduler class as lr_scheduler, or set lr_scheduler='constant'."
            )
        own = copy.deepcopy(callback)
        copies.append(own if name is None else (name, own))
    return copies
