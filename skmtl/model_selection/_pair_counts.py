"""How often the labels of two tasks meet, in many resamples of the rows at once."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csc_array

from .._targets import MISSING

__all__ = ["PairCounts", "count_pairs"]


@dataclass(frozen=True)
class PairCounts:
    """Contingency tables of two tasks, one for every way to weight the rows; rows without both labels do not count.

    Attributes
    ----------
    cells : ndarray of int, of shape (n_cells, n_tables)
        How often every two labels meet, of those that meet at all.
    pairs : tuple of two ndarray of int, of shape (n_cells,)
        Which label of either task that is.
    margins : tuple of two ndarray of int, of shape (n_labels, n_tables)
        How often every label of either task occurs.
    n_rows : ndarray of int, of shape (n_tables,)
        Rows with both labels.
    """

    cells: np.ndarray
    pairs: tuple
    margins: tuple
    n_rows: np.ndarray

    @property
    def n_labels(self):
        """How many labels of either task occur, shape (2, n_tables)."""
        return np.stack([np.count_nonzero(margin, axis=0) for margin in self.margins])

    def over_chance(self):
        """Return by what factor labels meet more often than by chance, shape (n_cells, n_tables)."""
        first, second = (margin[of_cell] for margin, of_cell in zip(self.margins, self.pairs, strict=True))
        # Integers would overflow; labels that a resample has not are nowhere.
        return self.cells * self.n_rows.astype(float) / np.maximum(first * second.astype(float), 1)


def count_pairs(first, second, weights):
    """Count how often the labels of two tasks meet.

    Parameters
    ----------
    first, second : ndarray of int, of shape (n_samples,)
        Their labels, numbered; -1 = missing.
    weights : ndarray of int, of shape (n_samples, n_tables)
        How often every row counts.

    Returns
    -------
    PairCounts

    Examples
    --------
    >>> weights = np.array([[1, 2], [1, 0], [1, 1], [1, 1]])
    >>> counts = count_pairs(np.array([0, 0, 1, -1]), np.array([1, 1, 0, 1]), weights)
    >>> counts.pairs, counts.cells.tolist()
    ((array([0, 1]), array([1, 0])), [[2, 2], [1, 1]])
    """
    rows = np.flatnonzero((first != MISSING) & (second != MISSING))
    n_second = int(second.max(initial=MISSING)) + 1
    cell, kinds = pd.factorize(first[rows] * n_second + second[rows])
    cells = _sums(cell, weights[rows] if len(rows) < len(first) else weights)
    pairs = np.divmod(kinds, max(n_second, 1))
    return PairCounts(cells, pairs, tuple(_sums(of_cell, cells) for of_cell in pairs), cells.sum(axis=0))


def _sums(groups, values):
    """Return the sums over the rows of every group, as one product: many columns take little longer than one."""
    shape = int(groups.max(initial=-1)) + 1, len(groups)
    return csc_array((np.ones(len(groups), values.dtype), groups, np.arange(len(groups) + 1)), shape=shape) @ values
