"""Precision, recall and F1 of every class of every task."""

import warnings

import numpy as np
import pandas as pd
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import accuracy_score, precision_recall_fscore_support
from sklearn.utils.multiclass import unique_labels

from .._validation import check_option
from ._columns import pair, warn_unlabelled
from ._report_text import render

__all__ = ["multi_task_report"]


def multi_task_report(
    y_true, y_pred, *, output="frame", digits=2, zero_division="warn", sample_weight=None, missing_label=None
):
    """Report every class of every task, the multi-task counterpart of ``classification_report``.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        True labels; cells without a label are skipped and counted as missing.
    y_pred : array-like of the same shape
        Predicted labels. Columns are matched by name if both sides have names, else by order.
    output : {"frame", "text"}, default="frame"
        A tidy table to compute with, or text to print, which adds each task's accuracy,
        its macro averages and the means over tasks.
    digits : int, default=2
        Decimals in the text.
    zero_division : {"warn", 0.0, 1.0, np.nan}, default="warn"
        The value of an undefined precision, recall or F1, as in scikit-learn.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
        Weights of rows or cells.
    missing_label : scalar, default=None
        Extra marker for "no label"; NaN, None, ``pd.NA`` and NaT always mean it.

    Returns
    -------
    pandas.DataFrame or str
        The frame has one row per task and class and the columns ``task``, ``class``,
        ``precision``, ``recall``, ``f1``, ``support`` (labelled cells of the class, or
        their weight) and ``missing`` (cells of the task without a label). The numbers are
        those of :func:`sklearn.metrics.precision_recall_fscore_support`. A task without
        any label has a single row, of class None. Classes are sorted; those of an ordered categorical column of
        `y_true` stand in its order.

    Raises
    ------
    ValueError
        If the shapes differ or `output` is unknown.

    Warns
    -----
    UnlabelledTaskWarning
        If a task has no labelled cell of positive weight.
    UndefinedMetricWarning
        Once for every task with a class that is never predicted, whose precision is undefined, or that no label is,
        whose recall is undefined, unless `zero_division` says what they are then.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.metrics import multi_task_report
    >>> y_true = pd.DataFrame({"digit": [1, 2, 2, 1], "font": ["serif", "sans", None, "sans"]})
    >>> y_pred = [[1, "serif"], [2, "sans"], [1, "sans"], [1, "sans"]]
    >>> multi_task_report(y_true, y_pred).round(2)
        task  class  precision  recall    f1  support  missing
    0  digit      1       0.67     1.0  0.80        2        0
    1  digit      2       1.00     0.5  0.67        2        0
    2   font   sans       1.00     1.0  1.00        2        1
    3   font  serif       1.00     1.0  1.00        1        1
    >>> print(multi_task_report(y_true[["digit"]], [[1], [2], [1], [1]], output="text"))
                precision     recall         f1    support
    <BLANKLINE>
    digit
              1       0.67       1.00       0.80          2
              2       1.00       0.50       0.67          2
       accuracy                             0.75          4
      macro avg       0.83       0.75       0.73          4
    """
    check_option("output", output, ["frame", "text"])
    cells = pair(y_true, y_pred, missing_label, sample_weight)
    tables = []
    for c in cells:  # a comprehension would be one more frame between the warning and its cause
        tables.append(_table(c, zero_division))
    if output == "frame":
        return _frame(tables)
    return render([_with_averages(t, c, zero_division) for t, c in zip(tables, cells, strict=True)], digits)


def _table(cells, zero_division):
    """Return one task's columns of the frame as a dict of lists."""
    missing = int((~cells.labelled).sum())
    if not cells.counted:
        warn_unlabelled(cells.name, len(cells.y_true))
        undefined = {key: [np.nan] for key in ("precision", "recall", "f1")}
        return {"task": [cells.name], "class": [None], **undefined, "support": [0], "missing": [missing]}
    classes = cells.in_order(unique_labels(cells.y_true, cells.y_pred).tolist())
    columns = _scores(cells, classes, _value(zero_division))
    if isinstance(zero_division, str):
        _warn_undefined(cells, classes)
    return {"task": [cells.name] * len(classes), "class": classes, **columns, "missing": [missing] * len(classes)}


def _value(zero_division):
    """Return what undefined scores are, for scikit-learn to say nothing of them: its warnings name no task."""
    return 0.0 if isinstance(zero_division, str) and zero_division == "warn" else zero_division


def _scores(cells, classes, zero_division):
    """Return precision, recall, F1 and support of the classes, each a list."""
    scores = precision_recall_fscore_support(
        cells.y_true, cells.y_pred, labels=classes, sample_weight=cells.sample_weight, zero_division=zero_division
    )
    return {k: v.tolist() for k, v in zip(("precision", "recall", "f1", "support"), scores, strict=True)}


def _warn_undefined(cells, classes):
    """Warn once of all scores of the task that cannot be computed."""
    found, reasons = _scores(cells, classes, np.nan), []
    for score, lack in (("precision", "never predicted"), ("recall", "without a true label")):
        without = [label for label, value in zip(classes, found[score], strict=True) if np.isnan(value)]
        reasons += [f"the {score} of {without!r} ({lack})"] if without else []
    if reasons:
        warnings.warn(
            f"Task {cells.name!r}: {' and '.join(reasons)} cannot be computed and counts as 0; zero_division=0 says so "
            "without this warning.",
            UndefinedMetricWarning,
            stacklevel=4,
        )


def _frame(tables):
    columns = {key: [value for table in tables for value in table[key]] for key in tables[0]}
    # One kind of label keeps its dtype; several share an object column, each as it is.
    one_kind = len({type(value) for value in columns["class"]}) == 1
    columns["class"] = pd.Series(columns["class"], dtype=None if one_kind else object)
    return pd.DataFrame(columns)


def _with_averages(table, cells, zero_division):
    """Return the task's columns with what only the text shows."""
    if not cells.counted:
        why = "no weight" if len(cells.y_true) else "no label"
        return {**table, "name": cells.name, "accuracy": np.nan, "macro": (np.nan,) * 3, "why": why}
    weights = {"sample_weight": cells.sample_weight}
    macro = precision_recall_fscore_support(
        cells.y_true, cells.y_pred, average="macro", zero_division=_value(zero_division), **weights
    )
    accuracy = accuracy_score(cells.y_true, cells.y_pred, **weights)
    return {**table, "name": cells.name, "accuracy": accuracy, "macro": macro[:3]}
