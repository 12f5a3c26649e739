"""Which score of a search is whose: tasks and metrics from names such as "left_accuracy"."""

from collections.abc import Mapping

from .._validation import did_you_mean

__all__ = ["score_keys"]

REMEDY = (
    "Search with scoring=skmtl.metrics.multi_task_scorer(...), which scores every task, and refit='mean_accuracy' "
    "(or the metric of yours); of an Optuna study name the objectives with study.set_metric_names(...)"
)


def score_keys(keys, metric, names, n_tasks, refit):
    """Find the score of every task.

    Parameters
    ----------
    keys : list of str
        Names of the scores there are.
    metric : str, mapping of task -> key or metric, or None
        What was asked for.
    names : list
        Lists of task names to try, in this order; None: take them from the keys.
    n_tasks : int or None
        The number of tasks, if it is known.
    refit : object
        The score that the search chose by: its metric decides between several.

    Returns
    -------
    dict of task -> key

    Raises
    ------
    ValueError
        If some task has no score, or several metrics could be meant.

    Examples
    --------
    >>> keys = ["left_accuracy", "right_accuracy", "mean_accuracy", "min_accuracy"]
    >>> score_keys(keys, None, [None], 2, True)
    {'left': 'left_accuracy', 'right': 'right_accuracy'}
    """
    if not isinstance(metric, (str, Mapping, type(None))):
        raise TypeError(f"metric must be a str, a mapping task -> name of its score, or None. Got {metric!r} instead.")
    if isinstance(metric, Mapping):
        return _given(keys, metric, names, n_tasks)
    found = {}
    for tasks in names:
        found = found or (_by_task(keys, tasks) if tasks else _by_summary(keys) or _by_suffix(keys, metric, n_tasks))
    if not found:
        raise ValueError(f"The search has no score of every task, only {sorted(keys)!r}. {REMEDY}.")
    if metric is None:
        metric = next(iter(found)) if len(found) == 1 else _decided(found, refit)
    if metric not in found:
        hint = did_you_mean(metric, found)
        raise ValueError(f"metric must be one of {sorted(found)}, which every task has. Got {metric!r} instead.{hint}")
    return found[metric]


def _given(keys, metric, names, n_tasks):
    # As everywhere else, the metric alone tells of a task what its score is: {"left": "accuracy"}.
    found = {task: key if key in keys else f"{task}_{key}" for task, key in metric.items()}
    for task, key in found.items():
        if key not in keys:
            hint = did_you_mean(key, _of_task(keys, str(task)).values()) or did_you_mean(metric[task], keys)
            raise ValueError(f"metric names the score {metric[task]!r}, but the search has {sorted(keys)!r}.{hint}")
    metric = found
    tasks = names[0] or list(metric)
    if set(tasks) != set(metric) or len(tasks) != (n_tasks or len(tasks)):
        raise ValueError(
            f"metric must map every task to its score. Got the tasks {list(metric)!r}, but the search has "
            f"{names[0] or n_tasks!r}."
        )
    # Without names from elsewhere, the search's order is that of the tasks: weights without names follow it.
    return {task: metric[task] for task in (names[0] or sorted(tasks, key=lambda task: keys.index(metric[task])))}


def _by_task(keys, tasks):
    """Return metric -> task -> key for the metrics that all of these tasks have."""
    per_task = [_of_task(keys, str(task)) for task in tasks]
    metrics = [m for m in per_task[0] if all(m in found for found in per_task)] if per_task else []
    return {m: {task: found[m] for task, found in zip(tasks, per_task, strict=True)} for m in metrics}


def _of_task(keys, task):
    return {key[len(task) + 1 :]: key for key in keys if key == task or key.startswith(f"{task}_")}


def _by_summary(keys):
    """Read the names of `multi_task_scorer`, which scores the mean and the minimum beside every task."""
    metrics = [key.removeprefix("mean_") for key in keys if key.startswith("mean_")]
    found = {m: {} for m in metrics if f"min_{m}" in keys}
    for key in keys:
        # The longest ending: "left_balanced_accuracy" is no "accuracy" of a task "left_balanced".
        ending = max((m for m in found if key.endswith(f"_{m}")), key=len, default=None)
        if ending is not None and key not in {f"mean_{ending}", f"min_{ending}"}:
            found[ending][key.removesuffix(f"_{ending}")] = key
    return {m: tasks for m, tasks in found.items() if tasks}


def _by_suffix(keys, metric, n_tasks):
    """Take what the keys end with alike for their metric."""
    ending = f"_{metric}"
    if metric is None:
        if len(keys) != n_tasks or keys == ["score"]:
            return {}
        endings = [keys[0][i:] for i, letter in enumerate(keys[0]) if letter == "_" and i]
        ending = next((end for end in endings if len(keys) > 1 and all(key.endswith(end) for key in keys)), "")
    tasks = {key.removesuffix(ending): key for key in keys if key.endswith(ending)}
    return {ending[1:]: tasks} if tasks and len(tasks) == (n_tasks or len(tasks)) else {}


def _decided(found, refit):
    """Return the metric of the score that the search chose by."""
    if isinstance(refit, str):
        for metric, tasks in found.items():
            if refit in {*tasks.values(), f"mean_{metric}", f"min_{metric}"}:
                return metric
    raise ValueError(f"The search has several metrics of every task: choose metric= one of {sorted(found)}.")
