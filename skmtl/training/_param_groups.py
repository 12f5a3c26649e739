"""Parameters that ask for a learning rate or a weight decay of their own."""

import inspect

import torch

__all__ = ["check_groups", "parameter_groups"]


def parameter_groups(module, parameters, optimizer, lr):
    """Return the groups of an optimiser: all ordinary parameters first, then those that ask for something.

    A layer asks by a method ``parameter_options()``: names of its own parameters -> ``lr_factor``, by which
    the learning rate is multiplied, and ``weight_decay``, which is ignored by optimisers that have none.

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
    asked = _asked(module)
    groups = {(): []}
    for parameter in parameters:
        options = asked.get(id(parameter), {})
        groups.setdefault(tuple(sorted(options.items())), []).append(parameter)
    decays = "weight_decay" in inspect.signature(optimizer).parameters
    ordinary = {"params": groups.pop(())}
    return [ordinary, *({"params": part, **_settings(dict(key), lr, decays)} for key, part in groups.items())]


def check_groups(module, optimizer):
    """Raise ValueError if parameters ask for rates of their own that the optimiser cannot give.

    Parameters
    ----------
    module : torch.nn.Module
        The network.
    optimizer : type
        ``torch.optim.Optimizer`` subclass.
    """
    if issubclass(optimizer, torch.optim.LBFGS) and _asked(module):
        raise ValueError(
            "optimizer: LBFGS has one learning rate for all parameters, but trunk or sharing asks for several: set "
            "lr_factor=1, or use another optimizer."
        )


def _asked(module):
    asked = {}
    for layer in module.modules():
        options = getattr(layer, "parameter_options", dict)()
        if options:
            named = dict(layer.named_parameters())
            asked |= {id(named[name]): values for name, values in options.items()}
    # Those that ask for what everyone gets.
    return {key: values for key, values in asked.items() if values and values != {"lr_factor": 1.0}}


def _settings(options, lr, decays):
    factor = options.get("lr_factor", 1.0)
    settings = {"lr": lr * factor, "lr_factor": factor}
    if decays and "weight_decay" in options:
        settings["weight_decay"] = options["weight_decay"]
    return settings
