"""The skorch arguments a user may set."""

import inspect

from torch.optim import lr_scheduler as schedulers
from torch.utils.data import DataLoader

from .._validation import did_you_mean

__all__ = ["check_net_params"]

_LOADER = {"num_workers", "pin_memory", "prefetch_factor", "persistent_workers", "timeout", "multiprocessing_context"}
_TAKEN = {"params", "lr", "weight_decay", "optimizer", "self"}


def check_net_params(net_params, optimizer_cls, lr_scheduler):
    """Return `net_params` split into (net arguments, scheduler arguments); refuse unknown names.

    Parameters
    ----------
    net_params : mapping or None
        ``optimizer__*``, ``lr_scheduler__*``, ``iterator_train__*`` and ``iterator_valid__*``.
    optimizer_cls : type
        Its signature says which ``optimizer__*`` exist.
    lr_scheduler : str or type
        Likewise for ``lr_scheduler__*``.
    """
    net_params = dict(net_params or {})
    allowed = _allowed(optimizer_cls, lr_scheduler)
    for name in net_params:
        if name not in allowed:
            raise ValueError(
                f"net_params: {name!r} is not an argument that can be set; those that can are "
                f"{', '.join(sorted(allowed))}.{did_you_mean(name, allowed)} What has a parameter of its own "
                "(lr, batch_size, max_epochs, callbacks ...) is set there."
            )
    prefix = "lr_scheduler__"
    scheduler = {k.removeprefix(prefix): v for k, v in net_params.items() if k.startswith(prefix)}
    return {k: v for k, v in net_params.items() if not k.startswith(prefix)}, scheduler


def _allowed(optimizer_cls, lr_scheduler):
    allowed = {f"optimizer__{n}" for n in set(inspect.signature(optimizer_cls).parameters) - _TAKEN}
    if isinstance(lr_scheduler, type) and issubclass(
        lr_scheduler, (schedulers.LRScheduler, schedulers.ReduceLROnPlateau)
    ):
        allowed |= {f"lr_scheduler__{n}" for n in set(inspect.signature(lr_scheduler).parameters) - _TAKEN}
    known = _LOADER & set(inspect.signature(DataLoader).parameters)
    return allowed | {f"iterator_{kind}__{n}" for kind in ("train", "valid") for n in known}
