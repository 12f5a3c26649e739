"""The parameters of an estimator that is to learn some of its tasks alone."""

from collections.abc import Mapping

from .._validation import resolve_task, values_per_task
from .._weights import check_task_weights
from ._cell_weights import resolve_class_weight

__all__ = ["params_for_tasks"]


def params_for_tasks(estimator, tasks, task_names, classes):
    """Return the parameters that tell tasks apart, for some of the tasks alone.

    A single task shares its trunk with none, so that all ways of sharing and all weightings mean the same for it:
    it gets the plain ones, which cost the least.

    Parameters
    ----------
    estimator : BaseMultiTaskCNN
        Only its parameters are read.
    tasks : list of int
        Columns of the target, in the order they are wanted.
    task_names : list
        All tasks.
    classes : list of ndarray
        The labels of all tasks.

    Returns
    -------
    dict
    """
    names = [task_names[t] for t in tasks]
    weights = [float(check_task_weights(estimator.task_weights, task_names)[t]) for t in tasks]
    # A task that is turned off among others is learned where it is alone.
    params = {"task_weights": None if estimator.task_weights is None or not any(weights) else weights}
    class_weight = resolve_class_weight(estimator.class_weight, task_names, classes)
    params["class_weight"] = None if estimator.class_weight is None else [class_weight[t] for t in tasks]
    if isinstance(estimator.head, Mapping):
        heads = values_per_task("head", estimator.head, task_names)
        params["head"] = {name: heads[t] for name, t in zip(names, tasks, strict=True) if heads[t] is not None}
    if estimator.monitor is not None:
        monitor = resolve_task(estimator.monitor, task_names, "monitor")
        params["monitor"] = task_names[monitor] if monitor in tasks else None
    if len(tasks) == 1:
        params |= {"sharing": "hard", "weighting": "equal", "record_conflicts": False}
    return params
