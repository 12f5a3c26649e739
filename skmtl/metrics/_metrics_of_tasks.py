"""One metric for all tasks, or one for each -> `Metric` by task."""

from collections.abc import Mapping

from .._validation import values_per_task
from ._resolve import resolve_metric

__all__ = ["metric_names", "resolve_metrics"]


def resolve_metrics(scoring, task_names, *, complete=True):
    """Return the `Metric` of every task, in their order.

    Parameters
    ----------
    scoring : str, callable, scorer or mapping task -> str, callable or scorer
        As in :func:`task_scorer`.
    task_names : list
        The tasks.
    complete : bool, default=True
        Whether a mapping must name every task. Otherwise there is None for those that it does not name, or names
        with None.

    Raises
    ------
    ValueError, TypeError
        If a metric is none, or a mapping does not fit the tasks.

    Examples
    --------
    >>> found = resolve_metrics({"shape": "f1_macro", "defect": "roc_auc"}, ["defect", "shape"])
    >>> [metric.name for metric in found]
    ['roc_auc', 'f1_macro']
    """
    if not isinstance(scoring, Mapping):
        return [_resolve(scoring, "scoring")] * len(task_names)
    given = values_per_task("scoring", scoring, task_names, complete=complete)
    return [
        None if metric is None and not complete else _resolve(metric, f"scoring of task {name!r}")
        for name, metric in zip(task_names, given, strict=True)
    ]


def _resolve(metric, where):
    try:
        return resolve_metric(metric, {})
    except (TypeError, ValueError) as error:
        raise type(error)(f"{where}: {error}") from error


def metric_names(metrics, task_names):
    """Return the name of the metric, or a dict task -> name where tasks have different ones.

    Parameters
    ----------
    metrics : list of Metric
        Of every task.
    task_names : list
        The tasks.
    """
    names = dict(zip(task_names, [metric.name for metric in metrics], strict=True))
    return metrics[0].name if len(set(names.values())) == 1 else names
