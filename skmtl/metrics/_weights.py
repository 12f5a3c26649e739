"""Weights of rows, cells and tasks in scores."""

import numpy as np

from .._validation import did_you_mean, values_per_task

__all__ = ["check_not_negative", "check_task_weights", "has_weight", "spread_weights"]


def spread_weights(sample_weight, n_samples, names):
    """Return one weight vector of shape (n_samples,), or None, per task."""
    if sample_weight is None:
        return [None] * len(names)
    if hasattr(sample_weight, "columns") and len(sample_weight.columns) == len(names):
        sample_weight = _in_order(sample_weight, list(names))
    weights = np.asarray(sample_weight, dtype=float)
    if weights.shape not in {(n_samples,), (n_samples, len(names))}:
        raise ValueError(
            f"sample_weight must have shape ({n_samples},) or ({n_samples}, {len(names)}), one weight a row or "
            f"one a cell. Got {weights.shape} instead."
        )
    check_not_negative(weights)
    return list(np.broadcast_to(weights.reshape(n_samples, -1).T, (len(names), n_samples)))


def _in_order(frame, names):
    columns = list(frame.columns)
    if set(columns) == set(names):
        return frame[names]
    if names == [f"task{i}" for i in range(len(names))]:
        return frame  # y has no names: position is all there is to go by
    wrong = next(c for c in columns if c not in names or columns.count(c) > 1)
    raise ValueError(
        f"sample_weight has the columns {columns!r}, but the tasks are {names!r}: name its columns after the tasks."
        f"{did_you_mean(wrong, names)}"
    )


def check_not_negative(weights):
    """Raise ValueError if a weight is negative."""
    if (weights < 0).any():
        raise ValueError(f"sample_weight must be >= 0. Got {np.nanmin(weights)} instead.")


def has_weight(n_labelled, sample_weight):
    """Whether a task has a labelled cell of positive weight, given its labelled cells' weights."""
    return n_labelled > 0 and (sample_weight is None or bool(sample_weight.any()))


def check_task_weights(task_weights, names):
    """Return a weight >= 0 per task, shape (n_tasks,)."""
    if task_weights is None:
        return np.ones(len(names))
    weights = np.asarray(values_per_task("task_weights", task_weights, names, complete=True), dtype=float)
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise ValueError(
            f"task_weights must be finite numbers >= 0, at least one of them above 0. Got {task_weights!r} instead."
        )
    return weights
