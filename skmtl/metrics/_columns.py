"""True and predicted columns side by side, and means over tasks."""

import math
import warnings
from dataclasses import dataclass

import numpy as np

from .._targets import read_targets
from .._weights import check_sample_weight
from ..exceptions import UnlabelledTaskWarning

__all__ = ["Cells", "has_weight", "mean_of_tasks", "pair", "predicted_labels", "spread_weights", "warn_unlabelled"]


@dataclass(frozen=True)
class Cells:
    """The labelled cells of one task.

    Attributes
    ----------
    name : object
        Task name.
    y_true, y_pred : ndarray of shape (n_labelled,)
        Labels, each in its own dtype.
    labelled : ndarray of shape (n_samples,), bool
        Which rows have a true label.
    sample_weight : ndarray of shape (n_labelled,) or None
        Row weights.
    order : list or None
        Levels from the lowest to the highest, where the true labels came with an order of their own.
    """

    name: object
    y_true: np.ndarray
    y_pred: np.ndarray
    labelled: np.ndarray
    sample_weight: np.ndarray | None
    order: list | None = None

    @property
    def counted(self):
        """Whether there is a cell to score: labelled, of positive weight."""
        return has_weight(len(self.y_true), self.sample_weight)

    def in_order(self, classes):
        """Return classes in the order of the true labels, where these have one; others follow as they are."""
        order = self.order or []
        return sorted(classes, key=lambda label: order.index(label) if label in order else len(order))


def pair(y_true, y_pred, missing_label=None, sample_weight=None):
    """Return `Cells` for every task, columns matched by name where both sides have names."""
    true, pred = read_targets(y_true, missing_label), read_targets(y_pred)
    if len(true.columns) != len(pred.columns) or true.n_samples != pred.n_samples:
        raise ValueError(
            "y_true and y_pred must have the same shape. Got "
            f"{(true.n_samples, len(true.columns))} and {(pred.n_samples, len(pred.columns))} (rows, tasks) instead."
        )
    if true.named and pred.named:
        pred = pred.aligned(true.names)
    names = pred.names if pred.named and not true.named else true.names
    weights = spread_weights(sample_weight, true.n_samples, names, names if true.named or pred.named else None)
    cells = []
    for name, t, p, weight in zip(names, true.columns, pred.columns, weights, strict=True):
        labels = predicted_labels(name, p)
        _check_kinds(name, t.labels, labels)
        weight = None if weight is None else weight[t.labelled]
        cells.append(Cells(name, t.labels, labels[t.labelled], t.labelled, weight, t.order))
    return cells


def spread_weights(sample_weight, n_samples, task_names, columns=None):
    """Return one weight vector of shape (n_samples,), or None, per task; see `check_sample_weight`."""
    weights = check_sample_weight(sample_weight, n_samples, task_names, columns, allow_zero=True)
    if weights is None:
        return [None] * len(task_names)
    return list(np.broadcast_to(weights.reshape(n_samples, -1).T, (len(task_names), n_samples)))


def has_weight(n_labelled, sample_weight):
    """Whether a task has a labelled cell of positive weight, given its labelled cells' weights."""
    return n_labelled > 0 and (sample_weight is None or bool(sample_weight.any()))


def predicted_labels(name, column):
    """Return a predicted column's labels, of which none may be missing."""
    if not column.labelled.all():
        raise ValueError(
            f"y_pred has no label in {int((~column.labelled).sum())} rows of task {name!r}: predict every row."
        )
    return column.labels


def _check_kinds(name, true, pred):
    kinds = [{isinstance(v, str) for v in np.unique(labels).tolist()} for labels in (true, pred)]
    if all(kinds) and kinds[0] != kinds[1]:
        raise ValueError(
            f"Task {name!r} has true labels such as {true.tolist()[0]!r}, but predicted ones such as "
            f"{pred.tolist()[0]!r}: both must be strings, or neither."
        )


def warn_unlabelled(name, n_labelled=0):
    """Warn that a task cannot be scored; call it from a public function's helper."""
    positive = " with a positive sample_weight" if n_labelled else ""
    warnings.warn(
        f"Task {name!r} has no labelled cell in y_true{positive}, so its score is NaN and it is left out of means.",
        UnlabelledTaskWarning,
        stacklevel=4,
    )


def mean_of_tasks(scores, counted, weights):
    """Return the weighted mean of the counted scores, NaN if there are none.

    Parameters
    ----------
    scores : list of float
        One per task.
    counted : list of bool
        Which tasks have labels.
    weights : ndarray of shape (n_tasks,)
        Importances; a task of weight 0 does not count.
    """
    counted = np.asarray(counted) & (weights > 0)
    if not counted.any():
        return float("nan")
    # Summed exactly: the order of the columns must not show in the last digit.
    scores, weights = np.asarray(scores, dtype=float)[counted], weights[counted]
    return math.fsum(scores * weights) / math.fsum(weights)
