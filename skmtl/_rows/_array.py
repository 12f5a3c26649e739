"""Rows of a NumPy array in memory."""

import numpy as np

from ._base import Rows

__all__ = ["ArrayRows"]


class ArrayRows(Rows):
    """Rows of an array in memory.

    Parameters
    ----------
    array : ndarray of shape (n_samples, ...)
        Any byte order.
    """

    def __init__(self, array):
        self._array = array
        self.shape = array.shape
        self.dtype = array.dtype.newbyteorder("=")

    def gather(self, indices):
        return self._array[indices].astype(self.dtype, copy=False)

    def read(self, start, stop):
        """Return the rows from `start` to before `stop`, in native byte order; a view unless an axis runs backwards."""
        rows = np.asarray(self._array[start:stop], dtype=self.dtype)
        # PyTorch takes no negative strides, which flipped images have, and RGB seen in BGR.
        return rows.copy() if min(rows.strides) < 0 else rows
