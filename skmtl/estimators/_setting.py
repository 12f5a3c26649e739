"""What the parameters of an estimator stand for, given the tasks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from sklearn.base import clone

from .._validation import check_option, resolve_task, values_per_task
from .._weights import check_task_weights
from ..nn import HEADS, SHARINGS, TRUNKS, LinearHead, OrdinalHead
from ..training import (
    RandomStream,
    check_net_params,
    check_optimizer,
    check_task_sampling,
    copy_callbacks,
    resolve_optimizer,
    resolve_scheduler,
)
from ..weighting import WEIGHTINGS, build_weighting

__all__ = ["Setting", "resolve_setting"]


@dataclass(frozen=True)
class Setting:
    """Resolved parameters of one fit.

    Attributes
    ----------
    trunk : spec, module class, factory or module instance
        Of the shared layers.
    sharing : spec
        How the tasks share them.
    heads : list
        One spec per task.
    task_weights : tensor of shape (n_tasks,)
        The user's importances.
    weighting : object with ``weights`` or ``aggregate``
        Built weighting.
    optimizer, optimizer_kwargs : type, dict
        The class, and its arguments but for the learning rate.
    scheduler : tuple
        (factory, "batch" or "epoch").
    net_params : dict
        Further skorch arguments.
    monitor : int or None
        Task that drives early stopping; None for the mean.
    device : torch.device
        Where the network runs.
    callbacks : list
        Copies of the user's.
    """

    trunk: Any
    sharing: Any
    heads: list
    task_weights: torch.Tensor
    weighting: Any
    optimizer: type
    optimizer_kwargs: dict
    scheduler: tuple
    net_params: dict
    monitor: int | None
    device: torch.device
    callbacks: list


def resolve_setting(estimator, task_names, orders):
    """Check every option against the others and the tasks, before anything is built.

    Parameters
    ----------
    estimator : BaseMultiTaskCNN
        Only its parameters are read.
    task_names : list
        The tasks.
    orders : list of (list or None)
        The levels of every task's labels, where these came with an order.

    Returns
    -------
    Setting
    """
    device = _device(estimator.device)
    prefix = "optimizer__"
    own = {str(k).removeprefix(prefix): v for k, v in (estimator.net_params or {}).items() if str(k).startswith(prefix)}
    optimizer, kwargs = resolve_optimizer(estimator.optimizer, estimator.weight_decay, device.type, own)
    net_params, scheduler_params = check_net_params(estimator.net_params, optimizer, estimator.lr_scheduler)
    check_optimizer(optimizer, {**kwargs, **own}, estimator.lr)
    if check_task_sampling(estimator.task_sampling) > 1 and issubclass(optimizer, torch.optim.LBFGS):
        raise ValueError(
            f"task_sampling={estimator.task_sampling!r} draws other rows every epoch, but LBFGS needs the same loss at "
            "every step: set task_sampling='proportional', or use another optimizer."
        )
    trunk, monitor = estimator.trunk, estimator.monitor
    with RandomStream(0):  # weightings may draw random numbers when they are tried, which must not be the user's
        weighting = build_weighting(estimator.weighting, len(task_names), WEIGHTINGS)
    return Setting(
        trunk=TRUNKS[check_option("trunk", trunk, TRUNKS)]() if isinstance(trunk, str) else trunk,
        sharing=_sharing_spec(estimator.sharing),
        heads=_head_specs(estimator.head, task_names, orders),
        task_weights=torch.as_tensor(check_task_weights(estimator.task_weights, task_names)),
        weighting=weighting,
        optimizer=optimizer,
        optimizer_kwargs=kwargs,
        scheduler=resolve_scheduler(estimator.lr_scheduler, scheduler_params),
        net_params=net_params,
        monitor=None if monitor is None else resolve_task(monitor, task_names, "monitor"),
        device=device,
        callbacks=copy_callbacks(estimator.callbacks, estimator.lr_scheduler),
    )


def _sharing_spec(sharing):
    if isinstance(sharing, str):
        return SHARINGS[check_option("sharing", sharing, SHARINGS)]()
    if isinstance(sharing, type) or not callable(getattr(sharing, "build", None)):
        raise TypeError(
            f"sharing must be one of {', '.join(map(repr, SHARINGS))} or a spec such as CrossStitch(). "
            f"Got {sharing!r} instead.{_instance_of(sharing)}"
        )
    return sharing


def _head_specs(head, names, orders):
    per_task = values_per_task("head", head, names) if isinstance(head, Mapping) else [head] * len(names)
    specs = []
    for spec, order in zip(per_task, orders, strict=True):
        if spec is None or isinstance(spec, str):
            spec = HEADS["linear" if spec is None else check_option("head", spec, HEADS)]()
        if isinstance(spec, type) or not (isinstance(spec, LinearHead) or callable(getattr(spec, "build", None))):
            raise TypeError(
                f"head must be one of {', '.join(map(repr, HEADS))}, a spec such as MLPHead(hidden=(50,)), or a "
                f"mapping task -> head. Got {spec!r} instead.{_instance_of(spec)}"
            )
        if isinstance(spec, OrdinalHead) and spec.order is None and order is not None:
            # Not the user's own spec, which is never changed.
            spec = clone(spec).set_params(order=order)
        specs.append(spec)
    return specs


def _instance_of(spec):
    return f" Pass an instance, {spec.__name__}()." if isinstance(spec, type) else ""


def _device(device):
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
        torch.empty(1, device=resolved).item()
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        raise ValueError(
            f"device must be 'auto' or a device PyTorch has here. Got {device!r} instead: {error}"
        ) from error
    return resolved
