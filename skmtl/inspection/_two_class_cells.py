"""The tasks of two classes, and how sure of its positive class each is."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.exceptions import UndefinedMetricWarning

from .._validation import did_you_mean, values_per_task
from ._task_panels import chosen_tasks, warn_no_labels

__all__ = ["TwoClassCells", "two_class_cells"]


@dataclass(frozen=True)
class TwoClassCells:
    """The labelled cells of one task of two classes.

    Attributes
    ----------
    name : object
        Task name.
    pos_label : object
        The positive class.
    positive : ndarray of shape (n_cells,), bool
        Which cells are of it.
    score : ndarray of shape (n_cells,)
        How sure of it the estimator is.
    sample_weight : ndarray of shape (n_cells,) or None
        Weights.
    note : str or None
        Why there is no curve.
    column : int
        Which of the task's two classes the positive one is.
    """

    name: object
    pos_label: object
    positive: np.ndarray
    score: np.ndarray
    sample_weight: np.ndarray | None
    note: str | None
    column: int = 1


def two_class_cells(source, tasks, pos_label, display):
    """Return `TwoClassCells` of the chosen tasks.

    Parameters
    ----------
    source : EstimatorCells or TaskProbabilities
        Where the cells come from.
    tasks : list of task names or indices, or None
        None takes every task of two classes.
    pos_label : label, mapping of task -> label, or None
        The positive class; None, or no entry: the second of the two.
    display : str
        Who asks, for messages.
    """
    chosen = _chosen(source, tasks, display)
    wanted = _wanted(pos_label, source.names)
    found = []
    for task in chosen:
        cells = source.cells(task)
        found.append(_of_one_task(cells, wanted[task]) if len(cells) else _without_cells(source.names[task]))
        _warn(found[-1])
    return found


def _chosen(source, tasks, display):
    names = source.names
    counts = {t: source.n_classes(t) for t in chosen_tasks(tasks, names)}
    two = [t for t, n in counts.items() if n == 2]
    if len(two) == len(counts) or (two and tasks is None):
        return two
    if tasks is None:
        listed = ", ".join(f"{names[t]!r} ({n} classes)" for t, n in counts.items())
        raise ValueError(
            f"{display} draws tasks of two classes, of which there are none: {listed}. "
            "MultiTaskConfusionMatrixDisplay and MultiTaskCalibrationDisplay take any number of classes."
        )
    task = next(t for t, n in counts.items() if n != 2)
    raise ValueError(
        f"tasks names {names[task]!r}, which has {counts[task]} classes, but {display} draws tasks of two: leave it "
        "out, or pass tasks=None to draw every task of two classes."
    )


def _wanted(pos_label, names):
    if isinstance(pos_label, (dict, pd.Series)):
        return values_per_task("pos_label", pos_label, names)
    return [pos_label] * len(names)


def _of_one_task(cells, pos_label):
    classes = cells.classes.tolist()
    if pos_label is None:
        pos_label = classes[1]
    if pos_label not in classes:
        raise ValueError(
            f"pos_label of task {cells.name!r} must be one of its classes {classes!r}. Got {pos_label!r} instead."
            f"{did_you_mean(pos_label, classes)}"
        )
    unknown = sorted(set(cells.y_true.tolist()) - set(classes))
    if unknown:
        raise ValueError(
            f"Task {cells.name!r} has the labels {unknown!r} in y, which are not among its classes {classes!r}: "
            "leave these rows out, or mark the cells as missing."
        )
    column = classes.index(pos_label)
    positive = cells.y_true == cells.classes[column]
    note = None if 0 < positive.sum() < len(positive) else "only one class in y"
    score, weight = cells.y_prob[:, column], cells.sample_weight
    return TwoClassCells(cells.name, classes[column], positive, score, weight, note, column)


def _without_cells(name):
    return TwoClassCells(name, None, np.empty(0, bool), np.empty(0), None, "no labels in y")


def _warn(cells):
    if not len(cells.score):
        warn_no_labels(cells.name, stacklevel=5)
    elif cells.note:
        warnings.warn(
            f"Task {cells.name!r} has labels of one class only in y, so it has no curve.",
            UndefinedMetricWarning,
            stacklevel=4,
        )
