"""What a fit recorded of every task, epoch by epoch."""

import numpy as np

from .._validation import check_option
from ..metrics._responses import fitted_attribute
from ._figure import panel_axes
from ._legend import draw_legend
from ._task_panels import chosen_tasks
from ._text import shortened

__all__ = ["TaskLearningCurveDisplay"]

# Of every quantity: its axis label, the keys of its curves with their legends, and what a fit must be told to have it.
QUANTITIES = {
    "loss": ("loss", {"train_loss": "training", "valid_loss": "validation"}, None),
    "score": ("accuracy", {"valid_score": "validation"}, "early_stopping=True"),
    "weight": ("weight", {"weight": "weight"}, None),
    "conflict": ("share of steps", {"conflict": "against other tasks"}, "record_conflicts=True"),
}
STYLES = {
    "validation": {"color": "tab:orange"},
    "all pairs": {"color": "0.5", "linestyle": "--"},
    None: {"color": "tab:blue"},
}


class TaskLearningCurveDisplay:
    """Learning curves, a panel per task.

    Build it with :meth:`from_estimator` or :meth:`from_history`.

    Parameters
    ----------
    history : list of dict
        A row per epoch, as in ``history_`` of :class:`skmtl.MultiTaskCNNClassifier`.
    task_names : list
        Names of the tasks, in order.
    best_epoch : int, default=None
        ``epoch`` of the row whose weights were kept. None: the first one with the highest ``valid_score``,
        if there is any.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, of shape (n_panels,)
        One per task drawn.
    figure_ : matplotlib Figure
        Containing them.
    lines_ : list of dict
        For every panel, legend -> matplotlib Line2D.

    See Also
    --------
    skmtl.MultiTaskCNNClassifier : Records the history.

    Examples
    --------
    >>> from skmtl.inspection import TaskLearningCurveDisplay
    >>> history = [
    ...     {"epoch": 1, "left_train_loss": 2.3, "right_train_loss": 2.2},
    ...     {"epoch": 2, "left_train_loss": 1.1, "right_train_loss": 1.4},
    ... ]
    >>> display = TaskLearningCurveDisplay.from_history(history, ["left", "right"])
    >>> display.axes_[1].get_title(), display.lines_[1]["training"].get_ydata().tolist()
    ('right', [2.2, 1.4])
    """

    def __init__(self, history, task_names, *, best_epoch=None):
        self.history = history
        self.task_names = task_names
        self.best_epoch = best_epoch

    @classmethod
    def from_estimator(cls, estimator, *, quantity="loss", tasks=None, axes=None):
        """Draw what a fitted estimator recorded.

        Parameters
        ----------
        estimator : fitted MultiTaskCNNClassifier
            Or a pipeline or search around one.
        quantity : {"loss", "score", "weight", "conflict"}, default="loss"
            What to draw; see :meth:`plot`.
        tasks : list of task names or indices, default=None
            The tasks to draw; None for all.
        axes : array-like of matplotlib Axes, default=None
            One per task; None for those of a new figure.

        Returns
        -------
        TaskLearningCurveDisplay

        Raises
        ------
        ValueError
            If the estimator has no history, or one without this quantity.
        """
        history = fitted_attribute(estimator, "history_")
        if history is None:
            raise ValueError(
                f"{type(estimator).__name__} has no history_: fit a MultiTaskCNNClassifier first, or use from_history."
            )
        # Of weights that were not chosen by early stopping, none are the best.
        stopping = dict(getattr(fitted_attribute(estimator, "net_"), "callbacks_", [])).get("skmtl_stopping")
        display = cls(
            history, fitted_attribute(estimator, "task_names_"), best_epoch=getattr(stopping, "best_epoch_", None)
        )
        return display.plot(quantity=quantity, tasks=tasks, axes=axes)

    @classmethod
    def from_history(cls, history, task_names, *, best_epoch=None, quantity="loss", tasks=None, axes=None):
        """Draw a history that was kept, in a file say.

        Parameters
        ----------
        history : list of dict or DataFrame
            A row per epoch, as in ``history_`` of :class:`skmtl.MultiTaskCNNClassifier`.
        task_names : sequence
            Names of the tasks, in order.
        best_epoch : int, default=None
            ``epoch`` of the row whose weights were kept. None: the first one with the highest
            ``valid_score``, if there is any.
        quantity : {"loss", "score", "weight", "conflict"}, default="loss"
            What to draw; see :meth:`plot`.
        tasks : list of task names or indices, default=None
            The tasks to draw; None for all.
        axes : array-like of matplotlib Axes, default=None
            One per task; None for those of a new figure.

        Returns
        -------
        TaskLearningCurveDisplay
        """
        rows = history.to_dict("records") if hasattr(history, "to_dict") else list(history)
        return cls(rows, list(task_names), best_epoch=best_epoch).plot(quantity=quantity, tasks=tasks, axes=axes)

    def plot(self, *, quantity="loss", tasks=None, axes=None):
        """Draw the curves of every task.

        Parameters
        ----------
        quantity : {"loss", "score", "weight", "conflict"}, default="loss"
            ``"loss"``: in training and, with early stopping, on the validation part; ``"score"``: validation
            accuracy; ``"weight"``: what the weighting and ``task_weights`` multiply the task's loss by;
            ``"conflict"``: share of the steps in which the task's gradient and that of another are opposed, mean
            over the others; of more than two tasks beside the share over all pairs.
        tasks : list of task names or indices, default=None
            The tasks to draw, a panel each; None for all.
        axes : array-like of matplotlib Axes, default=None
            One per task; None for those of a new figure.

        Returns
        -------
        TaskLearningCurveDisplay
        """
        check_option("quantity", quantity, QUANTITIES)
        names = list(self.task_names)
        picked = chosen_tasks(tasks, names)
        curves = [self._curves(quantity, t) for t in picked]
        self.axes_ = panel_axes(axes, len(picked), type(self).__name__, size=(3.2, 2.6))
        self.figure_ = self.axes_[0].figure
        best = self._best_epoch()
        self.lines_ = []
        for ax, t, values in zip(self.axes_, picked, curves, strict=True):
            self.lines_.append(self._draw(ax, values, best))
            ax.set(title=shortened(names[t], 26), xlabel="epoch", ylabel=QUANTITIES[quantity][0])
        if len(self.lines_[0]) > 1:
            draw_legend(self.axes_[0], axes is None)
        return self

    def _curves(self, quantity, task):
        """Return legend -> values of shape (n_epochs,); ValueError if there are none."""
        if not self.history:
            raise ValueError("history has no row, so there is nothing to draw: train for at least one epoch.")
        _, keys, remedy = QUANTITIES[quantity]
        if quantity == "conflict":
            curves = {"against other tasks": self._conflicts(task)}
            if len(self.task_names) > 2:
                curves["all pairs"] = self._read("conflict_rate")
        else:
            curves = {legend: self._read(f"{self.task_names[task]}_{key}") for key, legend in keys.items()}
        found = {legend: values for legend, values in curves.items() if values is not None}
        if not found:
            key = "gradient_conflict" if quantity == "conflict" else f"{self.task_names[task]}_{next(iter(keys))}"
            advice = f"fit with {remedy}" if remedy else "check task_names"
            raise ValueError(f"history has no {key!r}, which quantity={quantity!r} needs: {advice}.")
        return found

    def _read(self, key):
        # Calls of partial_fit between fits record less than these.
        return _floats([row.get(key) for row in self.history]) if any(key in row for row in self.history) else None

    def _conflicts(self, task):
        if not any("gradient_conflict" in row for row in self.history):
            return None
        return np.array([_mean_of_others(row.get("gradient_conflict"), task) for row in self.history])

    def _best_epoch(self):
        if self.best_epoch is not None:
            return self.best_epoch
        scores = self._read("valid_score")
        if scores is None or np.isnan(scores).all():
            return None
        return self.history[int(np.nanargmax(scores))]["epoch"]

    def _draw(self, ax, curves, best):
        epochs = [row["epoch"] for row in self.history]
        marker = "o" if len(epochs) == 1 else None
        lines = {}
        for legend, values in curves.items():
            style = STYLES.get(legend, STYLES[None])
            (lines[legend],) = ax.plot(epochs, values, label=legend, marker=marker, **style)
        if best in epochs:
            lines["best epoch"] = ax.axvline(best, color="0.3", linestyle=":", label=f"best epoch ({best})")
        ax.xaxis.get_major_locator().set_params(integer=True)
        return lines


def _floats(values):
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _mean_of_others(shares, task):
    """Return the mean of a task's row of a (T, T) table over the other tasks, NaN if none is known."""
    # The missing cells of a DataFrame are NaN.
    if np.ndim(shares) != 2:
        return np.nan
    others = np.delete(np.asarray(shares, dtype=float)[task], task)
    return np.nan if np.isnan(others).all() else float(np.nanmean(others))
