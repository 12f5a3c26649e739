"""The fitted network inside whatever the user has fitted around it."""

import copy

import torch
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..metrics._nested import nested

__all__ = ["copied_network", "fitted_network"]


def fitted_network(estimator, X, user):
    """Return the classifier that holds the network, and `X` as it reaches this classifier.

    Parameters
    ----------
    estimator : estimator
        A fitted ``MultiTaskCNNClassifier``, or a search or pipeline around one.
    X : array-like, or None
        Input of `estimator`; what is None stays so.
    user : str
        Who asks, for messages.

    Returns
    -------
    classifier : estimator
    X : array-like, or None
        Behind the pipeline's earlier steps.

    Raises
    ------
    TypeError
        If there is no such network in `estimator`.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    """
    inner, seen = estimator, X
    for inner, seen in nested(estimator, X, ("best_estimator_",)):
        if _has_network(inner):
            check_is_fitted(inner, "net_")
            return inner, seen
        if isinstance(inner, (BaseSearchCV, Pipeline)):
            check_is_fitted(inner)
    found = type(inner).__name__
    raise TypeError(
        f"{user} reads the network of a fitted MultiTaskCNNClassifier, or of a search or pipeline around one. "
        f"Got {found} instead, {_remedy(inner)}; patch_importance takes any classifier."
    )


def _has_network(estimator):
    return hasattr(estimator, "_arranged")


def _remedy(estimator):
    if isinstance(estimator, BaseSearchCV):
        return "which has fitted none: search with refit=True"
    if any(_has_network(inner) for inner, _ in nested(estimator, None)):
        # Its predictions are not those of the networks inside, so the user says which to explain.
        held = "estimator_" if hasattr(estimator, "estimator_") else "estimators_"
        return f"whose networks are in its {held}: pass one of these"
    return "which has none"


def copied_network(classifier):
    """Return a copy of a fitted network in evaluation mode.

    Whatever is done to a copy, hooks, gradients and modes of the fitted one stay as they are.

    Parameters
    ----------
    classifier : MultiTaskCNNClassifier
        Fitted.

    Returns
    -------
    MultiTaskModule
    """
    # What is made in inference mode could have no gradients.
    with torch.inference_mode(False):
        return copy.deepcopy(classifier.net_.module_).eval()
