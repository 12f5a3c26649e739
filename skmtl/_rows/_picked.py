"""Some rows of a storage, in an order of their own."""

import numpy as np

from ._base import PART_BYTES, Rows

__all__ = ["PickedRows"]


class PickedRows(Rows):
    """The rows `indices` of other rows.

    Parameters
    ----------
    rows : Rows
        All rows.
    indices : ndarray of int, 1-D
        In any order, repeated or not.
    """

    def __init__(self, rows, indices):
        self.rows = rows
        self.indices = indices
        self.shape = (len(indices), *rows.shape[1:])
        self.dtype = rows.dtype
        self.stored = rows.stored

    @property
    def row_bytes(self):
        """Size of one row in bytes, as the storage has it."""
        return self.rows.row_bytes

    def gather(self, indices):
        return self.rows.take(self.indices[indices])

    def read(self, start, stop):
        """Return the rows from `start` to before `stop`, a view where all rows would."""
        picked = self.indices[start:stop]
        if len(picked) and (np.diff(picked) == 1).all():
            return self.rows.read(int(picked[0]), int(picked[-1]) + 1)
        return self.rows.take(picked)

    def parts(self, n_bytes=PART_BYTES):
        """Yield the rows, those picked twice once, in the order of the storage."""
        ordered = np.unique(self.indices)
        if len(ordered) == len(self) and (ordered == self.indices).all():
            return super().parts(n_bytes)
        return PickedRows(self.rows, ordered).parts(n_bytes)
