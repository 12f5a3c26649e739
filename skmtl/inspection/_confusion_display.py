"""What every task takes for what."""

from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.utils._param_validation import StrOptions, validate_parameter_constraints

from ._confusion_matrices import matrices_of_estimator, matrices_of_predictions
from ._estimator_cells import EstimatorCells
from ._figure import panel_axes
from ._task_panels import draw_note
from ._text import shortened_all
from ._ticks import label_ticks

__all__ = ["MultiTaskConfusionMatrixDisplay"]

# What still can be read in a panel of 3.8 inches.
MOST_NUMBERS, MOST_TICKS = 10, 20
SHARES = {"normalize": [StrOptions({"true", "pred", "all"}), None]}


class MultiTaskConfusionMatrixDisplay:
    """Confusion matrices, a panel per task; rows are true labels, columns predicted ones.

    Build it with :meth:`from_estimator` or :meth:`from_predictions`. The numbers are those of
    :func:`sklearn.metrics.confusion_matrix` on the task's labelled rows.

    Parameters
    ----------
    confusion_matrices : list of (ndarray of shape (n_classes, n_classes) or None)
        One per task; None for a task without labels.
    labels : list of list
        The classes of every matrix.
    task_names : list
        Names of the tasks.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, of shape (n_tasks,)
        One per task.
    figure_ : matplotlib Figure
        Containing them.
    panels_ : list of (sklearn.metrics.ConfusionMatrixDisplay or None)
        What is drawn in each.

    See Also
    --------
    skmtl.metrics.multi_task_report : Precision, recall and F1 of every class of every task.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.inspection import MultiTaskConfusionMatrixDisplay
    >>> y_true = pd.DataFrame({"digit": [1, 2, 2, 1], "font": ["serif", "sans", None, "sans"]})
    >>> y_pred = [[1, "serif"], [2, "sans"], [1, "sans"], [1, "serif"]]
    >>> display = MultiTaskConfusionMatrixDisplay.from_predictions(y_true, y_pred)
    >>> display.confusion_matrices[1]
    array([[1, 1],
           [0, 1]])
    >>> display.axes_[1].get_title(), display.labels[1]
    ('font', ['sans', 'serif'])
    """

    def __init__(self, confusion_matrices, labels, task_names):
        self.confusion_matrices = confusion_matrices
        self.labels = labels
        self.task_names = task_names

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        tasks=None,
        labels=None,
        normalize=None,
        sample_weight=None,
        missing_label=None,
        axes=None,
        **plot_kwargs,
    ):
        """Predict, count and draw.

        Parameters
        ----------
        estimator : fitted classifier
            Of one or more tasks; any of scikit-learn's multi-output classifiers, a pipeline or a search too.
        X, y : array-like
            Its input and true labels, of shape (n_samples,) or (n_samples, n_tasks). Columns are matched by name
            where both the estimator and `y` have names.
        tasks : list of task names or indices, default=None
            The tasks to draw; None for all.
        labels : list or mapping of task -> list, default=None
            Classes to show, in this order; of one task, a plain list. None, or no entry for a task: the
            estimator's ``classes_``, then the labels of `y` that are not among them; of an ordered categorical
            column of `y`, in its order.
        normalize : {"true", "pred", "all"}, default=None
            Divide by the sums of rows, of columns or of all; None shows counts.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
            Weights of rows or cells.
        missing_label : scalar, default=None
            Extra marker for "no label"; None means the estimator's own.
        axes : array-like of matplotlib Axes, default=None
            One per task; None for those of a new figure.
        **plot_kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        MultiTaskConfusionMatrixDisplay

        Warns
        -----
        UnlabelledTaskWarning
            If a task has no labelled cell of positive weight; its panel says so.
        """
        validate_parameter_constraints(SHARES, {"normalize": normalize}, f"{cls.__name__}.from_estimator")
        source = EstimatorCells(estimator, X, y, sample_weight, missing_label, ("predict",), cls.__name__)
        return cls(*matrices_of_estimator(source, tasks, labels, normalize)).plot(axes=axes, **plot_kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred,
        *,
        tasks=None,
        labels=None,
        normalize=None,
        sample_weight=None,
        missing_label=None,
        axes=None,
        **plot_kwargs,
    ):
        """Count predicted labels and draw.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
            True labels; cells without a label are skipped.
        y_pred : array-like of the same shape
            Predicted labels. Columns are matched by name if both sides have names, else by order.
        tasks : list of task names or indices, default=None
            The tasks to draw; None for all.
        labels : list or mapping of task -> list, default=None
            Classes to show, in this order; of one task, a plain list. None, or no entry for a task: the sorted
            labels found; of an ordered categorical column of `y_true`, in its order.
        normalize : {"true", "pred", "all"}, default=None
            Divide by the sums of rows, of columns or of all; None shows counts.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
            Weights of rows or cells.
        missing_label : scalar, default=None
            Extra marker for "no label"; NaN, None, ``pd.NA`` and NaT always mean it.
        axes : array-like of matplotlib Axes, default=None
            One per task; None for those of a new figure.
        **plot_kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        MultiTaskConfusionMatrixDisplay

        Warns
        -----
        UnlabelledTaskWarning
            If a task has no labelled cell of positive weight; its panel says so.
        """
        validate_parameter_constraints(SHARES, {"normalize": normalize}, f"{cls.__name__}.from_predictions")
        parts = matrices_of_predictions(y_true, y_pred, tasks, labels, normalize, sample_weight, missing_label)
        return cls(*parts).plot(axes=axes, **plot_kwargs)

    def plot(self, *, axes=None, include_values=None, colorbar=None, cmap="viridis", values_format=None):
        """Draw the matrices.

        Parameters
        ----------
        axes : array-like of matplotlib Axes, default=None
            One per task; None for those of a new figure.
        include_values : bool, default=None
            Whether to write the numbers into the cells. None: where a task has at most ten classes.
        colorbar : bool, default=None
            Whether to draw a colour bar. None: where there are no numbers.
        cmap : str or matplotlib Colormap, default="viridis"
            Colours.
        values_format : str, default=None
            Format of the numbers. None: whole numbers for counts, two decimals for shares.

        Returns
        -------
        MultiTaskConfusionMatrixDisplay
        """
        n_tasks = len(self.task_names)
        # Names of classes need room on two sides, so few panels go into a row.
        columns = 2 if n_tasks == 4 else 3
        self.axes_ = panel_axes(axes, n_tasks, type(self).__name__, size=(3.8, 3.5), n_columns=columns)
        self.figure_ = self.axes_[0].figure
        self.panels_ = []
        titles = shortened_all(self.task_names)
        for ax, matrix, labels, title in zip(self.axes_, self.confusion_matrices, self.labels, titles, strict=True):
            if matrix is None:
                draw_note(ax, title, "no labels in y")
                self.panels_.append(None)
                continue
            numbers = len(labels) <= MOST_NUMBERS if include_values is None else include_values
            panel = ConfusionMatrixDisplay(matrix, display_labels=labels).plot(
                ax=ax,
                include_values=numbers,
                colorbar=not numbers if colorbar is None else colorbar,
                cmap=cmap,
                values_format=values_format or _format(matrix),
                text_kw={"fontsize": max(5, min(10, 60 / len(labels)))} if numbers else None,
                # A number has the colour opposite to its cell's, of which equal cells have the lowest otherwise.
                im_kw={"vmin": 0} if matrix.min() == matrix.max() else None,
            )
            self.panels_.append(panel)
            ax.set(xlabel="predicted label", ylabel="true label")
            ax.set_title(title, fontsize=10)
            label_ticks(ax, labels, MOST_TICKS, length=14, level=24)
        return self


def _format(matrix):
    if matrix.dtype.kind != "f":
        return "d"
    return ".2f" if matrix.max() <= 1 else ".4g"
