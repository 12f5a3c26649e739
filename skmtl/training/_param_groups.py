"""Parameters that ask for a learning rate or a weight decay of their own."""

import inspect
from numbers import Real

import torch

from .._validation import did_you_mean

__all__ = ["check_groups", "parameter_groups"]

OPTIONS = ("lr_factor", "weight_decay")


def parameter_groups(module, parameters, optimizer, lr):
    """Return the groups of an optimiser: all ordinary parameters first, then those that ask for something.

    A layer asks by a method ``parameter_options()``: names of its own parameters -> ``lr_factor``, by which
    the learning rate is multiplied, and ``weight_decay``.

    Parameters
    ----------
    module : torch.nn.Module
        The network.
    parameters : list of torch.nn.Parameter
        All that the optimiser gets.
    optimizer : type
        ``torch.optim.Optimizer`` subclass.
    lr : float
        Learning rate of ordinary parameters.

    Returns
    -------
    list of dict
        The first has ``params`` only.
    """
    asked = _asked(module, optimizer)
    groups = {(): []}
    for parameter in parameters:
        groups.setdefault(tuple(sorted(asked.get(id(parameter), {}).items())), []).append(parameter)
    ordinary = {"params": groups.pop(())}
    return [ordinary, *({"params": part, **_settings(dict(key), lr)} for key, part in groups.items())]


def check_groups(module, optimizer):
    """Raise ValueError if parameters ask for what does not exist, or for rates that the optimiser cannot give.

    Parameters
    ----------
    module : torch.nn.Module
        The network.
    optimizer : type
        ``torch.optim.Optimizer`` subclass.
    """
    asked = _asked(module, optimizer)
    if asked and issubclass(optimizer, torch.optim.LBFGS):
        raise ValueError(
            "optimizer: LBFGS has one learning rate for all parameters, but trunk or sharing asks for several: set "
            "lr_factor=1, or use another optimizer."
        )


def _asked(module, optimizer):
    """Return what parameters ask for that is not what everyone gets: id -> options."""
    usual = {"lr_factor": 1.0}
    if "weight_decay" not in inspect.signature(optimizer).parameters:
        usual["weight_decay"] = 0.0
    asked = {}
    for layer in module.modules():
        options = layer.parameter_options() if callable(getattr(layer, "parameter_options", None)) else {}
        named = dict(layer.named_parameters()) if options else {}
        for name, values in options.items():
            _check(layer, name, values, named)
            special = {key: value for key, value in values.items() if key not in usual or value != usual[key]}
            if "weight_decay" in special and "weight_decay" in usual:
                raise ValueError(
                    f"optimizer: {optimizer.__name__} has no weight_decay, but {type(layer).__name__} asks for "
                    f"{special['weight_decay']} for {name!r}: use another optimizer, or ask for 0."
                )
            if special:
                asked[id(named[name])] = special
    return asked


def _check(layer, name, values, named):
    start = f"parameter_options of {type(layer).__name__} must map names of its parameters to 'lr_factor' and "
    start += "'weight_decay', finite numbers >= 0. "
    if name not in named:
        raise ValueError(f"{start}It names {name!r}, which is no parameter.{did_you_mean(name, named)}")
    for key, value in values.items():
        if key not in OPTIONS:
            raise ValueError(f"{start}It asks for {key!r} for {name!r}.{did_you_mean(key, OPTIONS)}")
        if not (isinstance(value, Real) and 0 <= value < float("inf")):
            raise ValueError(f"{start}It asks for {key}={value!r} for {name!r}.")


def _settings(options, lr):
    factor = options.get("lr_factor", 1.0)
    return {**options, "lr": lr * factor, "lr_factor": factor}
