"""Where to cut the probability of one task's second class."""

import warnings
from collections.abc import Mapping
from numbers import Integral

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from .._validation import values_per_task
from ..metrics._metric import parameters_of, remade
from ..metrics._resolve import resolve_metric

__all__ = ["best_threshold", "candidate_thresholds", "metrics_of_tasks"]


def metrics_of_tasks(scoring, cells):
    """Return the `Metric` of every task whose threshold is to be tuned, None for the others.

    Parameters
    ----------
    scoring : str, callable or mapping task -> str or callable
        A single metric is for all tasks of two classes.
    cells : CodedCells
        The target.

    Raises
    ------
    ValueError, TypeError
        If a metric is none of predicted labels, takes no weights where there are some, or is for a task that has
        not two classes.
    """
    if isinstance(scoring, Mapping):
        given = values_per_task("scoring", scoring, cells.encoder.task_names_)
        for entry, (_, name, classes) in zip(given, cells.tasks, strict=True):
            if entry is not None and len(classes) != 2:
                raise ValueError(
                    f"scoring names the task {name!r}, which has {len(classes)} classes, but a threshold decides "
                    "between two: leave it out."
                )
    else:
        _resolve(scoring, None)  # wrong is wrong even where no task has two classes
        given = [scoring if len(classes) == 2 else None for _, _, classes in cells.tasks]
    metrics = [
        None if g is None else _resolve(g, classes) for g, (_, _, classes) in zip(given, cells.tasks, strict=True)
    ]
    for metric in metrics:
        if metric is not None:
            metric.check_weights(cells.weights)
    return metrics


def _resolve(scoring, classes):
    """Return a metric of labels, of which ``classes[1]`` is the positive one unless the user says otherwise."""
    try:
        metric = resolve_metric(scoring, {})
    except (TypeError, ValueError) as error:
        raise type(error)(f"scoring: {error}") from error
    if metric.responses != ("predict",):
        raise ValueError(
            f"scoring {metric.name!r} judges probabilities, which no threshold changes: choose a metric of predicted "
            "labels, such as 'balanced_accuracy' or 'f1'."
        )
    scorer = metric.scorer
    binary = scorer._kwargs.get("average", "binary") == "binary"
    if classes is None or not binary or "pos_label" not in parameters_of(scorer._score_func):
        return metric
    return type(metric)(metric.name, remade(scorer, {"pos_label": classes[1], **scorer._kwargs}))


def candidate_thresholds(thresholds, proba):
    """Return the thresholds to try, ascending, of shape (n_candidates,).

    Parameters
    ----------
    thresholds : int or array-like
        A number of equal steps from the smallest probability to the largest, as in scikit-learn, or the candidates.
    proba : ndarray of shape (n_labelled,)
        Probabilities.
    """
    if isinstance(thresholds, Integral):
        return np.linspace(proba.min(), proba.max(), thresholds)
    try:
        candidates = np.asarray(thresholds, dtype=np.float64)
    except (TypeError, ValueError):
        candidates = np.empty(0)
    if candidates.ndim != 1 or not len(candidates) or not ((candidates >= 0) & (candidates <= 1)).all():
        raise ValueError(
            f"thresholds must be an int of at least 2 or a list of numbers from 0 to 1. Got {thresholds!r} instead."
        )
    return np.unique(candidates)


def best_threshold(metric, name, classes, candidates, proba, codes, weights):
    """Return (threshold, score) of the best candidate.

    Of a plateau of equally good ones, the widest if there are several, the middle: at its edges lie the rows next to
    be misjudged.

    Parameters
    ----------
    metric : Metric
        Of predicted labels.
    name : object
        Task, for messages.
    classes : ndarray of shape (2,)
        Labels.
    candidates : ndarray of shape (n_candidates,)
        Ascending.
    proba : ndarray of shape (n_labelled,)
        Probabilities of ``classes[1]``.
    codes : ndarray of shape (n_labelled,)
        0 or 1.
    weights : ndarray of shape (n_labelled,) or None
        Weights.

    Examples
    --------
    >>> from skmtl.metrics._resolve import resolve_metric
    >>> metric, classes = resolve_metric("accuracy", {}), np.array(["no", "yes"])
    >>> proba, codes = np.array([0.1, 0.2, 0.6, 0.9]), np.array([0, 0, 0, 1])
    >>> best_threshold(metric, "a", classes, np.linspace(0, 1, 11), proba, codes, None)
    (0.8, 1.0)
    """
    y_true = classes[codes]
    with warnings.catch_warnings():
        # No prediction of a class at the ends of the range: such thresholds score 0, which is all there is to say.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        scores = np.array(
            [metric.on_labels(name, y_true, classes[(proba >= c).astype(int)], weights) for c in candidates]
        )
    scores[np.isnan(scores)] = -np.inf
    best = np.flatnonzero(scores == scores.max())
    plateau = max(np.split(best, np.flatnonzero(np.diff(best) > 1) + 1), key=len)
    middle = plateau[len(plateau) // 2]
    return float(candidates[middle]), float(scores[middle])
