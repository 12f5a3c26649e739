"""A matrix of task affinities, as users may give it."""

import numpy as np
import pandas as pd

from .._validation import did_you_mean

__all__ = ["read_affinity"]


def read_affinity(affinity):
    """Return the tasks and the affinities between them.

    Parameters
    ----------
    affinity : DataFrame, array-like of shape (n_tasks, n_tasks), or object with such an attribute ``affinity``
        Rows giving, columns receiving. A data frame's columns are put in the order of its rows.

    Returns
    -------
    task_names : list
        The row names of a data frame, else column indices.
    matrix : ndarray of shape (n_tasks, n_tasks)
        With zeros on the diagonal, whatever was there.

    Raises
    ------
    ValueError
        If the matrix is not square, names other tasks in its rows than in its columns, or has an entry off the
        diagonal that is not a finite number.

    Examples
    --------
    >>> frame = pd.DataFrame([[0.5, 0.0], [0.0, 0.2]], index=["left", "right"], columns=["right", "left"])
    >>> read_affinity(frame)
    (['left', 'right'], array([[0. , 0.5],
           [0.2, 0. ]]))
    """
    if not isinstance(affinity, pd.DataFrame):  # which may have a task of this name
        affinity = getattr(affinity, "affinity", affinity)
    if isinstance(affinity, pd.DataFrame):
        affinity = _aligned(affinity)
        names = list(affinity.index)
    else:
        names = None
    try:
        matrix = np.array(affinity, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"affinity must hold numbers, one per pair of tasks ({error}).") from error
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise ValueError(
            "affinity must have shape (n_tasks, n_tasks): rows giving, columns receiving. "
            f"Got shape {matrix.shape} instead."
        )
    names = list(range(len(matrix))) if names is None else names
    np.fill_diagonal(matrix, 0.0)
    if not np.isfinite(matrix).all():
        giver, receiver = np.argwhere(~np.isfinite(matrix))[0]
        raise ValueError(
            f"affinity must be finite off its diagonal. Got {matrix[giver, receiver]} from {names[giver]!r} to "
            f"{names[receiver]!r}: measure it with more repeats or labels, or put 0 where nothing is known."
        )
    return names, matrix


def _aligned(frame):
    """Return the frame with its columns in the order of its rows."""
    for axis, labels in (("rows", frame.index), ("columns", frame.columns)):
        if not labels.is_unique:
            raise ValueError(f"affinity names the task {labels[labels.duplicated()][0]!r} twice in its {axis}.")
    lacking = [name for name in frame.index if name not in frame.columns]
    if lacking or len(frame.index) != len(frame.columns):
        hint = did_you_mean(lacking[0], frame.columns) if lacking else ""
        raise ValueError(
            "affinity must have the same tasks as rows and as columns. Got the rows "
            f"{list(frame.index)!r} and the columns {list(frame.columns)!r} instead.{hint}"
        )
    return frame[list(frame.index)]
