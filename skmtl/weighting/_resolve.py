"""From what the user passes as `weighting` to the object a fit trains with."""

import copy

import numpy as np
import torch

from .._validation import check_option
from ._torchjd import from_torchjd, is_torchjd

__all__ = ["ask", "build_weighting", "reads_of", "resolve_weighting"]

READABLE = ({"losses"}, {"gramian"}, {"gramian", "losses"}, {"jacobian"}, {"jacobian", "losses"})


def reads_of(weighting):
    """Return what a weighting reads, a tuple of "losses", "gramian" or "jacobian"."""
    aggregates = callable(getattr(weighting, "aggregate", None))
    return tuple(getattr(weighting, "reads", ("jacobian",) if aggregates else ("losses",)))


def resolve_weighting(weighting, known):
    """Return the spec that a name among `known` stands for, or the spec given.

    Raises
    ------
    ValueError, TypeError
        If the name is unknown or the object lacks the protocol.
    """
    if isinstance(weighting, str):
        return known[check_option("weighting", weighting, known)]()
    if is_torchjd(weighting):
        return from_torchjd(weighting)
    if isinstance(weighting, type) or not callable(getattr(weighting, "build", None)):
        instance = f" Pass an instance, {weighting.__name__}()." if isinstance(weighting, type) else ""
        raise TypeError(
            f"weighting must be one of {sorted(known)}, an object of TorchJD's, or an object with build(n_tasks), such "
            f"as a skmtl.weighting.LossWeighting. Got {weighting!r} instead.{instance}"
        )
    return weighting


def build_weighting(weighting, n_tasks, known):
    """Resolve `weighting`, build it for `n_tasks` tasks, and try it on losses of 1 and unit gradients.

    It may draw random numbers of PyTorch's.

    Raises
    ------
    ValueError, TypeError
        If the name is unknown, a parameter out of range, or the object lacks the protocol.
    """
    spec = resolve_weighting(weighting, known)
    built, name = spec.build(n_tasks), type(spec).__name__
    if built is spec:
        built = copy.deepcopy(spec)
    method = _check_protocol(built, name)
    # With fewer tasks too, which batches without labels of one have. Copies, so that the trial leaves no trace.
    for n in {n_tasks, max(1, n_tasks - 1)} if getattr(built, "only_active", False) else {n_tasks}:
        statistics = {"losses": torch.ones(n), "gramian": np.eye(n), "jacobian": torch.eye(n)}
        result = ask(copy.deepcopy(built), method, [statistics[r] for r in reads_of(built)], n)
        if reads_of(built) == ("losses",) and (result < 0).any():
            raise ValueError(
                f"weighting: {name}.weights must return finite weights >= 0. Got {result.tolist()} for losses of 1."
            )
    return built


def _check_protocol(built, name):
    """Return the name of the method that training calls."""
    reads = getattr(built, "reads", ("losses",))
    if not isinstance(reads, (tuple, list)) or set(reads_of(built)) not in READABLE:
        raise TypeError(
            f"weighting: {name}.reads must be a tuple of 'losses', 'gramian' or 'jacobian', the last two not together. "
            f"Got {reads!r} instead."
        )
    if callable(getattr(built, "aggregate", None)):
        if reads_of(built) != ("jacobian",):
            raise TypeError(f"weighting: {name}.aggregate reads ('jacobian',). Got reads={reads!r} instead.")
        return "aggregate"
    if not callable(getattr(built, "weights", None)):
        raise TypeError(
            f"weighting: {name}.build must return an object with weights({', '.join(reads_of(built))}), or with "
            "aggregate(jacobian)."
        )
    if getattr(built, "looks_again", False) and not callable(getattr(built, "look_again", None)):
        raise TypeError(f"weighting: {name} has looks_again = True and so must have a method look_again(losses).")
    return "weights"


def ask(weighting, method, arguments, n_values, known=None):
    """Return what a weighting's method returns as a tensor of shape (n_values,) without gradient.

    Where it is not `known`, a tensor of bool, it does not matter, and is 0.

    Raises
    ------
    ValueError
        If it is none, or not finite for arguments that are.
    """
    where = f"weighting: {type(weighting).__name__}.{method}"
    result = getattr(weighting, method)(*arguments)
    try:
        result = torch.as_tensor(result).detach()
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{where} must return a tensor or an array. Got {type(result).__name__} instead.") from error
    if result.shape != (n_values,):
        kind = "one value per column of the jacobian" if method == "aggregate" else "one weight per task"
        active = getattr(weighting, "only_active", False)
        fewer = " (A batch may lack a task: to get zeros for it instead, set only_active = False.)" if active else ""
        raise ValueError(
            f"{where} must return {kind}, shape ({n_values},). Got shape {tuple(result.shape)} instead.{fewer}"
        )
    if known is not None:
        result = torch.where(known, result.to(known.device), 0.0)
    # Elsewhere that would wait for the device, and the loss of the epoch tells.
    finite = result.device.type != "cpu" or result.isfinite().all()
    if not finite and all(torch.as_tensor(argument).isfinite().all() for argument in arguments):
        raise ValueError(f"{where} must return finite values. Got {result.tolist()} for {arguments!r}.")
    return result
