"""What displays of curves of two-class tasks have in common."""

from abc import ABC, abstractmethod

import numpy as np

from .._validation import check_option
from ..metrics._probabilities import TaskProbabilities
from ._estimator_cells import EstimatorCells
from ._figure import panel_axes
from ._operating_points import operating_points
from ._task_panels import draw_note
from ._text import LEGEND, shortened, shortened_all
from ._two_class_cells import two_class_cells

__all__ = ["TwoClassCurveDisplay"]

METHODS = {
    "auto": ("predict_proba", "decision_function"),
    "predict_proba": ("predict_proba",),
    "decision_function": ("decision_function",),
}


class TwoClassCurveDisplay(ABC):
    """A curve of scikit-learn's per task of two classes.

    A subclass takes ``curves, task_names, pos_labels, notes, operating_points``, stores them, and says which curve
    it is.
    """

    _labels = ("", "")  # of the axes

    @staticmethod
    @abstractmethod
    def _curve(cells):
        """Return scikit-learn's display of `TwoClassCells`, not drawn yet."""

    @staticmethod
    @abstractmethod
    def _point(cells, chosen):
        """Return x and y on the curve, if the `chosen` cells are taken for positive."""

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        tasks=None,
        pos_label=None,
        response_method="auto",
        sample_weight=None,
        missing_label=None,
        name=None,
        axes=None,
        **curve_kwargs,
    ):
        """Ask a fitted estimator and draw, with a mark where a tuned threshold decides.

        Parameters
        ----------
        estimator : fitted classifier
            Of one or more tasks; any of scikit-learn's multi-output classifiers, a pipeline or a search too.
        X, y : array-like
            Its input and true labels, of shape (n_samples,) or (n_samples, n_tasks). Columns are matched by name
            where both the estimator and `y` have names.
        tasks : list of task names or indices, default=None
            The tasks to draw, of two classes each; None for all of two classes.
        pos_label : label, or mapping of task -> label, default=None
            The positive class; None, or no entry for a task: the second of its ``classes_``.
        response_method : {"auto", "predict_proba", "decision_function"}, default="auto"
            What to ask; "auto" asks for probabilities where the estimator has them.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
            Weights of rows or cells.
        missing_label : scalar, default=None
            Extra marker for "no label"; None means the estimator's own.
        name : str, default=None
            Name of the estimator, for the legend.
        axes : array-like of matplotlib Axes, default=None
            One per task drawn; None for those of a new figure.
        **curve_kwargs : dict
            Passed to matplotlib's ``plot``, such as ``color``.

        Returns
        -------
        display : object of this class
            Drawn.

        Raises
        ------
        ValueError
            If no task has two classes, or one of `tasks` has not.

        Warns
        -----
        UnlabelledTaskWarning
            If a task has no labelled cell of positive weight; its panel says so.
        UndefinedMetricWarning
            If the labels of a task are all of one class; its panel says so.
        """
        check_option("response_method", response_method, METHODS)
        methods = METHODS[response_method]
        source = EstimatorCells(estimator, X, y, sample_weight, missing_label, methods, cls.__name__)
        cells = two_class_cells(source, tasks, pos_label, cls.__name__)
        # Thresholds are probabilities, which decision values are not.
        asked = None if response_method == "decision_function" else estimator
        points = operating_points(asked, cells, cls._point)
        return cls._of(cells, points).plot(axes=axes, name=name, **curve_kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_prob,
        *,
        classes=None,
        tasks=None,
        pos_label=None,
        sample_weight=None,
        missing_label=None,
        name=None,
        axes=None,
        **curve_kwargs,
    ):
        """Draw predicted probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
            True labels; cells without a label are skipped.
        y_prob : array-like, list or mapping
            What ``predict_proba`` returns, in the order of y_true's columns, or a mapping of task -> array; see
            :func:`skmtl.metrics.expected_calibration_error`.
        classes : array-like, list or mapping of task -> array-like, default=None
            What the columns of `y_prob` stand for; None, or no entry for a task: the sorted labels of `y_true`.
        tasks : list of task names or indices, default=None
            The tasks to draw, of two classes each; None for all of two classes.
        pos_label : label, or mapping of task -> label, default=None
            The positive class; None, or no entry for a task: the second of its classes.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
            Weights of rows or cells.
        missing_label : scalar, default=None
            Extra marker for "no label"; NaN, None, ``pd.NA`` and NaT always mean it.
        name : str, default=None
            Name of the estimator, for the legend.
        axes : array-like of matplotlib Axes, default=None
            One per task drawn; None for those of a new figure.
        **curve_kwargs : dict
            Passed to matplotlib's ``plot``, such as ``color``.

        Returns
        -------
        display : object of this class
            Drawn.

        Raises
        ------
        ValueError
            If no task has two classes, or one of `tasks` has not.

        Warns
        -----
        UnlabelledTaskWarning
            If a task has no labelled cell of positive weight; its panel says so.
        UndefinedMetricWarning
            If the labels of a task are all of one class; its panel says so.
        """
        source = TaskProbabilities(y_true, y_prob, classes, sample_weight, missing_label)
        cells = two_class_cells(source, tasks, pos_label, cls.__name__)
        return cls._of(cells).plot(axes=axes, name=name, **curve_kwargs)

    @classmethod
    def _of(cls, cells, points=None):
        curves = [None if c.note else cls._curve(c) for c in cells]
        return cls(curves, [c.name for c in cells], [c.pos_label for c in cells], [c.note for c in cells], points)

    def plot(self, *, axes=None, name=None, **curve_kwargs):
        """Draw the curves.

        Parameters
        ----------
        axes : array-like of matplotlib Axes, default=None
            One per task, such as ``axes_`` of another display, to compare two estimators; None for those of a new
            figure.
        name : str, default=None
            Name of the estimator, for the legend.
        **curve_kwargs : dict
            Passed to matplotlib's ``plot``, such as ``color``.

        Returns
        -------
        display : object of this class
            The same.
        """
        self.axes_ = panel_axes(axes, len(self.curves), type(self).__name__, size=(3.4, 3.95))
        self.figure_ = self.axes_[0].figure
        name = None if name is None else shortened(name, LEGEND)
        titles = shortened_all(self.task_names)
        for task, (ax, curve) in enumerate(zip(self.axes_, self.curves, strict=True)):
            if curve is None:
                draw_note(ax, titles[task], self.notes[task])
                continue
            # A second estimator on the same axes has the same chance level.
            drawn = any(label.startswith("Chance") for label in ax.get_legend_handles_labels()[1])
            curve.plot(ax, name=name, plot_chance_level=not drawn, curve_kwargs=curve_kwargs or None)
            if self.operating_points is not None:
                _mark(ax, self.operating_points[task], curve.line_.get_color())
            title = f"{titles[task]}\npositive: {shortened(self.pos_labels[task], 18)}"
            ax.set(title=title, xlabel=self._labels[0], ylabel=self._labels[1])
            # A legend wider than its panel would leave no room for the curves.
            ax.legend(loc="best", fontsize="small").set_in_layout(False)
        return self


def _mark(ax, point, color):
    """Draw an operating point that there is."""
    if point is not None and np.isfinite([point.x, point.y]).all():
        style = {"color": color, "markeredgecolor": "black", "markersize": 7, "clip_on": False}
        ax.plot(point.x, point.y, "o", label=f"threshold {point.threshold:.2g}", **style)
