"""Rows of several storages, side by side."""

import sys

import numpy as np

from ._base import Rows
from ._lazy import to_numpy
from ._picked import PickedRows

__all__ = ["StackedRows", "stack_rows"]


class StackedRows(Rows):
    """Row i of several storages as one row, of shape (n_inputs, ...).

    Batches are tensors where all storages give tensors of one dtype on one device, otherwise arrays.

    Parameters
    ----------
    inputs : list of Rows
        Of one length, row shape and dtype.
    """

    def __init__(self, inputs):
        self._inputs = list(inputs)
        first = self._inputs[0]
        self.shape = (len(first), len(self._inputs), *first.shape[1:])
        self.dtype = first.dtype
        self.stored = any(rows.stored for rows in self._inputs)

    @property
    def row_bytes(self):
        """Size of one row of all inputs in bytes, as the storages have it."""
        return sum(rows.row_bytes for rows in self._inputs)

    def gather(self, indices):
        return self._stacked([rows.gather(indices) for rows in self._inputs])

    def read(self, start, stop):
        """Return the rows from `start` to before `stop`, a view of a single storage where it allows."""
        return self._stacked([rows.read(start, stop) for rows in self._inputs])

    def _stacked(self, parts):
        if len(parts) == 1:
            return parts[0][:, None]
        torch = sys.modules.get("torch")
        tensors = torch is not None and all(isinstance(part, torch.Tensor) for part in parts)
        if tensors and len({(part.dtype, part.device) for part in parts}) == 1:
            return torch.stack(parts, dim=1)
        out = np.empty((len(parts[0]), *self.shape[1:]), self.dtype)
        for i, part in enumerate(parts):
            out[:, i] = to_numpy(part, self.dtype)
        return out


def stack_rows(rows, names):
    """Return the inputs of several tasks as one storage of shape (n_rows, n_inputs, ...).

    Parameters
    ----------
    rows : list of Rows
        One for every distinct input.
    names : list
        A task of each, for messages.

    Raises
    ------
    ValueError
        If the inputs differ in length, in the shape of an image or in dtype.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl._rows import read_rows
    >>> inputs = [read_rows(np.zeros((5, 8, 8))), read_rows(np.ones((5, 8, 8)))]
    >>> stack_rows(inputs, ["digit", "fashion"]).shape
    (5, 2, 8, 8)
    """
    first, name = rows[0], names[0]
    for other, task in zip(rows[1:], names[1:], strict=True):
        if len(other) != len(first):
            raise ValueError(
                f"X[{name!r}] has {len(first)} images, X[{task!r}] {len(other)}: pass one image per task and row, "
                "or make one data set of two with skmtl.datasets.stack_tasks."
            )
        if other.shape[1:] != first.shape[1:]:
            raise ValueError(
                f"X[{task!r}] has images of shape {other.shape[1:]}, but X[{name!r}] of {first.shape[1:]}: resize "
                "them to one shape, since all pass through one network."
            )
        if other.dtype != first.dtype:
            raise ValueError(
                f"X[{task!r}] is {other.dtype}, but X[{name!r}] {first.dtype}: convert one of them, so that all pixels "
                "are in the same units (0 to 255 against 0 to 1, say)."
            )
    return _picked_once(rows) or StackedRows(rows)


def _picked_once(rows):
    """Return the rows that all inputs pick alike as one pick, which is read in the order of the storage."""
    if not all(isinstance(part, PickedRows) for part in rows):
        return None
    wholes, picks = [part.rows for part in rows], [part.indices for part in rows]
    if len({len(whole) for whole in wholes}) > 1 or not all(np.array_equal(pick, picks[0]) for pick in picks[1:]):
        return None
    return PickedRows(StackedRows(wholes), picks[0])
