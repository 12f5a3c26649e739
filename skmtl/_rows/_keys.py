"""What stands between the brackets of rows."""

from numbers import Integral

import numpy as np

__all__ = ["row_indices"]


def row_indices(key, n_rows, name="LazyRows"):
    """Return what `key` picks of `n_rows` rows of a `name`: an int, or a 1-D array of indices from 0.

    Examples
    --------
    >>> row_indices(-1, 5), row_indices([0, -1], 5).tolist(), row_indices(slice(3), 5).tolist()
    (4, [0, 4], [0, 1, 2])
    """
    if isinstance(key, tuple) and len(key) in (1, 2) and all(part is Ellipsis for part in key[1:]):
        # scikit-learn asks for X[key, ...].
        key = key[0]
    if isinstance(key, slice):
        return np.arange(n_rows)[key]
    if key is Ellipsis:
        return np.arange(n_rows)
    if isinstance(key, Integral) and not isinstance(key, (bool, np.bool_)):
        return int(_within(np.asarray(int(key)), n_rows))
    if isinstance(key, tuple) or key is None:
        raise IndexError(f"{name} picks whole rows: use one key for the rows, as in X[:100]. Got {key!r} instead.")
    return _from_array(key, n_rows, name)


def _from_array(key, n_rows, name):
    try:
        picked = np.asarray(key)
    except ValueError:
        picked = np.asarray(None)
    if picked.ndim == 1 and not len(picked):
        return np.empty(0, np.intp)
    if picked.dtype.kind not in "biu" or picked.ndim > 1 or (picked.dtype == bool and picked.ndim == 0):
        found = f"an array of {picked.dtype} of shape {picked.shape}" if isinstance(key, np.ndarray) else repr(key)
        raise IndexError(
            f"{name} picks rows by an int, a slice, a 1d sequence of ints or a mask of bools. Got {found} instead."
        )
    if picked.ndim == 0:
        return int(_within(picked, n_rows))
    if picked.dtype != bool:
        return _within(picked, n_rows)
    if len(picked) != n_rows:
        raise IndexError(f"A mask must have one bool per row: {n_rows}. Got {len(picked)} instead.")
    return np.flatnonzero(picked)


def _within(picked, n_rows):
    low, high = picked.min(), picked.max()
    if low < -n_rows or high >= n_rows:
        out = low if low < -n_rows else high
        raise IndexError(f"Row {out} is out of range: there are {n_rows} rows, from 0 to {n_rows - 1}.")
    picked = picked.astype(np.intp)
    return np.where(picked < 0, picked + n_rows, picked)
