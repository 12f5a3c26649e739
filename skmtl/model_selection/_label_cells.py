"""The labels of all tasks, numbered through: what the splitters stratify."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils.multiclass import check_classification_targets

from .._targets import read_targets

__all__ = ["LabelCells", "read_cells"]


@dataclass(frozen=True)
class LabelCells:
    """The cells of a target, numbered through over all tasks.

    Attributes
    ----------
    cells : ndarray of shape (n_samples, n_tasks), int64
        Which entry of `classes` a cell holds.
    classes : list of tuple
        ``(task name, label)``, or ``(task name,)`` for the cells of a task that have no label: these are spread
        like one more class.
    """

    cells: np.ndarray
    classes: list

    @property
    def counts(self):
        """Number of cells of every class, shape (n_classes,)."""
        return np.bincount(self.cells.ravel(), minlength=len(self.classes))


def read_cells(y, missing_label=None):
    """Number the labels of all tasks through.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Labels; NaN, None, ``pd.NA`` and NaT are missing.
    missing_label : scalar, default=None
        One more marker for a missing label.

    Returns
    -------
    LabelCells

    Raises
    ------
    ValueError
        If a column is not a classification target.

    Examples
    --------
    >>> read_cells([["a", 1], [None, 2]])
    LabelCells(cells=array([[0, 2],
           [1, 3]]), classes=[('task0', 'a'), ('task0',), ('task1', 1), ('task1', 2)])
    """
    targets = read_targets(y, missing_label)
    cells = np.empty((targets.n_samples, len(targets.columns)), dtype=np.int64)
    classes = []
    for t, column in enumerate(targets.columns):
        labels, codes = _codes(column)
        cells[column.labelled, t] = len(classes) + codes
        classes += [(column.name, label) for label in labels.tolist()]
        if not column.labelled.all():
            cells[~column.labelled, t] = len(classes)
            classes.append((column.name,))
    return LabelCells(cells, classes)


def _codes(column):
    if not len(column.labels):
        return column.labels, np.empty(0, dtype=np.int64)
    try:
        check_classification_targets(column.labels)
    except ValueError as error:
        raise ValueError(f"Task {column.name!r} of y cannot be stratified: {error}") from error
    return np.unique(column.labels, return_inverse=True)
