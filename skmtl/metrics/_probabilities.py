"""Probabilities and true labels of one or several tasks, as users give them -> cells."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from .._targets import read_targets
from .._validation import values_per_task
from ._columns import spread_weights
from ._probability_cells import ProbabilityCells, check_known_labels

__all__ = ["TaskProbabilities", "entry_per_task"]


class TaskProbabilities:
    """What a user gives as `y_true`, `y_prob` and `classes`, read task by task and checked when a task is asked for.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        True labels.
    y_prob : array-like, list or mapping
        See :func:`expected_calibration_error`.
    classes : array-like, list, mapping or None
        See :func:`expected_calibration_error`.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
        Weights.
    missing_label : scalar
        Extra marker for "no label".
    """

    def __init__(self, y_true, y_prob, classes, sample_weight, missing_label):
        targets = read_targets(y_true, missing_label)
        self.names = targets.names
        self.one_dimensional = targets.one_dimensional
        self._columns = targets.columns
        columns = targets.names if targets.named else None
        self._weights = spread_weights(sample_weight, targets.n_samples, self.names, columns)
        tables = _tables(y_prob, targets)
        self._y_prob = [_matrix(n, p, targets.n_samples) for n, p in zip(self.names, tables, strict=True)]
        self._classes = entry_per_task("classes", classes, self.names)

    def n_classes(self, task):
        """Return the number of a task's classes."""
        return self._y_prob[task].shape[1]

    def n_labelled(self, task):
        """Return the number of a task's labels, whatever their weight."""
        return len(self._columns[task].labels)

    def cells(self, task):
        """Return the `ProbabilityCells` of a task; without any, they may lack classes."""
        column, given = self._columns[task], self._classes[task]
        cells = ProbabilityCells.of(column.name, column, None, self._y_prob[task], self._weights[task])
        if not len(cells):
            return cells
        _check_probabilities(column.name, cells.y_prob)
        return replace(cells, classes=_classes(column.name, given, column.labels, self.n_classes(task)))


def entry_per_task(name, value, task_names):
    """Return one array of labels, or None, per task; one task may come without a list around it."""
    if value is None:
        return [None] * len(task_names)
    if not isinstance(value, Mapping) and len(task_names) == 1 and all(np.ndim(v) == 0 for v in value):
        return [value]
    return values_per_task(name, value, task_names)


def _tables(y_prob, targets):
    """Return the probabilities of every task as they came."""
    names = targets.names
    if hasattr(y_prob, "columns") and len(names) > 1:  # P(second class) of every task
        y_prob = {c: y_prob[c] for c in y_prob.columns} if targets.named else np.asarray(y_prob)
    if isinstance(y_prob, Mapping):
        return values_per_task("y_prob", y_prob, names, complete=True)
    if isinstance(y_prob, np.ndarray) and y_prob.ndim == 2 and y_prob.shape[1] == len(names) > 1:
        # Multi-label classifiers (MLPClassifier, ClassifierChain) only give P(1) per task.
        return list(y_prob.T)
    if len(names) == 1:
        return list(y_prob) if _is_list_of_one(y_prob, targets.n_samples) else [y_prob]
    tables = list(y_prob)
    if len(tables) != len(names) or any(np.ndim(t) == 0 for t in tables):
        raise ValueError(
            f"y_prob must hold one array of shape (n_samples, n_classes) for each of the {len(names)} tasks "
            f"{names!r}. Got {len(tables)} entries instead: pass the list that predict_proba returns."
        )
    return tables


def _is_list_of_one(y_prob, n_samples):
    if not isinstance(y_prob, (list, tuple)) or len(y_prob) != 1:
        return False
    return np.ndim(y_prob[0]) == 2 or (np.ndim(y_prob[0]) == 1 and len(y_prob[0]) == n_samples > 1)


def _matrix(name, values, n_samples):
    try:
        values = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"y_prob of task {name!r} must hold numbers ({error}).") from error
    if values.ndim == 1:
        values = np.column_stack([1 - values, values])
    if values.ndim != 2 or len(values) != n_samples or not values.shape[1]:
        raise ValueError(
            f"y_prob of task {name!r} must have shape (n_samples, n_classes), or (n_samples,) for two classes, with "
            f"the {n_samples} rows of y_true. Got {values.shape} instead."
        )
    return values


def _check_probabilities(name, y_prob):
    # Sums of rounded probabilities miss 1 by little, those of logits or of percentages by much.
    valid = (y_prob >= -1e-6) & (y_prob <= 1 + 1e-6)
    bad = ~valid.all(axis=1) | ~(np.abs(y_prob.sum(axis=1) - 1) < 1e-3)
    if bad.any():
        raise ValueError(
            f"y_prob of task {name!r} must hold probabilities from 0 to 1 that sum to 1 in every row. "
            f"Got {y_prob[bad][0].tolist()} instead, and {int(bad.sum())} such rows: pass what predict_proba returns."
        )


def _classes(name, given, labels, n_columns):
    if given is None:
        classes = np.unique(labels)
        if len(classes) != n_columns:
            raise ValueError(
                f"y_prob of task {name!r} has {n_columns} columns, but y_true has {len(classes)} different labels: "
                "pass classes, the estimator's classes_, to say which column is whose."
            )
        return classes
    classes = read_targets(np.asarray(given)).columns[0].labels
    if len(classes) != n_columns or len(set(classes.tolist())) != n_columns:
        raise ValueError(
            f"classes of task {name!r} must hold {n_columns} different labels, one for every column of y_prob. "
            f"Got {classes.tolist()!r} instead."
        )
    check_known_labels(name, labels, classes)
    return classes
