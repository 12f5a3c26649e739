"""From what the user passes as `weighting` to the object a fit trains with."""

import copy

import numpy as np
import torch

from .._validation import check_option
from ._torchjd import from_torchjd, is_torchjd

__all__ = ["build_weighting", "resolve_weighting"]


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
            f"weighting must be one of {sorted(known)}, a TorchJD aggregator, or an object with build(n_tasks), such "
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
    reads = getattr(built, "reads", ("losses",))
    if not set(reads) <= {"losses", "gramian", "jacobian"} or not reads:
        raise TypeError(f"weighting: {name}.reads must name 'losses', 'gramian' or 'jacobian'. Got {reads!r} instead.")
    method = "aggregate" if hasattr(built, "aggregate") else "weights"
    if not callable(getattr(built, method, None)):
        raise TypeError(f"weighting: {name}.build must return an object with weights({', '.join(reads)}).")
    _try_weighting(built, method, reads, n_tasks, name)
    return built


def _try_weighting(built, method, reads, n_tasks, name):
    statistics = {"losses": torch.ones(n_tasks), "gramian": np.eye(n_tasks), "jacobian": torch.eye(n_tasks)}
    # A copy, so that the trial leaves no trace in its state.
    result = torch.as_tensor(getattr(copy.deepcopy(built), method)(*(statistics[r] for r in reads)))
    if result.shape != (n_tasks,):
        kind = "one value per column of the jacobian" if method == "aggregate" else "one weight per task"
        raise ValueError(
            f"weighting: {name}.{method} must return {kind}, shape ({n_tasks},). "
            f"Got shape {tuple(result.shape)} instead."
        )
    # Gradients may be opposed to one another, losses may not.
    signed = set(reads) != {"losses"}
    if not torch.isfinite(result).all() or (not signed and (result < 0).any()):
        raise ValueError(
            f"weighting: {name}.{method} must return finite {'values' if signed else 'weights >= 0'}. "
            f"Got {result.tolist()} for {' and '.join(reads)} of 1."
        )
