"""Targets of any kind -> label columns, with missing labels."""

from dataclasses import dataclass

import numpy as np

from .._validation import did_you_mean
from ._labels import check_missing_label, read_labels
from ._split import split_columns

__all__ = ["TargetColumn", "Targets", "read_targets"]


@dataclass(frozen=True)
class TargetColumn:
    """One task's labels.

    Attributes
    ----------
    name : object
        Task name.
    labels : ndarray of shape (n_labelled,)
        The labels that are there, in row order, in their own dtype.
    labelled : ndarray of shape (n_samples,), bool
        Which rows have one.
    order : list or None
        Levels from the lowest to the highest, where the column came with an order of its own.
    """

    name: object
    labels: np.ndarray
    labelled: np.ndarray
    order: list | None = None

    def __len__(self):
        return len(self.labelled)


@dataclass(frozen=True)
class Targets:
    """All label columns of a target.

    Attributes
    ----------
    columns : list of TargetColumn
        One per task.
    one_dimensional : bool
        Whether the target came in as a single 1-D column.
    named : bool
        Whether the names are the user's own.
    dtype : dtype or None
        dtype of the array the target came in as, None if it had none (lists, data frames).
    """

    columns: list
    one_dimensional: bool
    named: bool
    dtype: np.dtype | None

    @property
    def names(self):
        """Task names, in column order."""
        return [c.name for c in self.columns]

    @property
    def n_samples(self):
        """Number of rows."""
        return len(self.columns[0])

    def aligned(self, names):
        """Return the columns in the order of `names`; unnamed columns stay as they are."""
        if len(self.columns) != len(names):
            raise ValueError(
                f"y has {len(self.columns)} columns {self.names!r}, but there are {len(names)} tasks {list(names)!r}: "
                "pass one column per task."
            )
        if not self.named or self.names == list(names):
            return self
        by_name = {c.name: c for c in self.columns}
        default_names = [f"task{i}" for i in range(len(names))]
        if names == default_names and not set(by_name) & set(names):
            return self  # fitted on an array: position is all there is to go by
        for name in names:
            if name not in by_name:
                raise ValueError(
                    f"y has no column {name!r}; its columns are {self.names!r}.{did_you_mean(name, by_name)}"
                )
        return Targets([by_name[n] for n in names], self.one_dimensional, self.named, self.dtype)


def read_targets(y, missing_label=None):
    """Split a target into label columns.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Array, list, dense tensor, or Series or DataFrame of pandas or polars, whose names are the
        tasks'. NaN, None, ``pd.NA``, NaT and the masked cells of a masked array always mean "no label".
    missing_label : scalar, default=None
        One more marker for "no label". Booleans only match booleans, strings only strings.

    Returns
    -------
    Targets

    Raises
    ------
    TypeError
        If `y` is sparse, a mapping or what NumPy cannot read, or `missing_label` is no scalar.
    ValueError
        If `y` is ragged, has no columns or no name of its own for each, or a column mixes
        types of labels.

    Examples
    --------
    >>> targets = read_targets([["a", 1], [None, 2]])
    >>> targets.names
    ['task0', 'task1']
    >>> targets.columns[0].labels, targets.columns[0].labelled
    (array(['a'], dtype='<U1'), array([ True, False]))
    """
    check_missing_label(missing_label)
    columns, names, orders, dtype = split_columns(y)
    one_dimensional = not isinstance(columns, list)
    columns = [columns] if one_dimensional else columns
    named = names is not None
    names = names if named else [f"task{i}" for i in range(len(columns))]
    # Histories and scores name the tasks in text, where 0 and "0" are one.
    texts = [str(n) for n in names]
    duplicates = sorted({t for t in texts if texts.count(t) > 1})
    if duplicates:
        raise ValueError(
            f"y has several columns named {', '.join(duplicates)}: give every task its own name "
            "(0 and '0' count as the same)."
        )
    if not columns:
        raise ValueError("y has no columns: expected shape (n_samples,) or (n_samples, n_tasks) with n_tasks >= 1.")
    from_list = dtype is None and isinstance(y, (list, tuple))
    read = [
        TargetColumn(name, *read_labels(name, values, missing_label, from_list), order)
        for name, values, order in zip(names, columns, orders or [None] * len(columns), strict=True)
    ]
    return Targets(read, one_dimensional, named, dtype)
