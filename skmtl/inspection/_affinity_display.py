"""Task affinities as a heat map."""

import numpy as np

from .._validation import check_option
from ..model_selection import task_affinity
from ._affinity_matrix import read_error, read_matrix
from ._affinity_style import MOST_ERRORS, MOST_VALUES, figure_size, is_level, limits, writer
from ._figure import check_axes, one_axes
from ._text import shortened_all

__all__ = ["TaskAffinityDisplay"]

MEASURES = {
    "lookahead": "relative fall of the receiver's loss",
    "gradient_cosine": "cosine of the gradients",
    "transfer": "relative gain of the receiver's score",
    "label_association": "association of the labels",
}
SIGNED = {"lookahead", "gradient_cosine", "transfer"}
GREY = "0.88"


class TaskAffinityDisplay:
    """Heat map of what every task gives to every other: rows give, columns receive.

    Build it with :meth:`from_affinity` or :meth:`from_estimator`.

    Parameters
    ----------
    affinity : ndarray of shape (n_tasks, n_tasks)
        What the task of the row gives to that of the column; the diagonal is not drawn.
    standard_error : ndarray of shape (n_tasks, n_tasks), default=None
        Of every affinity.
    task_names : list, default=None
        Names of the tasks; None for "task0", "task1" ...
    method : str, default=None
        How it was measured, one of the methods of :func:`skmtl.model_selection.task_affinity`; it labels the
        colour bar and says whether 0 is the middle of the colours.

    Attributes
    ----------
    ax_ : matplotlib Axes
        With the heat map.
    figure_ : matplotlib Figure
        Containing it.
    im_ : matplotlib AxesImage
        The heat map; cells without a value are masked.
    text_ : dict (row, column) -> matplotlib Text
        The numbers in the cells.

    See Also
    --------
    skmtl.model_selection.task_affinity : Measures affinities.

    Examples
    --------
    >>> from skmtl.inspection import TaskAffinityDisplay
    >>> display = TaskAffinityDisplay.from_affinity([[0, 0.3], [-0.1, 0]], task_names=["left", "right"])
    >>> display.text_[0, 1].get_text(), display.ax_.get_ylabel()
    ('0.300', 'giving')
    """

    def __init__(self, affinity, *, standard_error=None, task_names=None, method=None):
        self.affinity = affinity
        self.standard_error = standard_error
        self.task_names = task_names
        self.method = method

    @classmethod
    def from_estimator(cls, estimator, X, y, *, method="lookahead", ax=None, values=None, colorbar=True, **params):
        """Measure the affinity of the tasks and draw it.

        Parameters
        ----------
        estimator : multi-task classifier
            As :func:`skmtl.model_selection.task_affinity` takes it; cloned, never changed.
        X : array-like, or mapping task -> array-like
            Input.
        y : array-like of shape (n_samples, n_tasks)
            Labels.
        method : {"lookahead", "gradient_cosine", "transfer", "label_association"}, default="lookahead"
            The measure.
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        values : bool, default=None
            Whether to write numbers into the cells; see :meth:`plot`.
        colorbar : bool, default=True
            Whether to draw a colour bar.
        **params : dict
            Further parameters of :func:`skmtl.model_selection.task_affinity`.

        Returns
        -------
        TaskAffinityDisplay
        """
        check_axes(ax, cls.__name__)
        found = task_affinity(estimator, X, y, method=method, **params)
        return cls.from_affinity(found, ax=ax, values=values, colorbar=colorbar)

    @classmethod
    def from_affinity(
        cls, affinity, *, standard_error=None, task_names=None, method=None, ax=None, values=None, colorbar=True
    ):
        """Draw affinities that are there already.

        Parameters
        ----------
        affinity : TaskAffinity, DataFrame or array-like of shape (n_tasks, n_tasks)
            Rows give, columns receive. A `TaskAffinity` has its own standard errors, names and method.
        standard_error : DataFrame or array-like of shape (n_tasks, n_tasks), default=None
            Of a DataFrame's or an array's values.
        task_names : sequence, default=None
            Names of the tasks; None for those of the DataFrame, or "task0", "task1" ...
        method : {"lookahead", "gradient_cosine", "transfer", "label_association"}, default=None
            How a DataFrame or an array was measured.
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        values : bool, default=None
            Whether to write numbers into the cells; see :meth:`plot`.
        colorbar : bool, default=True
            Whether to draw a colour bar.

        Returns
        -------
        TaskAffinityDisplay

        Raises
        ------
        ValueError
            If the matrix is not square, or names or errors do not fit it.
        """
        if hasattr(affinity, "affinity"):
            given = {"standard_error": standard_error, "task_names": task_names, "method": method}
            if extra := [name for name, value in given.items() if value is not None]:
                raise ValueError(f"A TaskAffinity has its own {extra[0]}: leave {', '.join(extra)} out.")
            standard_error, method = affinity.standard_error, affinity.method
            task_names, affinity = affinity.task_names, affinity.affinity
        matrix, names = read_matrix(affinity, task_names)
        error = None if standard_error is None else read_error(standard_error, names)
        if method is not None:
            check_option("method", method, MEASURES)
        return cls(matrix, standard_error=error, task_names=names, method=method).plot(
            ax=ax, values=values, colorbar=colorbar
        )

    def plot(self, *, ax=None, values=None, colorbar=True):
        """Draw the heat map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure, larger for more tasks.
        values : bool, default=None
            Whether to write the affinities into the cells; None: up to 12 tasks. Up to 8 tasks they come with
            their standard errors.
        colorbar : bool, default=True
            Whether to draw a colour bar, labelled with the measure.

        Returns
        -------
        TaskAffinityDisplay
        """
        matrix, names = read_matrix(self.affinity, self.task_names)
        n_tasks = len(names)
        self.ax_ = one_axes(ax, type(self).__name__, size=figure_size(names))
        self.figure_ = self.ax_.figure
        shown = np.ma.masked_invalid(np.where(np.eye(n_tasks, dtype=bool), np.nan, matrix))
        signed = self.method in SIGNED or bool((shown < 0).any())
        low, high = limits(shown, signed)
        self.im_ = self.ax_.imshow(shown, cmap="RdBu" if signed else "cividis", vmin=low, vmax=high)
        self.im_.set_cmap(self.im_.get_cmap().with_extremes(bad=GREY))
        self._label(names)
        write = n_tasks <= MOST_VALUES if values is None else values
        self.text_ = self._write(shown, n_tasks) if write else {}
        if colorbar:
            self.figure_.colorbar(self.im_, ax=self.ax_, label=MEASURES.get(self.method, "affinity"), shrink=0.9)
        return self

    def _label(self, names):
        size = 10 if len(names) <= MOST_VALUES else 7.5
        labels = shortened_all(names)
        self.ax_.set_xticks(range(len(names)), labels, rotation=0 if is_level(names) else 90, fontsize=size)
        self.ax_.set_yticks(range(len(names)), labels, fontsize=size)
        self.ax_.set(xlabel="receiving", ylabel="giving")

    def _write(self, shown, n_tasks):
        errors = self.standard_error if n_tasks <= MOST_ERRORS else None
        written = writer(shown, 3 if n_tasks <= MOST_ERRORS else 2)
        texts = {}
        for i, j in zip(*np.nonzero(~np.ma.getmaskarray(shown)), strict=True):
            text = written(shown[i, j])
            if errors is not None and np.isfinite(errors[i][j]):
                text += f"\n±{written(errors[i][j])}"
            red, green, blue, _ = self.im_.cmap(self.im_.norm(shown[i, j]))
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
            texts[int(i), int(j)] = self.ax_.text(
                j, i, text, ha="center", va="center", color="white" if dark else "black", fontsize=8
            )
        return texts
