"""Optimisers and learning-rate schedules, by name or class."""

import inspect

import torch
from torch.optim import lr_scheduler as schedulers

from .._validation import check_option

__all__ = ["OPTIMIZERS", "SCHEDULERS", "check_optimizer", "resolve_optimizer", "resolve_scheduler"]

OPTIMIZERS = {
    "adam": (torch.optim.Adam, {}),
    "adamw": (torch.optim.AdamW, {}),
    "momentum": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "sgd": (torch.optim.SGD, {}),
}


def _constant(optimizer, lr, total_steps):
    return schedulers.ConstantLR(optimizer, factor=1.0, total_iters=0)


def _cosine(optimizer, lr, total_steps):
    return schedulers.CosineAnnealingLR(optimizer, T_max=total_steps)


def _one_cycle(optimizer, lr, total_steps):
    # Momentum stays the optimiser's own: a schedule named after the rate changes the rate.
    rates = [group["lr"] for group in optimizer.param_groups]
    return schedulers.OneCycleLR(optimizer, max_lr=rates, total_steps=total_steps + 1, cycle_momentum=False)


SCHEDULERS = {"constant": _constant, "cosine": _cosine, "one-cycle": _one_cycle}


def resolve_optimizer(optimizer, weight_decay, device_type="cpu", own=()):
    """Return (class, keyword arguments) for a name or a ``torch.optim.Optimizer`` subclass.

    Parameters
    ----------
    optimizer : str or type
        A name also stands for PyTorch's fused implementation: one pass over all parameters.
    weight_decay : float
        Given to optimisers that have one.
    device_type : str, default="cpu"
        Where the parameters are.
    own : collection of str, default=()
        Names of arguments that the user has set; other implementations exclude the fused one.
    """
    if isinstance(optimizer, str):
        cls, kwargs = OPTIMIZERS[check_option("optimizer", optimizer, OPTIMIZERS)]
        if device_type in ("cpu", "cuda") and not {"foreach", "differentiable", "fused"} & set(own):
            kwargs = {**kwargs, "fused": True}
    elif _is_final(optimizer, torch.optim.Optimizer):
        cls, kwargs = optimizer, {}
    else:
        raise TypeError(
            f"optimizer must be one of {sorted(OPTIMIZERS)} or a torch.optim.Optimizer class. "
            f"Got {optimizer!r} instead."
        )
    if "weight_decay" in inspect.signature(cls).parameters:
        return cls, {**kwargs, "weight_decay": weight_decay}
    if weight_decay:
        raise ValueError(f"optimizer: {cls.__name__} has no weight_decay: set weight_decay=0.")
    return cls, dict(kwargs)


def resolve_scheduler(lr_scheduler, params):
    """Return (factory(optimizer, lr, total_steps), "batch" or "epoch").

    A scheduler class is called with the optimiser and `params`, and stepped once an epoch.
    """
    if isinstance(lr_scheduler, str):
        factory = SCHEDULERS[check_option("lr_scheduler", lr_scheduler, SCHEDULERS)]
        if params:
            raise ValueError(
                f"net_params sets {sorted('lr_scheduler__' + k for k in params)}, but lr_scheduler={lr_scheduler!r} "
                "has no parameters of its own: pass a torch.optim.lr_scheduler class."
            )
        return factory, "batch"
    if not _is_final(lr_scheduler, schedulers.LRScheduler):
        raise TypeError(
            f"lr_scheduler must be one of {sorted(SCHEDULERS)} or a torch.optim.lr_scheduler class. "
            f"Got {lr_scheduler!r} instead."
        )
    signature = inspect.signature(lr_scheduler).parameters
    missing = [n for n, p in signature.items() if p.default is p.empty and n != "optimizer" and n not in params]
    if missing:
        raise ValueError(
            f"lr_scheduler: {lr_scheduler.__name__} needs {', '.join(missing)}: pass "
            f"net_params={{'lr_scheduler__{missing[0]}': ...}}."
        )
    try:
        lr_scheduler(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9), **params)
    except Exception as error:
        raise ValueError(f"lr_scheduler: {lr_scheduler.__name__} does not accept {params}: {error}") from error
    return lambda optimizer, lr, total_steps: lr_scheduler(optimizer, **params), "epoch"


def check_optimizer(cls, kwargs, lr):
    """Raise ValueError unless the optimiser can be made with these arguments for an ordinary weight matrix."""
    try:
        cls([torch.nn.Parameter(torch.zeros(2, 2))], lr=lr, **kwargs)
    except Exception as error:
        raise ValueError(f"optimizer: {cls.__name__} cannot be made with lr={lr}, {kwargs}: {error}") from error


def _is_final(cls, base):
    return isinstance(cls, type) and issubclass(cls, base) and cls is not base
