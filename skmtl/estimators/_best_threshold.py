"""Where to cut the probability of one task's second class."""

import warnings
from collections.abc import Mapping
from numbers import Integral

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from ..metrics._metrics_of_tasks import resolve_metrics

__all__ = ["best_candidate", "candidate_thresholds", "metrics_of_tasks", "scores_of_candidates"]


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
    metrics = resolve_metrics(scoring, cells.encoder.task_names_, complete=False)
    for place, (metric, (_, name, classes)) in enumerate(zip(metrics, cells.tasks, strict=True)):
        if metric is None:
            continue
        _check_labels_only(metric)  # wrong is wrong even where no task has two classes
        if len(classes) == 2:
            metric.check_weights(cells.weights)
        elif isinstance(scoring, Mapping):
            raise ValueError(
                f"scoring names the task {name!r}, which has {len(classes)} classes, but a threshold decides "
                "between two: leave it out."
            )
        metrics[place] = metric.of_classes(classes) if len(classes) == 2 else None
    return metrics


def _check_labels_only(metric):
    if metric.responses != ("predict",):
        raise ValueError(
            f"scoring {metric.name!r} judges probabilities, which no threshold changes: choose a metric of predicted "
            "labels, such as 'balanced_accuracy' or 'f1'."
        )


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


def scores_of_candidates(metric, name, classes, candidates, proba, codes, weights):
    """Return the score of every candidate, of shape (n_candidates,); NaN where the metric is not defined.

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
    """
    y_true = classes[codes]
    with warnings.catch_warnings():
        # No prediction of a class at the ends of the range: such thresholds score 0, which is all there is to say.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        return np.array(
            [metric.on_labels(name, y_true, classes[(proba >= c).astype(int)], weights) for c in candidates]
        )


def best_candidate(scores):
    """Return the place of the best score.

    Of a plateau of equally good ones, the widest if there are several, the middle: at its edges lie the rows next to
    be misjudged.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates,)
        In the order of the thresholds; not NaN all of them.

    Examples
    --------
    >>> best_candidate(np.array([0.5, 0.9, 0.2, 0.9, 0.9, 0.9, np.nan]))
    4
    """
    best = np.flatnonzero(scores == np.nanmax(scores))
    plateau = max(np.split(best, np.flatnonzero(np.diff(best) > 1) + 1), key=len)
    return int(plateau[len(plateau) // 2])
