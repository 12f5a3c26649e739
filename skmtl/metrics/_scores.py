"""Scores of predicted labels over all tasks."""

import warnings

import numpy as np

from .._weights import check_sample_weight, check_task_weights
from ..exceptions import UnlabelledTaskWarning
from ._columns import mean_of_tasks, pair, warn_unlabelled
from ._resolve import resolve_metric

__all__ = ["exact_match_score", "mean_task_score"]


def mean_task_score(
    y_true, y_pred, metric="accuracy", task_weights=None, *, sample_weight=None, missing_label=None, **kwargs
):
    """Return the mean over tasks of a metric of predicted labels.

    Every task counts the same however many labelled cells it has; with one column this is
    scikit-learn's own metric.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        True labels; cells without a label are skipped.
    y_pred : array-like of the same shape
        Predicted labels. Columns are matched by name if both sides have names, else by order.
    metric : str or callable, default="accuracy"
        A name in :func:`sklearn.metrics.get_scorer_names` whose score needs predicted labels
        only, such as ``"f1_macro"``, or a function ``f(y_true, y_pred, **kwargs)``. Of two labels
        without a 1 the second is the positive class, as in :func:`task_scorer`.
    task_weights : sequence or mapping of task -> float, default=None
        Importance (>= 0) of every task; None weighs all the same.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
        Weights of rows or cells.
    missing_label : scalar, default=None
        Extra marker for "no label"; NaN, None, ``pd.NA`` and NaT always mean it.
    **kwargs : dict
        Passed to the metric's function.

    Returns
    -------
    float
        The mean over the tasks that have a labelled cell of positive weight; NaN if none has.

    Raises
    ------
    ValueError
        If the shapes differ, or `metric` needs probabilities or is unknown.

    Warns
    -----
    UnlabelledTaskWarning
        If a task has no labelled cell of positive weight.

    Examples
    --------
    >>> from skmtl.metrics import mean_task_score
    >>> y_true = [["a", 0], ["b", 1], ["b", None], ["a", 1]]
    >>> y_pred = [["a", 0], ["b", 1], ["a", 1], ["a", 1]]
    >>> mean_task_score(y_true, y_pred)
    0.875
    >>> mean_task_score(y_true, y_pred, task_weights={"task0": 1, "task1": 3})
    0.9375
    """
    resolved = resolve_metric(metric, kwargs, maximized=False)
    if resolved.responses != ("predict",):
        raise ValueError(
            f"metric {resolved.name!r} needs probabilities, but mean_task_score compares labels: use a metric such as "
            f"'accuracy', or multi_task_scorer([{resolved.name!r}]), which asks the estimator."
        )
    resolved.check_weights(sample_weight)
    cells = pair(y_true, y_pred, missing_label, sample_weight)
    weights = check_task_weights(task_weights, [c.name for c in cells])
    scores = [_score(resolved, c) for c in cells]
    return mean_of_tasks(scores, [c.counted for c in cells], weights)


def _score(metric, cells):
    if cells.counted:
        return metric.on_labels(cells.name, cells.y_true, cells.y_pred, cells.sample_weight)
    warn_unlabelled(cells.name, len(cells.y_true))
    return float("nan")


def exact_match_score(y_true, y_pred, *, sample_weight=None, missing_label=None):
    """Return the share of rows whose labelled cells are all predicted right.

    Rows without any labelled cell are left out. With one column this is the accuracy; with
    several columns of 0 and 1 it is scikit-learn's multi-label (subset) accuracy.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        True labels; cells without a label are skipped.
    y_pred : array-like of the same shape
        Predicted labels. Columns are matched by name if both sides have names, else by order.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of rows.
    missing_label : scalar, default=None
        Extra marker for "no label"; NaN, None, ``pd.NA`` and NaT always mean it.

    Returns
    -------
    float
        Between 0 and 1; NaN if no cell of positive weight is labelled.

    Raises
    ------
    ValueError
        If the shapes differ.

    Warns
    -----
    UnlabelledTaskWarning
        If no cell of positive weight is labelled.

    Examples
    --------
    >>> from skmtl.metrics import exact_match_score
    >>> exact_match_score([[1, 0], [2, None], [2, 1], [1, 1]], [[1, 0], [2, 1], [1, 1], [1, 0]])
    0.5
    """
    cells = pair(y_true, y_pred, missing_label)
    right = np.ones(len(cells[0].labelled), dtype=bool)
    for c in cells:
        right[c.labelled] &= np.asarray(c.y_true == c.y_pred, dtype=bool)
    sample_weight = check_sample_weight(sample_weight, len(right), (), allow_zero=True)
    rows = np.any([c.labelled for c in cells], axis=0)
    weights = rows.astype(float) if sample_weight is None else np.where(rows, sample_weight, 0)
    if not weights.any():
        positive = " with a positive sample_weight" if rows.any() else ""
        warnings.warn(
            f"y_true has no labelled cell{positive}, so the score is NaN.", UnlabelledTaskWarning, stacklevel=2
        )
        return float("nan")
    return float(np.average(right[rows], weights=weights[rows]))
