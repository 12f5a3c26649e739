"""Rows of zarr arrays, HDF5 data sets and their like."""

import numpy as np

from ._base import PART_BYTES, Rows, gather_sorted

__all__ = ["StoredRows", "is_array_store"]

# One request for a range is faster than one for picked rows of it, if they are this dense:
# 4096 of 20,000 rows from chunks of 64 took h5py 165 ms, all of them 5 ms.
DENSE = 8


def is_array_store(X):
    """Return whether `X` has rows that slices and increasing integer arrays pick.

    Frames and series, sparse matrices and arrays of other libraries in memory are left to
    scikit-learn, which knows more about them.
    """
    if any(hasattr(X, name) for name in ("iloc", "columns", "__array_namespace__", "nnz")):
        return False
    shape, dtype = getattr(X, "shape", None), getattr(X, "dtype", None)
    return hasattr(X, "__getitem__") and isinstance(shape, tuple) and len(shape) > 0 and isinstance(dtype, np.dtype)


class StoredRows(Rows):
    """Rows of an array that is read by requests, the fewer the better.

    Parameters
    ----------
    store : object of shape (n_samples, ...)
        With ``shape``, ``dtype`` and ``__getitem__`` for slices and increasing integer arrays;
        ``oindex``, where it has one, is preferred.
    """

    stored = True

    def __init__(self, store):
        self._store = store
        self.shape = tuple(int(n) for n in store.shape)
        self.dtype = store.dtype.newbyteorder("=")

    @property
    def _most_rows(self):
        return max(1, PART_BYTES // max(1, self.row_bytes))

    def gather(self, indices):
        out = np.empty((len(indices), *self.shape[1:]), self.dtype)
        return gather_sorted(indices, out, self._most_rows, self._fetch)

    def _fetch(self, rows):
        first, stop = int(rows[0]), int(rows[-1]) + 1
        if stop - first > DENSE * len(rows):
            picker = getattr(self._store, "oindex", None)
            key = (rows, *[slice(None)] * (len(self.shape) - 1))
            return np.asarray(self._store[rows] if picker is None else picker[key])
        values = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for start in range(first, stop, self._most_rows):
            end = min(start + self._most_rows, stop)
            inside = slice(*np.searchsorted(rows, [start, end]))
            if inside.start < inside.stop:
                values[inside] = np.asarray(self._store[start:end])[rows[inside] - start]
        return values

    def read(self, start, stop):
        """Return a copy of the rows from `start` to before `stop`."""
        return np.array(self._store[start:stop], dtype=self.dtype)
