"""All tasks and several metrics at once, for ``scoring=``."""

from collections.abc import Mapping

from .._weights import check_task_weights
from ._columns import mean_of_tasks
from ._resolve import resolve_metric
from ._scorer_base import NAN, ScorerBase, TaskScores

__all__ = ["multi_task_scorer"]


def multi_task_scorer(metrics=("accuracy", "f1_macro"), *, task_weights=None, missing_label=None):
    """Make a scorer of every task, their mean and their minimum, without naming the tasks.

    Each task's score is what scikit-learn's own scorer gives on that column and its labelled
    rows, to the last bit. The estimator predicts once a call, however many tasks and metrics.

    Parameters
    ----------
    metrics : str, sequence or mapping, default=("accuracy", "f1_macro")
        Scorer names or metric functions, as `metric` of :func:`task_scorer`; a mapping
        gives them the names to report. Each is computed for every task: for metrics that not
        all tasks share, see the last example.
    task_weights : sequence or mapping of task -> float, default=None
        Importance (>= 0) of every task in ``mean_<metric>``; None weighs all the same.
        ``min_<metric>`` is over all tasks whatever their weight.
    missing_label : scalar, default=None
        Extra marker for "no label" in `y`. None means the scored estimator's own
        ``missing_label``, if it has one. NaN, None, ``pd.NA`` and NaT always mean it.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)`` -> dict with the keys
        ``"<task>_<metric>"``, ``"mean_<metric>"`` and ``"min_<metric>"``. Task names are
        the column names of `y`, else the estimator's ``task_names_``, else ``"task0"``, ...
        A task without any labelled cell of positive weight scores NaN, with an ``UnlabelledTaskWarning``,
        and counts neither in the mean nor in the minimum.

    Raises
    ------
    ValueError
        If a metric is unknown, a loss, does not score classifiers or comes twice; when called, if
        two keys of the result coincide (a task called "mean", say), a task does not fit a metric, or a
        mapping has tasks for keys.
    TypeError
        If a metric is no metric, or a function without a name comes without a mapping.

    See Also
    --------
    task_scorer : One task, one metric, with the metric's own parameters.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skmtl.metrics import multi_task_scorer
    >>> X, digit = load_digits(return_X_y=True)
    >>> y = pd.DataFrame({"digit": digit, "odd": digit % 2})
    >>> search = GridSearchCV(
    ...     RandomForestClassifier(n_estimators=10, random_state=0), {"max_depth": [2, 8]},
    ...     scoring=multi_task_scorer(["accuracy", "neg_log_loss"]), refit="mean_accuracy", cv=3,
    ... ).fit(X, y)
    >>> search.best_params_
    {'max_depth': 8}
    >>> search.cv_results_["mean_test_odd_accuracy"].round(1)
    array([0.8, 0.9])

    Each task by a metric of its own:

    >>> from sklearn.model_selection import cross_validate
    >>> from skmtl.metrics import task_scorer
    >>> metrics = {"digit": "f1_macro", "odd": "roc_auc"}
    >>> scoring = {task: task_scorer(task, metric) for task, metric in metrics.items()}
    >>> cross_validate(search.best_estimator_, X, y, scoring=scoring, cv=3)["test_odd"].round(1)
    array([1., 1., 1.])
    """
    return _MultiTaskScorer(metrics, task_weights, missing_label)


class _MultiTaskScorer(ScorerBase):
    def __init__(self, metrics, task_weights, missing_label):
        self._metrics = _resolve(metrics)
        self._named_by_user = isinstance(metrics, Mapping)
        self._task_weights = task_weights
        self._missing_label = missing_label

    def __call__(self, estimator, X, y, sample_weight=None):
        scores = TaskScores(estimator, X, y, sample_weight, self._missing_label)
        if self._named_by_user:
            _check_no_tasks(self._metrics, scores.names)
        weights = check_task_weights(self._task_weights, scores.names)
        for metric in self._metrics.values():
            scores.check(metric)
        tasks = range(len(scores.names))
        counted = [scores.has_labels(task) for task in tasks]
        result = {}
        for name, metric in self._metrics.items():
            values = [scores.score(task, metric) if counted[task] else NAN for task in tasks]
            summary = {
                "mean": mean_of_tasks(values, counted, weights),
                "min": min((v for v, c in zip(values, counted, strict=True) if c), default=NAN),
            }
            _add(result, name, zip(scores.names, values, strict=True))
            _add(result, name, summary.items())
        return result

    def __repr__(self):
        given = {"task_weights": self._task_weights, "missing_label": self._missing_label}
        extra = "".join(f", {k}={v!r}" for k, v in given.items() if v is not None)
        return f"multi_task_scorer(metrics={tuple(self._metrics)!r}{extra})"


def _check_no_tasks(metrics, task_names):
    """Raise if a mapping, meant as name -> metric, is one of task -> metric."""
    if {str(name) for name in metrics} <= {str(name) for name in task_names}:
        task, metric = next(iter(metrics.items()))
        raise ValueError(
            f"metrics maps the tasks {list(metrics)!r} to metrics, but its keys are names for metrics that all tasks "
            f"have. For a metric of each task's own pass scoring={{{task!r}: task_scorer({task!r}, {metric.name!r}), "
            "...} to a search or cross_validate."
        )


def _add(result, metric, values):
    for name, value in values:
        key = f"{name}_{metric}"
        if key in result:
            raise ValueError(
                f"Two scores would both be called {key!r}: rename a column of y, or name the metrics with a mapping."
            )
        result[key] = value


def _resolve(metrics):
    if isinstance(metrics, str) or callable(metrics):
        metrics = [metrics]
    if not isinstance(metrics, Mapping):
        named = [(_name(metric), metric) for metric in metrics]
        metrics = dict(named)
        if len(metrics) != len(named):
            names = [name for name, _ in named]
            raise ValueError(f"metrics must not name a metric twice. Got {names!r} instead.")
    if not metrics:
        raise ValueError("metrics is empty: name at least one metric, such as 'accuracy'.")
    return {name: resolve_metric(metric, {}) for name, metric in metrics.items()}


def _name(metric):
    if isinstance(metric, str):
        return metric
    name = getattr(metric, "__name__", "")
    if not name.isidentifier():
        raise TypeError(f"metrics has {metric!r}, which has no name: pass a mapping from a name to it.")
    return name
