"""The fitted network inside whatever the user has fitted around it."""

import copy

import torch
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils.validation import check_is_fitted

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
    inner = estimator
    while not hasattr(inner, "_arranged"):
        if getattr(inner, "steps", None):
            check_is_fitted(inner)
            if X is not None and len(inner.steps) > 1:
                X = inner[:-1].transform(X)
            inner = inner.steps[-1][1]
        elif hasattr(inner, "best_estimator_") or isinstance(inner, BaseSearchCV):
            check_is_fitted(inner, "best_estimator_")
            inner = inner.best_estimator_
        else:
            raise TypeError(
                f"{user} reads the network of a fitted MultiTaskCNNClassifier, or of a search or pipeline around one. "
                f"Got {type(inner).__name__} instead, which has none; patch_importance takes any classifier."
            )
    check_is_fitted(inner, "net_")
    return inner, X


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
