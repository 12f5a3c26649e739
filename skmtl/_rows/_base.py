"""What every storage of rows answers to."""

import math
from abc import ABC, abstractmethod

import numpy as np

__all__ = ["PART_BYTES", "Rows", "gather_sorted"]

PART_BYTES = 16 * 2**20  # read at a time when all rows are read


class Rows(ABC):
    """Images in some storage, read a batch at a time, never changed.

    Attributes
    ----------
    shape : tuple of int
        (n_samples, ...).
    dtype : numpy.dtype
        In native byte order; float32 for tensors of a dtype that NumPy lacks, such as bfloat16.
    stored : bool
        Whether the rows lie outside memory, so that nobody may ask for all of them at once.
    """

    shape: tuple
    dtype: np.dtype
    stored = False

    def __len__(self):
        return self.shape[0]

    @property
    def nbytes(self):
        """Size of all rows in bytes."""
        return len(self) * self.row_bytes

    @property
    def row_bytes(self):
        """Size of one row in bytes."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    def take(self, indices):
        """Return the rows `indices` as a fresh, writable ndarray or tensor, in the storage's own dtype.

        Parameters
        ----------
        indices : ndarray of int, 1-D
            From 0 to ``len(self) - 1``, in any order, repeated or not.
        """
        indices = np.asarray(indices)
        if not len(indices):
            indices = indices.astype(np.intp)
        elif indices.min() < 0 or indices.max() >= len(self):
            raise IndexError(f"rows {indices.min()} to {indices.max()} are asked for, but X has {len(self)} rows.")
        return self.gather(indices)

    @abstractmethod
    def gather(self, indices):
        """Do what `take` does for an intp or int64 array that is known to be in range."""

    @abstractmethod
    def read(self, start, stop):
        """Return the rows from `start` to before `stop`, a view where the storage allows."""

    def parts(self, n_bytes=PART_BYTES):
        """Yield all rows once, about `n_bytes` at a time, in the order that the storage reads fastest."""
        n_rows = max(1, n_bytes // max(1, self.row_bytes))
        for start in range(0, len(self), n_rows):
            yield self.read(start, min(start + n_rows, len(self)))


def gather_sorted(indices, out, n_rows, fetch):
    """Fill `out` with the rows `indices`, read in the order of the storage.

    Parameters
    ----------
    indices : ndarray of int, 1-D
        In any order, repeated or not.
    out : ndarray of shape (len(indices), ...)
        Receives the rows.
    n_rows : int
        Most rows read at a time.
    fetch : callable
        Takes increasing indices without repetition, returns their rows.
    """
    order = np.argsort(indices, kind="stable")
    for start in range(0, len(order), n_rows):
        part = order[start : start + n_rows]
        rows, inverse = np.unique(indices[part], return_inverse=True)
        values = fetch(rows)
        out[part] = values if len(rows) == len(part) else values[inverse]
    return out
