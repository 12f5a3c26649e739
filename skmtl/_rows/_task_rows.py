"""The images of every task, told apart by which object holds them."""

from collections.abc import Mapping

import numpy as np
from scipy.sparse import issparse

from ._lazy import LazyRows

__all__ = ["distinct_images"]


def distinct_images(X, name="X"):
    """Return what a mapping task -> images holds, each set of images once.

    Tasks share a set if they are given the same object, views of the same memory, or LazyRows of the same
    rows of the same storage: the network then reads and computes it once.

    Parameters
    ----------
    X : object
        Whatever the user passed.
    name : str, default="X"
        What the user calls it, for the message.

    Returns
    -------
    (tasks, values, input_of) or None
        The keys in order; the distinct values, in the order in which tasks first name them; for every
        task the index of its value. None if X is neither a mapping nor `TaskImages`.

    Raises
    ------
    ValueError
        If X is an empty mapping.

    Examples
    --------
    >>> photos, scans = [[0.0]], [[1.0]]
    >>> distinct_images({"age": photos, "text": scans, "mood": photos})
    (['age', 'text', 'mood'], [[[0.0]], [[1.0]]], [0, 1, 0])
    """
    if hasattr(type(X), "_task_inputs"):
        return X._task_inputs()
    # Some of scipy's sparse matrices are dictionaries.
    if not isinstance(X, Mapping) or issparse(X):
        return None
    # Not len(X), which of skorch's SliceDict is the number of rows.
    tasks, values, input_of = [], [], []
    for task, value in X.items():
        index = next((i for i, other in enumerate(values) if _same(value, other)), len(values))
        if index == len(values):
            values.append(value)
        tasks.append(task)
        input_of.append(index)
    if not tasks:
        raise ValueError(
            f"{name} is an empty mapping: it needs the images of every task, as in {{'age': X1, 'mood': X2}}."
        )
    return tasks, values, input_of


def _same(value, other):
    (storage, *parts), (other_storage, *other_parts) = _origin(value), _origin(other)
    if storage is not other_storage and not _same_memory(storage, other_storage):
        return False
    return all(map(_equal, parts, other_parts))


def _equal(part, other):
    return part is other or (part is not None and other is not None and np.array_equal(part, other))


def _same_memory(array, other):
    # Slices of one array that were made twice, as in {task: X[:100] for task in tasks}.
    if type(array) is not type(other) or type(array) not in (np.ndarray, np.ma.MaskedArray):
        return False
    if array.__array_interface__ != other.__array_interface__:
        return False
    return type(array) is np.ndarray or np.array_equal(np.ma.getmaskarray(array), np.ma.getmaskarray(other))


def _origin(value):
    """Return where the rows lie, which of them they are, and which are no images."""
    return (value._storage, value._indices, value._blank) if isinstance(value, LazyRows) else (value, None, None)
