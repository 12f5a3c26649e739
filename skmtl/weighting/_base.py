"""The weighting protocol: from a statistic of a training step to the weights of the tasks."""

import copy
from abc import ABC, abstractmethod
from typing import ClassVar

from sklearn.base import BaseEstimator

__all__ = ["GradientAggregator", "GramianWeighting", "LossWeighting"]


class _Weighting(BaseEstimator, ABC):
    """What all weightings have in common.

    A subclass lists its parameters in ``__init__`` and nothing else. `fit` trains with a private
    copy made by ``build``, which may keep state in attributes ending in ``_``; it is saved with
    the model and survives ``warm_start`` and ``partial_fit``.
    """

    # What `weights` takes, in this order: "losses", "gramian", "jacobian".
    reads: ClassVar[tuple[str, ...]]
    # Whether the weights are the same in every step, so that nobody need ask before each.
    constant: ClassVar[bool] = False
    # Whether `look_again` wants the losses of the batch again after the coming step, at the price of a forward pass.
    looks_again: bool = False

    _parameter_constraints: ClassVar[dict] = {}

    def build(self, n_tasks):
        """Return a fresh object for a model of `n_tasks` tasks, the spec itself untouched.

        Parameters
        ----------
        n_tasks : int
            Number of tasks; those of ``task_weights`` 0 count.

        Raises
        ------
        ValueError
            If a parameter is outside of its range.
        """
        self._validate_params()
        return copy.deepcopy(self)

    def end_epoch(self, losses):
        """Take note of the end of an epoch.

        Parameters
        ----------
        losses : tensor of shape (n_tasks,)
            The epoch's mean training loss of every task.
        """


class LossWeighting(_Weighting):
    """Base of weightings that read nothing but the task losses.

    `fit` trains with a private copy made by ``build``, on which ``weights`` may keep state (in
    attributes ending in ``_``); it is saved with the model and survives ``warm_start``.

    Examples
    --------
    >>> class InverseLoss(LossWeighting):
    ...     def weights(self, losses):
    ...         return 1 / losses.clamp(min=1e-8)
    >>> import torch
    >>> InverseLoss().build(2).weights(torch.tensor([0.5, 2.0]))
    tensor([2.0000, 0.5000])
    """

    reads: ClassVar[tuple[str, ...]] = ("losses",)

    @abstractmethod
    def weights(self, losses):
        """Return weights >= 0, shape (n_tasks,), for one training step; in training, what is less counts as 0.

        Parameters
        ----------
        losses : tensor of shape (n_tasks,)
            Every task's mean loss over the batch's labelled cells, without gradient. A task that has
            no label in the batch keeps its last one; 0 for one that never had a label, or is turned
            off, whose weight does not matter.

        Returns
        -------
        tensor of shape (n_tasks,)
            In any scale: the caller multiplies them by ``task_weights`` and divides by their
            mean, so that ``lr`` means the same for every method.
        """


class GramianWeighting(_Weighting):
    """Base of weightings that read the inner products of the task gradients.

    Examples
    --------
    >>> import numpy as np
    >>> class UnitGradients(GramianWeighting):
    ...     def weights(self, gramian):
    ...         return 1 / np.sqrt(np.diag(gramian))
    >>> UnitGradients().build(2).weights(np.diag([4.0, 1.0]))
    array([0.5, 1. ])
    """

    reads: ClassVar[tuple[str, ...]] = ("gramian",)
    # Whether the Gramian is that of the tasks with a label in the batch and a positive task weight only. Where
    # it is not, because the state has an entry per task, the others have zeros.
    only_active: ClassVar[bool] = True

    @abstractmethod
    def weights(self, gramian):
        """Return weights, shape (n,), for one training step.

        Parameters
        ----------
        gramian : array of shape (n, n), float64, in CPU memory
            Inner products of the gradients of the n tasks that have a label in the batch, and a
            positive task weight; symmetric and positive semi-definite, in the units of the losses
            squared.

        Returns
        -------
        array of shape (n,)
            In the paper's scale: the caller multiplies them by ``task_weights`` and divides by the mean
            of their absolute values. The trunk follows the weighted sum of the gradients; a head
            follows its own, and stands still where the weight is negative.
        """


class GradientAggregator(_Weighting):
    """Base of methods whose gradient is not a weighted sum of the tasks'.

    Examples
    --------
    >>> class SignAgreement(GradientAggregator):
    ...     def aggregate(self, jacobian):
    ...         agree = (jacobian > 0).all(0) | (jacobian < 0).all(0)
    ...         return jacobian.mean(0) * agree
    >>> import torch
    >>> SignAgreement().build(2).aggregate(torch.tensor([[1.0, 2.0], [1.0, -1.0]]))
    tensor([1., 0.])
    """

    reads: ClassVar[tuple[str, ...]] = ("jacobian",)
    # As for `GramianWeighting`: whether the jacobian has rows of tasks that have a say in the step only.
    only_active: ClassVar[bool] = True

    @abstractmethod
    def aggregate(self, jacobian):
        """Return the shared gradient, shape (n_values,), of one training step.

        Parameters
        ----------
        jacobian : tensor of shape (n, n_values)
            The gradients of the n tasks that have a label in the batch and a positive task weight,
            each times this weight (all average 1).

        Returns
        -------
        tensor of shape (n_values,)
            In the scale of the mean of the gradients, so that ``lr`` means what it does elsewhere.
        """
