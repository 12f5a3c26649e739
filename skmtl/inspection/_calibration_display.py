"""Whether the confidence of every task is what it says."""

from ..metrics._probabilities import TaskProbabilities
from ..metrics._reliability import check_bins, error_of_bins, reliability_bins
from ._estimator_cells import EstimatorCells
from ._figure import panel_axes
from ._task_panels import chosen_tasks, draw_note, warn_no_labels
from ._text import LEGEND, shortened, shortened_all

__all__ = ["MultiTaskCalibrationDisplay"]

REFERENCE = "perfectly calibrated"


class MultiTaskCalibrationDisplay:
    r"""Reliability diagrams, a panel per task of any number of classes.

    Cells are put into bins of confidence, the probability of the most probable class. A point shows, for one bin,
    the mean confidence and the rate at which that class is the true one; below the diagonal a task is over-confident.
    The bars show what share of the cells lies in every bin: a point far from the diagonal over a low bar means
    little. The title tells the expected calibration error.

    Build it with :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    bins : list of (DataFrame or None)
        One per task; None for a task without labels. A row per bin, with the columns ``lower`` (itself outside the
        bin, but for the first), ``upper``, ``count`` (cells), ``share`` (of all weight), ``confidence`` and
        ``accuracy`` (means, NaN in an empty bin).
    task_names : list
        Names of the tasks.

    Attributes
    ----------
    errors : list of float
        Expected calibration error of every task, NaN without labels.
    axes_ : ndarray of matplotlib Axes, of shape (n_tasks,)
        One per task.
    figure_ : matplotlib Figure
        Containing them.
    lines_ : list of (matplotlib Line2D or None)
        The points of every task.
    bars_ : list of (matplotlib StepPatch or None)
        The bars of every task.

    See Also
    --------
    skmtl.metrics.expected_calibration_error : The number in the title.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), On Calibration of Modern Neural Networks, ICML.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.inspection import MultiTaskCalibrationDisplay
    >>> y_true = pd.DataFrame({"digit": [0, 1, 2, 1], "odd": [False, True, None, True]})
    >>> before = [[[0.9, 0.1, 0], [0.2, 0.8, 0], [0.5, 0.2, 0.3], [0, 1, 0]], [0.1, 0.7, 0.2, 1]]
    >>> after = [[[0.7, 0.2, 0.1], [0.2, 0.6, 0.2], [0.4, 0.3, 0.3], [0.1, 0.8, 0.1]], [0.2, 0.7, 0.3, 0.9]]
    >>> display = MultiTaskCalibrationDisplay.from_predictions(y_true, before, name="before")
    >>> display = MultiTaskCalibrationDisplay.from_predictions(y_true, after, name="after", axes=display.axes_)
    >>> display.axes_[1].get_title()
    'odd\nECE = 0.133, 0.200'
    """

    def __init__(self, bins, task_names):
        self.bins = bins
        self.task_names = task_names

    @property
    def errors(self):
        """Expected calibration error of every task."""
        return [float("nan") if bins is None else error_of_bins(bins) for bins in self.bins]

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        tasks=None,
        n_bins=15,
        strategy="uniform",
        sample_weight=None,
        missing_label=None,
        name=None,
        axes=None,
        **line_kwargs,
    ):
        """Ask a fitted estimator for probabilities and draw.

        Parameters
        ----------
        estimator : fitted classifier
            Of one or more tasks, with ``predict_proba``; any of scikit-learn's multi-output classifiers, a pipeline
            or a search too.
        X, y : array-like
            Its input and true labels, of shape (n_samples,) or (n_samples, n_tasks). Columns are matched by name
            where both the estimator and `y` have names.
        tasks : list of task names or indices, default=None
            The tasks to draw; None for all.
        n_bins : int, default=15
            Number of bins.
        strategy : {"uniform", "quantile"}, default="uniform"
            Bins of the same width or with the same number of cells.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
            Weights of rows or cells.
        missing_label : scalar, default=None
            Extra marker for "no label"; None means the estimator's own.
        name : str, default=None
            Name of the estimator, for the legend.
        axes : array-like of matplotlib Axes, default=None
            One per task drawn; None for those of a new figure.
        **line_kwargs : dict
            Passed to matplotlib's ``plot``, such as ``color``.

        Returns
        -------
        MultiTaskCalibrationDisplay

        Warns
        -----
        UnlabelledTaskWarning
            If a task has no labelled cell of positive weight; its panel says so.
        """
        check_bins(n_bins, strategy, f"{cls.__name__}.from_estimator")
        methods = ("predict_proba",)
        source = EstimatorCells(estimator, X, y, sample_weight, missing_label, methods, cls.__name__)
        return cls(*_bins(source, tasks, n_bins, strategy)).plot(axes=axes, name=name, **line_kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_prob,
        *,
        classes=None,
        tasks=None,
        n_bins=15,
        strategy="uniform",
        sample_weight=None,
        missing_label=None,
        name=None,
        axes=None,
        **line_kwargs,
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
            The tasks to draw; None for all.
        n_bins : int, default=15
            Number of bins.
        strategy : {"uniform", "quantile"}, default="uniform"
            Bins of the same width or with the same number of cells.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
            Weights of rows or cells.
        missing_label : scalar, default=None
            Extra marker for "no label"; NaN, None, ``pd.NA`` and NaT always mean it.
        name : str, default=None
            Name of the estimator, for the legend.
        axes : array-like of matplotlib Axes, default=None
            One per task drawn; None for those of a new figure.
        **line_kwargs : dict
            Passed to matplotlib's ``plot``, such as ``color``.

        Returns
        -------
        MultiTaskCalibrationDisplay

        Warns
        -----
        UnlabelledTaskWarning
            If a task has no labelled cell of positive weight; its panel says so.
        """
        check_bins(n_bins, strategy, f"{cls.__name__}.from_predictions")
        source = TaskProbabilities(y_true, y_prob, classes, sample_weight, missing_label)
        return cls(*_bins(source, tasks, n_bins, strategy)).plot(axes=axes, name=name, **line_kwargs)

    def plot(self, *, axes=None, name=None, **line_kwargs):
        """Draw the diagrams.

        Parameters
        ----------
        axes : array-like of matplotlib Axes, default=None
            One per task, such as ``axes_`` of another display, to compare two estimators: the titles then tell the
            errors of both, in the order of the legend. None for those of a new figure.
        name : str, default=None
            Name of the estimator, for the legend.
        **line_kwargs : dict
            Passed to matplotlib's ``plot``, such as ``color``.

        Returns
        -------
        MultiTaskCalibrationDisplay
        """
        self.axes_ = panel_axes(axes, len(self.task_names), type(self).__name__, size=(3.2, 3.75))
        self.figure_ = self.axes_[0].figure
        self.lines_, self.bars_ = [], []
        name = None if name is None else shortened(name, LEGEND)
        titles = shortened_all(self.task_names)
        for ax, title, bins, error in zip(self.axes_, titles, self.bins, self.errors, strict=True):
            if bins is None:
                draw_note(ax, title, "no labels in y")
                line, bars = None, None
            else:
                line, bars = _draw(ax, bins, name, line_kwargs)
                _finish(ax, title, error)
            self.lines_.append(line)
            self.bars_.append(bars)
        return self


def _bins(source, tasks, n_bins, strategy):
    """Return (tables, task names)."""
    tables, names = [], []
    for task in chosen_tasks(tasks, source.names):
        cells = source.cells(task)
        names.append(source.names[task])
        tables.append(reliability_bins(cells, n_bins, strategy) if len(cells) else None)
        if not len(cells):
            warn_no_labels(names[-1])
    return tables, names


def _draw(ax, bins, name, line_kwargs):
    filled = bins[bins["count"] > 0]
    (line,) = ax.plot(
        filled["confidence"], filled["accuracy"], **{"marker": "o", "markersize": 4, "label": name, **line_kwargs}
    )
    edges = [*bins["lower"], bins["upper"].iloc[-1]]
    color = line.get_color()
    bars = ax.stairs(bins["share"], edges, fill=True, color=color)  # without a colour it takes the next line's
    bars.set(facecolor=(color, 0.15), edgecolor=(color, 0.6))
    limits = (-0.02, 1.02)  # room for points on the edge
    ax.set(xlim=limits, ylim=limits, xlabel="confidence", ylabel="accuracy (bars: share of cells)", aspect="equal")
    return line, bars


def _finish(ax, title, error):
    """Tell the error, after those of the estimators drawn before; the diagonal shows whether there are any."""
    legend = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    drawn = legend.pop(REFERENCE, None) is not None
    if not drawn:
        ax.plot([0, 1], [0, 1], "k:", zorder=1, label=REFERENCE)
    ax.set_title(f"{ax.get_title()}, {error:.3f}" if drawn else f"{title}\nECE = {error:.3f}")
    if legend:
        drawn = ax.legend(legend.values(), legend.keys(), loc="best", fontsize="small", framealpha=0.6)
        # A legend wider than its panel would leave no room for the curves.
        drawn.set_in_layout(False)
