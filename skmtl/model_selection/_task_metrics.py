"""The metric of every task, checked before any training."""

from ..metrics._metrics_of_tasks import resolve_metrics
from ._models_inside import check_responses

__all__ = ["read_metrics"]


def read_metrics(scoring, estimator, frame, fit_params):
    """Return the `Metric` of every task.

    Parameters
    ----------
    scoring : str, callable, scorer or mapping task -> str, callable or scorer
        A mapping names every task.
    estimator : classifier
        To be scored, not fitted yet.
    frame : DataFrame of shape (n_samples, n_tasks)
        From `task_frame`.
    fit_params : dict
        From `read_fit_params`; its ``sample_weight`` counts in scores.

    Raises
    ------
    ValueError, TypeError
        If a metric is none, takes no weights where there are some, or is for fewer classes than the task has.
    AttributeError
        If the estimator will not have what a metric reads.
    """
    metrics = resolve_metrics(scoring, list(frame.columns))
    for place, (metric, name) in enumerate(zip(metrics, frame.columns, strict=True)):
        check_responses(estimator, metric)
        metric.check_weights(fit_params.get("sample_weight"))
        metric.check_classes(name, frame.iloc[:, place].nunique())
    return metrics
