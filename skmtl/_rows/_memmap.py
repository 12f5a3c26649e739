"""Rows of an array in a mapped file, read without keeping the file in memory."""

import mmap

import numpy as np

from ._base import Rows, gather_sorted
from ._pages import Pages

__all__ = ["MemmapRows", "backing_map"]

# Linux maps what lies around a row too, 64 KiB of it or a whole large folio of up to 2 MiB, so that
# the memory taken goes with the number of rows more than with their size.
MOST_ROWS = 64
AROUND_BYTES = 64 * 2**10
COPY_BYTES = 8 * 2**20  # copied at a time
SMALL_MAP = 256 * 2**20  # may be in memory whole


def backing_map(array):
    """Return the mmap under `array` and the mode of the memmap that made it, (None, None) without.

    A mode of None means that it cannot be told, as where somebody mapped the file by hand.
    Views and ``np.asarray`` take the class and its attributes away, but keep the owner in ``base``.
    """
    mode = None
    while array is not None:
        if isinstance(array, mmap.mmap):
            return array, mode
        if isinstance(array, np.memmap) and array._mmap is not None:
            mode = array.mode
        array = array.obj if isinstance(array, memoryview) else getattr(array, "base", None)
    return None, None


class MemmapRows(Rows):
    """Rows of an array in a mapped file.

    Pages once read count as memory of this process until somebody needs theirs; here they are
    given back while reading. They stay in the system's cache, from where the next read has them.

    Parameters
    ----------
    array : ndarray of shape (n_samples, ...)
        A ``numpy.memmap`` or a view of one. In Fortran order each row has pieces all over the file,
        so that a batch brings most of it into memory, until the next one.
    """

    stored = True

    def __init__(self, array):
        file_map, mode = backing_map(array)
        # Pages of a copy-on-write map hold the user's changes, and nothing else does.
        shared = mode in ("r", "r+", "w+")
        self._pages = Pages(file_map) if shared and len(file_map) > SMALL_MAP else None
        self._array = np.asarray(array)
        self.shape = array.shape
        self.dtype = array.dtype.newbyteorder("=")
        # Between one row and the next.
        self._stride = abs(array.strides[0]) or max(1, self.row_bytes)

    def __reduce__(self):
        # Pickled, the rows would be a copy of all of them.
        raise TypeError(
            "Images in a mapped file cannot be sent to worker processes that are started afresh: leave out "
            "iterator_train__num_workers and iterator_valid__num_workers of net_params, skmtl reads ahead by itself."
        )

    def gather(self, indices):
        out = np.empty((len(indices), *self.shape[1:]), self.dtype)
        n_rows = max(1, COPY_BYTES // max(1, self.row_bytes))
        return gather_sorted(indices, out, n_rows if self._pages is None else min(n_rows, MOST_ROWS), self._fetch)

    def _fetch(self, rows):
        values = self._array[rows]
        self._give_back(len(rows) * (self.row_bytes + AROUND_BYTES))
        return values

    def read(self, start, stop):
        """Return a copy of the rows from `start` to before `stop`."""
        out = np.empty((stop - start, *self.shape[1:]), self.dtype)
        n_rows = max(1, COPY_BYTES // max(self._stride, self.row_bytes))
        for first in range(start, stop, n_rows):
            last = min(first + n_rows, stop)
            out[first - start : last - start] = self._array[first:last]
            self._give_back((last - first) * self._stride)
        return out

    def _give_back(self, n_bytes):
        if self._pages is not None:
            self._pages.give_back(n_bytes)
