"""The weighting protocol."""

import copy
from abc import ABC, abstractmethod

import torch
from sklearn.base import BaseEstimator

from .._validation import check_option

__all__ = ["LossWeighting", "build_weighting"]


class LossWeighting(BaseEstimator, ABC):
    """Base of weightings that read nothing but the task losses.

    A subclass lists its parameters in ``__init__`` and computes ``weights``. `fit` trains with
    a private copy made by ``build``, on which ``weights`` may keep state (in attributes ending
    in ``_``); it is saved with the model and survives ``warm_start``.

    Examples
    --------
    >>> class InverseLoss(LossWeighting):
    ...     def weights(self, losses):
    ...         return 1 / losses.clamp(min=1e-8)
    >>> import torch
    >>> InverseLoss().build(2).weights(torch.tensor([0.5, 2.0]))
    tensor([2.0000, 0.5000])
    """

    def build(self, n_tasks):
        """Return a fresh object for a model of `n_tasks` tasks, the spec itself untouched."""
        return copy.deepcopy(self)

    @abstractmethod
    def weights(self, losses):
        """Return non-negative weights, shape (n_tasks,), for one training step.

        Parameters
        ----------
        losses : tensor of shape (n_tasks,)
            The batch's loss of every task, without gradient.

        Returns
        -------
        tensor of shape (n_tasks,)
            In any scale: the caller multiplies them by ``task_weights`` and divides by their
            mean, so that ``lr`` means the same for every method.
        """


def build_weighting(weighting, n_tasks, known):
    """Resolve a name among `known` or take a spec, and build it.

    Raises
    ------
    ValueError, TypeError
        If the name is unknown or the object lacks the protocol.
    """
    if isinstance(weighting, str):
        weighting = known[check_option("weighting", weighting, known)]()
    if isinstance(weighting, type) or not callable(getattr(weighting, "build", None)):
        raise TypeError(
            f"weighting must be one of {sorted(known)} or an object with build(n_tasks), such as a "
            f"skmtl.weighting.LossWeighting. Got {weighting!r} instead."
        )
    built = weighting.build(n_tasks)
    if not callable(getattr(built, "weights", None)):
        raise TypeError(f"weighting: {type(weighting).__name__}.build must return an object with weights(losses).")
    _try_weighting(built, n_tasks, type(weighting).__name__)
    return built


def _try_weighting(built, n_tasks, name):
    # A copy, so that the trial leaves no trace in its state.
    weights = torch.as_tensor(copy.deepcopy(built).weights(torch.ones(n_tasks)))
    if weights.shape != (n_tasks,):
        raise ValueError(
            f"weighting: {name}.weights must return one weight per task, shape ({n_tasks},). "
            f"Got shape {tuple(weights.shape)} instead."
        )
    if not torch.isfinite(weights).all() or (weights < 0).any():
        raise ValueError(
            f"weighting: {name}.weights must return finite weights >= 0. Got {weights.tolist()} for losses of 1."
        )
