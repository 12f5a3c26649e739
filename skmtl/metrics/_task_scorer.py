"""One task's score, for ``scoring=``."""

from .._validation import resolve_task
from ._resolve import resolve_metric
from ._scorer_base import NAN, ScorerBase, TaskScores

__all__ = ["task_scorer"]


def task_scorer(task, metric="accuracy", *, missing_label=None, **kwargs):
    """Make a scorer of one task of a multi-task classifier.

    The score is what scikit-learn's own scorer gives on that column and its labelled rows,
    to the last bit.

    Parameters
    ----------
    task : str or int
        Task name (a column name of `y`, else one of the estimator's ``task_names_``, else
        ``"task0"``, ``"task1"``, ...) or index.
    metric : str, callable or scikit-learn scorer, default="accuracy"
        A name in :func:`sklearn.metrics.get_scorer_names` that scores classifiers, such as
        ``"recall_macro"``, ``"neg_log_loss"`` or ``"roc_auc_ovr"``; or a function
        ``f(y_true, y_pred, **kwargs)`` of which more is better; or the result of
        :func:`sklearn.metrics.make_scorer`, with ``greater_is_better=False`` for a loss.
    missing_label : scalar, default=None
        Extra marker for "no label" in `y`. None means the scored estimator's own
        ``missing_label``, if it has one. NaN, None, ``pd.NA`` and NaT always mean it.
    **kwargs : dict
        Passed to the metric's function, such as ``average="macro"`` or ``zero_division=0``.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)`` -> float, more is better.
        `sample_weight` has shape (n_samples,) or (n_samples, n_tasks). NaN, with an
        ``UnlabelledTaskWarning``, if the task has no labelled cell of positive weight.

    Raises
    ------
    ValueError
        If `metric` is unknown, a loss (by name too: ``*_loss``, ``*_error``) or does not score classifiers; when
        called, if there is no such task, or it has more classes than the metric takes.
    TypeError
        If the metric takes no such keyword, or `metric` is not a metric at all.

    See Also
    --------
    multi_task_scorer : All tasks and several metrics at once.

    Notes
    -----
    Where scikit-learn alone would raise,

    - metrics of one positive class (``"f1"``, ``"average_precision"``, ``"neg_brier_score"``, ...) take the second of
      two sorted classes for it if neither is 1, such as "yes" of "no" and "yes", and ``pos_label`` is not given; of
      classes such as 0 and 1, -1 and 1, 1 and 2, False and True it is 1;
    - metrics of probabilities that take ``labels`` are given the estimator's classes if the labelled rows do not show
      all of them.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.model_selection import cross_val_score
    >>> from skmtl.metrics import task_scorer
    >>> X, digit = load_digits(return_X_y=True)
    >>> y = pd.DataFrame({"digit": digit, "odd": digit % 2})
    >>> forest = RandomForestClassifier(n_estimators=10, random_state=0)
    >>> cross_val_score(forest, X, y, scoring=task_scorer("odd", "f1_macro"), cv=3).round(1)
    array([0.9, 1. , 0.9])
    """
    return _TaskScorer(task, metric, missing_label, kwargs)


class _TaskScorer(ScorerBase):
    def __init__(self, task, metric, missing_label, kwargs):
        self._metric = resolve_metric(metric, kwargs)
        self._given = metric
        self._task = task
        self._missing_label = missing_label
        self._kwargs = kwargs

    def __call__(self, estimator, X, y, sample_weight=None):
        scores = TaskScores(estimator, X, y, sample_weight, self._missing_label)
        task = resolve_task(self._task, scores.names)
        scores.check(self._metric)
        return scores.score(task, self._metric) if scores.has_labels(task) else NAN

    def __repr__(self):
        metric = self._given if isinstance(self._given, str) else self._metric.name
        missing = {} if self._missing_label is None else {"missing_label": self._missing_label}
        extra = "".join(f", {k}={v!r}" for k, v in {**missing, **self._kwargs}.items())
        return f"task_scorer({self._task!r}, metric={metric!r}{extra})"
