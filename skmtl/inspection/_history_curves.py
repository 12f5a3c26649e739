"""What a recorded history tells of one task."""

import numpy as np

__all__ = ["QUANTITIES", "best_epoch", "task_curves"]

# Of every quantity: its axis label, the keys of its curves with their legends, and what a fit must be told to have it.
QUANTITIES = {
    "loss": ("loss", {"train_loss": "training", "valid_loss": "validation"}, None),
    "score": ("accuracy", {"valid_score": "validation"}, "early_stopping=True"),
    "weight": ("weight", {"weight": "weight"}, None),
    "conflict": ("share of steps", {"conflict": "against other tasks"}, "record_conflicts=True"),
}


def task_curves(history, task_names, quantity, task):
    """Return legend -> values of shape (n_epochs,).

    Parameters
    ----------
    history : list of dict
        A row per epoch.
    task_names : list
        Names of the tasks.
    quantity : str
        One of `QUANTITIES`.
    task : int
        Index of the task.

    Raises
    ------
    ValueError
        If the history has none.
    """
    if not history:
        raise ValueError("history has no row, so there is nothing to draw: train for at least one epoch.")
    _, keys, remedy = QUANTITIES[quantity]
    if quantity == "conflict":
        curves = {"against other tasks": _conflicts(history, task)}
        if len(task_names) > 2:
            curves["all pairs"] = _read(history, "conflict_rate")
    else:
        curves = {legend: _read(history, f"{task_names[task]}_{key}") for key, legend in keys.items()}
    found = {legend: values for legend, values in curves.items() if values is not None}
    if not found:
        key = "gradient_conflict" if quantity == "conflict" else f"{task_names[task]}_{next(iter(keys))}"
        advice = f"fit with {remedy}" if remedy else "check task_names"
        raise ValueError(f"history has no {key!r}, which quantity={quantity!r} needs: {advice}.")
    return found


def best_epoch(history):
    """Return the first epoch with the highest ``valid_score``, None if there is none."""
    scores = _read(history, "valid_score")
    if scores is None or np.isnan(scores).all():
        return None
    return history[int(np.nanargmax(scores))]["epoch"]


def _read(history, key):
    # Calls of partial_fit between fits record less than these.
    if not any(key in row for row in history):
        return None
    values = [row.get(key) for row in history]
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _conflicts(history, task):
    if not any("gradient_conflict" in row for row in history):
        return None
    return np.array([_mean_of_others(row.get("gradient_conflict"), task) for row in history])


def _mean_of_others(shares, task):
    """Return the mean of a task's row of a (T, T) table over the other tasks, NaN if none is known."""
    # The missing cells of a DataFrame are NaN.
    if np.ndim(shares) != 2:
        return np.nan
    others = np.delete(np.asarray(shares, dtype=float)[task], task)
    return np.nan if np.isnan(others).all() else float(np.nanmean(others))
