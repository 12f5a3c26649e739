"""ROC curves of tasks of two classes."""

from sklearn.metrics import RocCurveDisplay, auc, recall_score, roc_curve

from ._curve_display import TwoClassCurveDisplay

__all__ = ["MultiTaskRocCurveDisplay"]


class MultiTaskRocCurveDisplay(TwoClassCurveDisplay):
    """ROC curves, a panel per task of two classes.

    Build it with :meth:`from_estimator` or :meth:`from_predictions`. The numbers are those of
    :func:`sklearn.metrics.roc_curve` on the task's labelled rows.

    Parameters
    ----------
    curves : list of (sklearn.metrics.RocCurveDisplay or None)
        Curve and area of every task: ``fpr``, ``tpr``, ``roc_auc``; None for a task without a curve.
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
    MultiTaskPrecisionRecallDisplay : For tasks whose positive class is rare.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.inspection import MultiTaskRocCurveDisplay
    >>> y_true = pd.DataFrame({"odd": [0, 1, 0, 1], "font": ["serif", "sans", None, "sans"]})
    >>> y_prob = [[0.1, 0.7, 0.8, 0.9], [0.8, 0.3, 0.6, 0.1]]
    >>> display = MultiTaskRocCurveDisplay.from_predictions(y_true, y_prob, pos_label={"font": "sans"})
    >>> [curve.roc_auc for curve in display.curves], display.pos_labels
    ([0.75, 1.0], [1, 'sans'])
    """

    _labels = ("false positive rate", "true positive rate")

    def __init__(self, curves, task_names, pos_labels, notes, operating_points=None):
        self.curves = curves
        self.task_names = task_names
        self.pos_labels = pos_labels
        self.notes = notes
        self.operating_points = operating_points

    @staticmethod
    def _curve(cells):
        fpr, tpr, _ = roc_curve(cells.positive, cells.score, sample_weight=cells.sample_weight)
        return RocCurveDisplay(fpr=fpr, tpr=tpr, roc_auc=float(auc(fpr, tpr)))

    @staticmethod
    def _point(cells, chosen):
        weight = cells.sample_weight
        return tuple(recall_score(true, chosen, sample_weight=weight) for true in (~cells.positive, cells.positive))
