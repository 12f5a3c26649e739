"""Affinities and their errors, however they come."""

import numpy as np
import pandas as pd

__all__ = ["read_error", "read_matrix"]


def read_matrix(affinity, task_names):
    """Return a square matrix of floats and the names of its tasks.

    Parameters
    ----------
    affinity : DataFrame or array-like of shape (n_tasks, n_tasks)
        Rows give, columns receive.
    task_names : sequence or None
        Names of the tasks; None for those of the DataFrame, or "task0", "task1" ...
    """
    names = list(affinity.columns) if isinstance(affinity, pd.DataFrame) else None
    if names is not None and list(affinity.index) != names:
        if set(affinity.index) != set(names):
            raise ValueError(
                f"affinity must have the same tasks in its rows and columns. Got rows {list(affinity.index)!r} and "
                f"columns {names!r} instead."
            )
        affinity = affinity.loc[names]
    matrix = np.asarray(affinity, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise ValueError(f"affinity must be a square matrix (n_tasks, n_tasks). Got shape {matrix.shape} instead.")
    names = list(task_names) if task_names is not None else names or [f"task{i}" for i in range(len(matrix))]
    if len(names) != len(matrix):
        raise ValueError(
            f"task_names must have {len(matrix)} entries, one per task of affinity. Got {names!r} instead."
        )
    return matrix, names


def read_error(standard_error, names):
    """Return standard errors as a matrix, those of a DataFrame in the order of `names`."""
    if isinstance(standard_error, pd.DataFrame) and set(standard_error.columns) == set(names) == set(
        standard_error.index
    ):
        standard_error = standard_error.loc[names, names]
    error = np.asarray(standard_error, dtype=float)
    if error.shape != (len(names), len(names)):
        raise ValueError(
            f"standard_error must have the shape {(len(names), len(names))} of affinity. Got {error.shape} instead."
        )
    return error
