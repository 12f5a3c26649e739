"""How TorchJD's objects are recognised, copied and called."""

import copy
import warnings
from contextlib import contextmanager

import numpy as np
import torch

__all__ = [
    "MISFITS",
    "FromTorchJD",
    "combines",
    "derivative",
    "inner_of",
    "is_void",
    "kinds_of",
    "parts_are",
    "run",
    "shown",
]

# What TorchJD raises, or PyTorch inside of it, on the wrong number of tasks.
MISFITS = (ValueError, TypeError, RuntimeError, IndexError)


def kinds_of(obj):
    """Return the names of the classes of TorchJD that `obj` is an instance of."""
    return {cls.__name__ for cls in type(obj).__mro__ if cls.__module__.partition(".")[0] == "torchjd"}


def parts_are(obj, kinds):
    """Return whether `obj` or something it is made of is one of `kinds`."""
    return any(kinds_of(part) & kinds for part in obj.modules())


def combines(aggregator):
    """Return whether an aggregator does nothing but combine the rows, whatever it inherits from."""
    return type(aggregator).forward.__qualname__ == "WeightedAggregator.forward"


def inner_of(obj):
    """Return the weighting of an aggregator that does nothing but combine the rows; of anything else, itself."""
    if "Aggregator" not in kinds_of(obj) or not combines(obj):
        return obj
    return obj.gramian_weighting if hasattr(obj, "gramian_weighting") else obj.weighting


def shown(obj):
    """Return the repr of `obj` in one line."""
    return " ".join(repr(obj).split())


def _bring(module, like):
    # Tensors such as a preference vector are no buffers, and the user's need not be of the type of the gradients.
    module.to(like)
    for part in module.modules():
        for name, value in vars(part).items():
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                vars(part)[name] = value.to(like)


def run(module, statistic):
    """Return what `module` makes of a statistic, without gradients."""
    # Linear algebra has no half precision.
    statistic = statistic.detach().to(torch.promote_types(statistic.dtype, torch.float32))
    _bring(module, statistic)
    with torch.no_grad(), _quiet(module):
        return module(statistic)


@contextmanager
def _quiet(module):
    # Both are about NashMTL's own formulation, which its user cannot change.
    if not parts_are(module, {"_NashMTLWeighting"}):
        yield
        return
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*parameterized problem that is not DPP", category=UserWarning)
        yield


def derivative(scalarizer, losses):
    """Return the derivatives of a scalarizer's value with respect to the losses, in CPU memory."""
    values = losses.detach().float().cpu().requires_grad_()
    _bring(scalarizer, values)
    with torch.enable_grad():
        return torch.autograd.grad(scalarizer(values), values)[0]


def is_void(jacobian):
    """Return whether there is nothing in a jacobian to compare, or infinite values."""
    # Solvers raise there. A step that has overflowed, of float16 say, must reach the scaler, which skips it.
    size = jacobian.float().norm() ** 2
    return not (size > 0 and torch.isfinite(size))


class FromTorchJD:
    """What all TorchJD objects have in common: the user's own, and a private copy that works."""

    def __init__(self, source):
        self.source = source

    def build(self, n_tasks):
        """Return a fresh object for a model of `n_tasks` tasks, having tried whether it fits them."""
        built = super().build(n_tasks)
        built.module_ = copy.deepcopy(inner_of(self.source))
        for part in built.module_.modules():
            if "Stateful" in kinds_of(part):
                part.reset()
        try:
            built._try(copy.deepcopy(built.module_), n_tasks)
        except MISFITS as error:
            raise ValueError(
                f"weighting={shown(self.source)} must fit a model of {n_tasks} task{'s' * (n_tasks != 1)}. TorchJD "
                f"says: {error}"
            ) from error
        return built

    def _try(self, module, n_tasks):
        run(module, torch.eye(n_tasks))
