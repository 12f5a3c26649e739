"""Where a task's predictions are wrong, the most confident ones first."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

__all__ = ["Mistakes", "find_mistakes", "with_index"]


@dataclass(frozen=True)
class Mistakes:
    """The most confident wrong predictions of one task.

    Attributes
    ----------
    rows : ndarray of int
        Rows of the input, the most confident mistake first.
    y_true, y_pred : ndarray
        Their labels, and what was predicted.
    probability : ndarray
        Of what was predicted.
    n_mistakes, n_labelled : int
        How many mistakes there are in all, among how many labelled rows.
    index : list or None
        What the index of a pandas y or X calls the rows; None where they have none, or it counts from 0.
    """

    rows: np.ndarray
    y_true: np.ndarray
    y_pred: np.ndarray
    probability: np.ndarray
    n_mistakes: int
    n_labelled: int
    index: list | None = None


def find_mistakes(cells, rows, y_pred, n_images, blank=None):
    """Return the `n_images` most confident `Mistakes`.

    Parameters
    ----------
    cells : ProbabilityCells
        Labels and probabilities of a task.
    rows : ndarray of int, of shape (n_cells,)
        Where the cells are in the input.
    y_pred : ndarray of shape (n_cells,) or None
        Predicted labels, each one of the classes; None for the most probable ones.
    n_images : int
        How many to return, at most.
    blank : ndarray of shape (n_samples,), bool, default=None
        Rows that hold no image, whose labels do not count.
    """
    kept = np.ones(len(rows), dtype=bool) if blank is None else ~blank[rows]
    if not kept.any():
        return Mistakes(rows[:0], cells.y_true[:0], cells.y_true[:0], np.empty(0), 0, 0)
    classes = cells.classes
    code = cells.y_prob.argmax(axis=1) if y_pred is None else _codes(y_pred, classes)
    wrong = np.flatnonzero(np.asarray(classes[code] != cells.y_true, dtype=bool) & kept)
    # Stable: of equally confident ones, the first row comes first.
    first = wrong[np.argsort(-cells.y_prob[wrong, code[wrong]], kind="stable")[:n_images]]
    probability = cells.y_prob[first, code[first]]
    y_true = cells.y_true[first]
    if np.isin(y_true, classes).all():
        y_true = classes[_codes(y_true, classes)]  # labels are of floats beside missing ones, classes of integers
    return Mistakes(rows[first], y_true, classes[code[first]], probability, len(wrong), int(kept.sum()))


def with_index(mistakes, y, X):
    """Return the mistakes with what the index of `y`, else that of `X`, calls their rows, if it does not count them."""
    index = next((rows.index for rows in (y, X) if isinstance(rows, (pd.Series, pd.DataFrame))), None)
    if index is None or index.equals(pd.RangeIndex(len(index))):
        return mistakes
    return replace(mistakes, index=index[mistakes.rows].tolist())


def _codes(labels, classes):
    """Return where among the classes every label is."""
    order = np.argsort(classes)
    return order[np.searchsorted(classes, labels, sorter=order)]
