"""What a fit recorded of every task, epoch by epoch."""

from .._validation import check_option
from ..metrics._responses import fitted_attribute
from ._figure import panel_axes
from ._history_curves import QUANTITIES, best_epoch, task_curves
from ._legend import draw_legend
from ._task_panels import chosen_tasks
from ._text import shortened_all

__all__ = ["TaskLearningCurveDisplay"]

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
                f"{type(estimator).__name__} has no history_: fit a MultiTaskCNNClassifier first, pass a fitted one "
                "that it holds (estimator_, estimators_), or use from_history."
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
        curves = [task_curves(self.history, names, quantity, t) for t in picked]
        self.axes_ = panel_axes(axes, len(picked), type(self).__name__, size=(3.2, 2.6))
        self.figure_ = self.axes_[0].figure
        best = best_epoch(self.history) if self.best_epoch is None else self.best_epoch
        self.lines_ = []
        titles = shortened_all([names[t] for t in picked], 26)
        for ax, title, values in zip(self.axes_, titles, curves, strict=True):
            self.lines_.append(self._draw(ax, values, best))
            ax.set(title=title, xlabel="epoch", ylabel=QUANTITIES[quantity][0])
        if len(self.lines_[0]) > 1:
            draw_legend(self.axes_[0], axes is None)
        return self

    def _draw(self, ax, curves, best):
        epochs = [row["epoch"] for row in self.history]
        marker = "o" if len(epochs) == 1 else None
        lines = {}
        for legend, values in curves.items():
            style = STYLES.get(legend, STYLES[None])
            (lines[legend],) = ax.plot(epochs, values, label=legend, marker=marker, **style)
        if best in epochs:
            lines["best epoch"] = ax.axvline(best, color="0.3", linestyle=":", label=f"best epoch ({best})")
        ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        return lines
