"""One confusion matrix per task."""

import warnings

import numpy as np
from sklearn.metrics import confusion_matrix
from sklearn.utils.multiclass import unique_labels

from .._targets import read_targets
from ..metrics._columns import pair
from ..metrics._probabilities import entry_per_task
from ._task_panels import chosen_tasks, warn_no_labels

__all__ = ["matrices_of_estimator", "matrices_of_predictions"]


def matrices_of_estimator(source, tasks, labels, normalize):
    """Return (matrices, labels, task names) of `EstimatorCells`; see `_matrices`."""
    given = entry_per_task("labels", labels, source.names)
    parts = []
    for t in chosen_tasks(tasks, source.names):
        cells = source.label_cells(t)
        parts.append((cells, _ordered(_with_unseen(source.classes(t), cells), cells) if given[t] is None else given[t]))
    return _matrices(parts, normalize)


def matrices_of_predictions(y_true, y_pred, tasks, labels, normalize, sample_weight, missing_label):
    """Return (matrices, labels, task names); see `_matrices`."""
    cells = pair(y_true, y_pred, missing_label, sample_weight)
    names = [c.name for c in cells]
    given = entry_per_task("labels", labels, names)
    parts = []
    for t in chosen_tasks(tasks, names):
        found = _ordered(unique_labels(cells[t].y_true, cells[t].y_pred), cells[t]) if cells[t].counted else None
        parts.append((cells[t], found if given[t] is None else given[t]))
    return _matrices(parts, normalize)


def _with_unseen(classes, cells):
    """Return the classes, then what else is in the labels: no labelled cell may drop out."""
    unseen = sorted(set(cells.y_true.tolist()) - set(classes.tolist()))
    return np.concatenate([classes, np.array(unseen, dtype=cells.y_true.dtype)]) if unseen else classes


def _ordered(classes, cells):
    """Return the classes in the order of an ordered target."""
    return classes if cells.order is None else cells.in_order(classes.tolist())


def _matrices(parts, normalize):
    """Return matrices (None for a task without labels), labels of their rows, and names of the tasks."""
    matrices, labels, names = [], [], []
    for cells, of_task in parts:
        names.append(cells.name)
        if not cells.counted:
            warn_no_labels(cells.name, stacklevel=5)
            matrices.append(None)
            labels.append([])
            continue
        of_task = read_targets(np.atleast_1d(np.asarray(of_task))).columns[0].labels
        if len(set(of_task.tolist())) < len(of_task):
            raise ValueError(
                f"labels of task {cells.name!r} must name every class once. Got {of_task.tolist()!r} instead."
            )
        if not set(of_task.tolist()) & set(cells.y_true.tolist()):
            raise ValueError(
                f"labels of task {cells.name!r} must hold some of its true labels, such as "
                f"{cells.y_true.tolist()[0]!r}. Got {of_task.tolist()!r} instead."
            )
        weight = cells.sample_weight
        with warnings.catch_warnings():
            # Of a matrix of one class, scikit-learn doubts that all labels were passed, also where they were.
            warnings.filterwarnings("ignore", "A single label was found", UserWarning)
            matrix = confusion_matrix(
                cells.y_true, cells.y_pred, labels=of_task, normalize=normalize, sample_weight=weight
            )
        matrices.append(matrix)
        labels.append(of_task.tolist())
    return matrices, labels, names
