"""Precision and recall of tasks of two classes."""

import numpy as np
from sklearn.metrics import (
    PrecisionRecallDisplay,
    average_precision_score,
    precision_recall_curve,
    precision_score,
    recall_score,
)

from ._curve_display import TwoClassCurveDisplay

__all__ = ["MultiTaskPrecisionRecallDisplay"]


class MultiTaskPrecisionRecallDisplay(TwoClassCurveDisplay):
    """Curves of precision against recall, a panel per task of two classes.

    Build it with :meth:`from_estimator` or :meth:`from_predictions`. The numbers are those of
    :func:`sklearn.metrics.precision_recall_curve` on the task's labelled rows. The chance
    level is the share of the positive class.

    Parameters
    ----------
    curves : list of (sklearn.metrics.PrecisionRecallDisplay or None)
        Curve of every task: ``precision``, ``recall``, ``average_precision``, ``prevalence_pos_label``; None for
        a task without a curve.
    task_names : list
        Names of the tasks.
    pos_labels : list
        The positive class of every task.
    notes : list of (str or None)
        Why a task has no curve.
    operating_points : list of (OperatingPoint or None), default=None
        Where on its curve a task decides, by ``threshold``, ``x`` and ``y``; None where that is not known.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, of shape (n_tasks,)
        One per task.
    figure_ : matplotlib Figure
        Containing them.

    See Also
    --------
    MultiTaskRocCurveDisplay : True against false positives.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.inspection import MultiTaskPrecisionRecallDisplay
    >>> y_true = pd.DataFrame({"odd": [0, 1, 0, 1], "font": ["serif", "sans", None, "sans"]})
    >>> y_prob = [[0.1, 0.7, 0.8, 0.9], [0.8, 0.3, 0.6, 0.1]]
    >>> display = MultiTaskPrecisionRecallDisplay.from_predictions(y_true, y_prob)
    >>> [round(curve.average_precision, 3) for curve in display.curves], display.pos_labels
    ([0.833, 1.0], [1, 'serif'])
    """

    _labels = ("recall", "precision")

    def __init__(self, curves, task_names, pos_labels, notes, operating_points=None):
        self.curves = curves
        self.task_names = task_names
        self.pos_labels = pos_labels
        self.notes = notes
        self.operating_points = operating_points

    @staticmethod
    def _curve(cells):
        weight = cells.sample_weight
        precision, recall, _ = precision_recall_curve(cells.positive, cells.score, sample_weight=weight)
        return PrecisionRecallDisplay(
            precision,
            recall,
            average_precision=float(average_precision_score(cells.positive, cells.score, sample_weight=weight)),
            prevalence_pos_label=float(np.average(cells.positive, weights=weight)),
        )

    @staticmethod
    def _point(cells, chosen):
        true, weight = cells.positive, cells.sample_weight
        # Without a positive prediction precision is NaN, which is not drawn.
        precision = precision_score(true, chosen, sample_weight=weight, zero_division=np.nan)
        return recall_score(true, chosen, sample_weight=weight), precision
