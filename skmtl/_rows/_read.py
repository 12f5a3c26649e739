"""Which storage holds the images that the user passed."""

import numpy as np

from ._array import ArrayRows
from ._base import Rows
from ._handle import check_open
from ._memmap import MemmapRows, backing_map
from ._picked import PickedRows
from ._stored import StoredRows, is_array_store
from ._tensor import TensorRows, is_dense_tensor

__all__ = ["pick_rows", "read_rows"]


def read_rows(X):
    """Return the rows of `X`, read from where it lies, or None if scikit-learn should read it whole.

    Parameters
    ----------
    X : object
        NumPy array, memory map or a view of one, PyTorch tensor, zarr array, HDF5 data set, LazyRows
        or another object with ``shape``, a NumPy ``dtype`` and ``__getitem__`` for slices and
        increasing integer arrays.

    Returns
    -------
    Rows or None
        None for lists, frames, sparse matrices, masked arrays, arrays of objects or text in memory,
        and objects that only have ``__array__``.
    """
    if isinstance(X, Rows):
        return X
    check_open(X)
    if hasattr(type(X), "_lazy_rows"):
        return X._lazy_rows()
    if not (isinstance(getattr(X, "shape", None), tuple) and X.shape):
        return None
    if isinstance(X, np.ndarray):
        return _read_array(X)
    if is_dense_tensor(X):
        return TensorRows(X)
    return StoredRows(X) if is_array_store(X) else None


def _read_array(X):
    if isinstance(X, (np.ma.MaskedArray, np.matrix)):
        return None
    if backing_map(X)[0] is not None:
        return MemmapRows(X)
    return ArrayRows(np.asarray(X)) if X.dtype.kind in "biufc" else None


def pick_rows(rows, indices):
    """Return the rows `indices` of `rows`; all of them, as they are, for None."""
    return rows if indices is None else PickedRows(rows, indices)
