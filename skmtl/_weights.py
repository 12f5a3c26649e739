"""Weights of samples, cells and tasks, as training and scores both read them."""

from numbers import Real

import numpy as np
import pandas as pd
from sklearn.utils import check_array

from ._targets import as_array, is_frame
from ._validation import did_you_mean, values_per_task

__all__ = ["check_sample_weight", "check_task_weights"]


def check_task_weights(task_weights, task_names):
    """Return ``task_weights`` as a float64 array of shape (n_tasks,), the largest in [1, 2); ones for None.

    Examples
    --------
    >>> check_task_weights({"right": 12, "left": 4}, ["left", "right"])
    array([0.5, 1.5])
    """
    if task_weights is None:
        return np.ones(len(task_names))
    if hasattr(task_weights, "__array__") and not isinstance(task_weights, pd.Series):
        # Entries of a tensor are tensors.
        task_weights = np.atleast_1d(as_array("task_weights", task_weights))
    values = values_per_task("task_weights", task_weights, task_names, complete=True)
    for name, value in zip(task_names, values, strict=True):
        if not isinstance(value, Real) or not np.isfinite(value) or value < 0:
            raise ValueError(
                f"task_weights must be finite numbers >= 0. Got {value!r} for task {name!r} instead; "
                "0 turns a task off."
            )
    weights = np.asarray(values, dtype=np.float64)
    if not weights.any():
        raise ValueError("task_weights are all zero, so that no task counts: give at least one task a weight.")
    # Only ratios matter, and these fit any floating-point type; a power of two rounds none of them.
    return np.ldexp(weights, 1 - np.frexp(weights.max())[1])


def check_sample_weight(sample_weight, n_samples, task_names, columns=None, *, allow_zero=False):
    """Return sample weights as float64 of shape (n_samples,) or (n_samples, n_tasks), or None.

    Parameters
    ----------
    sample_weight : array-like or None
        A data frame is matched with the tasks by name, where they have names; masked entries count as 0.
    n_samples : int
        Expected length.
    task_names : sequence
        The tasks, in the order of the result; none if only weights of rows make sense.
    columns : list, default=None
        The names of y's columns in y's order, which is that of weights without names. None if y has no names.
    allow_zero : bool, default=False
        Whether all weights may be 0, as those of a fold in cross-validation.

    Returns
    -------
    ndarray or None

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"right": [1, 2], "left": [3, 4]})
    >>> check_sample_weight(frame, 2, ["left", "right"])
    array([[3., 1.],
           [4., 2.]])
    """
    if sample_weight is None:
        return None
    order = slice(None) if columns is None else [columns.index(name) for name in task_names]
    if is_frame(sample_weight) and task_names:
        order = slice(None)
        sample_weight = _in_order(sample_weight, list(task_names), columns)
    weights = _numbers(sample_weight)
    shapes = [(n_samples,), (n_samples, len(task_names))] if task_names else [(n_samples,)]
    if weights.shape not in shapes:
        layout = " (n_samples, n_tasks)" if task_names else ", one weight a row"
        raise ValueError(
            f"sample_weight must have shape {' or '.join(map(str, shapes))}{layout}. Got {weights.shape} instead."
        )
    if (weights < 0).any():
        raise ValueError(f"sample_weight must be >= 0. Got {weights.min()} instead.")
    if not (allow_zero or weights.any()):
        raise ValueError("sample_weight is zero for every sample: at least one must be positive.")
    return weights if weights.ndim == 1 else weights[:, order]


def _in_order(frame, task_names, columns):
    names = list(frame.columns)
    lacking = [name for name in task_names if name not in names]
    if not lacking:
        return frame[task_names]
    if columns is None and task_names == [f"task{t}" for t in range(len(task_names))]:
        return frame  # nobody named the tasks: position is all there is to go by
    raise ValueError(
        f"sample_weight has no column {lacking[0]!r}; its columns are {names!r}, but the tasks are {task_names!r}: "
        f"name its columns after the tasks.{did_you_mean(lacking[0], names)}"
    )


def _numbers(sample_weight):
    if isinstance(sample_weight, np.ma.MaskedArray):
        sample_weight = sample_weight.filled(0)
    try:
        weights = as_array("sample_weight", sample_weight).astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"sample_weight must hold numbers, one per sample or per cell ({error}). Weights by class are the "
            "parameter class_weight of the estimator."
        ) from error
    options = {"ensure_2d": False, "allow_nd": True, "ensure_min_samples": 0}
    return check_array(weights, dtype=np.float64, input_name="sample_weight", **options)
