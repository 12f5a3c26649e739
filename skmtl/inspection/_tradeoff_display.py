"""What the tasks' weights trade: the scores of one task against those of the others."""

import pandas as pd

from .._validation import values_per_task
from ..model_selection import task_weight_tradeoff
from ._figure import one_axes
from ._legend import draw_legend
from ._parallel_scores import draw_parallel_scores, parallel_size
from ._tradeoff_front import draw_front

__all__ = ["TaskTradeoffDisplay"]


class TaskTradeoffDisplay:
    """The candidates of a search over task weights, by their scores of every task.

    Two tasks make a plane, with the Pareto front as a staircase: what lies left and below is no better for either
    task. More tasks make parallel coordinates: a line per candidate over an axis per task. No axis spans less than the
    largest standard deviation over the folds, so that noise does not look like a trade-off. Build it with
    :meth:`from_search` or :meth:`from_tradeoff`.

    Parameters
    ----------
    table : DataFrame
        From :func:`skmtl.model_selection.task_weight_tradeoff`: a row per candidate, two-level columns ("weight",
        task), ("score", task), ("std", task), ("pareto", "") and ("knee", "").
    single_task : list of float or None, default=None
        Score of every task's single-task model, None where it is not known; None for no such models.

    Attributes
    ----------
    ax_ : matplotlib Axes
        With the plot.
    figure_ : matplotlib Figure
        Containing it.
    front_ : matplotlib Line2D or list of Line2D
        The staircase of two tasks; of more, the lines of the candidates on the front.
    knee_ : matplotlib Line2D or None
        The candidate that the trade-off suggests, None if it suggests none.
    single_task_ : matplotlib Line2D or None
        The scores of the single-task models.

    See Also
    --------
    skmtl.model_selection.task_weight_tradeoff : Makes the table.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.inspection import TaskTradeoffDisplay
    >>> columns = [(kind, task) for kind in ["weight", "score", "std"] for task in ["left", "right"]]
    >>> rows = [[0.5, 1.5, 0.7, 0.9, 0, 0, True, False], [1, 1, 0.8, 0.8, 0, 0, True, True]]
    >>> table = pd.DataFrame(rows, columns=pd.MultiIndex.from_tuples([*columns, ("pareto", ""), ("knee", "")]))
    >>> display = TaskTradeoffDisplay.from_tradeoff(table, single_task={"left": 0.75, "right": 0.85})
    >>> display.ax_.get_xlabel(), display.knee_.get_xydata().tolist()
    ('score of left', [[0.8, 0.8]])
    """

    def __init__(self, table, *, single_task=None):
        self.table = table
        self.single_task = single_task

    @classmethod
    def from_search(
        cls, search, metric=None, *, param="task_weights", single_task=None, error_bars=False, ax=None, colorbar=True
    ):
        """Draw a fitted search over task weights.

        Parameters
        ----------
        search : fitted search
            As :func:`skmtl.model_selection.task_weight_tradeoff` takes it.
        metric : str or mapping of task -> str, default=None
            Which of the search's scores; see there.
        param : str, default="task_weights"
            The parameter that holds the weights; see there.
        single_task : mapping, Series, sequence or SingleTaskComparison, default=None
            Scores of single-task models, in the metric of the search; see :meth:`from_tradeoff`.
        error_bars : bool, default=False
            Whether to draw the standard deviations over the folds; of two tasks only.
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        colorbar : bool, default=True
            Whether two tasks get a colour bar; see :meth:`plot`.

        Returns
        -------
        TaskTradeoffDisplay
        """
        table = task_weight_tradeoff(search, metric, param=param)
        return cls.from_tradeoff(table, single_task=single_task, error_bars=error_bars, ax=ax, colorbar=colorbar)

    @classmethod
    def from_tradeoff(cls, table, *, single_task=None, error_bars=False, ax=None, colorbar=True):
        """Draw the table of a trade-off.

        Parameters
        ----------
        table : DataFrame
            From :func:`skmtl.model_selection.task_weight_tradeoff`, of two tasks or more.
        single_task : mapping, Series, sequence or SingleTaskComparison, default=None
            Score of every task's single-task model, to draw beside the candidates. A mapping or Series need not
            name all tasks.
        error_bars : bool, default=False
            Whether to draw the standard deviations over the folds; of two tasks only.
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        colorbar : bool, default=True
            Whether two tasks get a colour bar; see :meth:`plot`.

        Returns
        -------
        TaskTradeoffDisplay

        Raises
        ------
        ValueError
            If the table has a single task or lacks a column.
        """
        names = _tasks(table)
        if hasattr(single_task, "table"):
            single_task = single_task.table["single_task"]
        if single_task is not None:
            single_task = values_per_task("single_task", single_task, names)
        return cls(table, single_task=single_task).plot(error_bars=error_bars, ax=ax, colorbar=colorbar)

    def plot(self, *, error_bars=False, ax=None, colorbar=True):
        """Draw the candidates, the front, the knee and the single-task models.

        Parameters
        ----------
        error_bars : bool, default=False
            Whether to draw the standard deviations over the folds; of two tasks only.
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        colorbar : bool, default=True
            Whether to draw, of two tasks, a colour bar that says what the colours of the candidates mean: the
            first task's share of the weight.

        Returns
        -------
        TaskTradeoffDisplay
        """
        names = _tasks(self.table)
        if error_bars and len(names) > 2:
            raise ValueError(f"error_bars can only be drawn for two tasks. Got {len(names)}: leave it False.")
        size = (6.0, 4.4) if len(names) == 2 else parallel_size(names)
        self.ax_ = one_axes(ax, type(self).__name__, size=size)
        self.figure_ = self.ax_.figure
        if len(names) == 2:
            drawn = draw_front(self.ax_, self.table, names, self.single_task, error_bars, colorbar)
        else:
            drawn = draw_parallel_scores(self.ax_, self.table, names, self.single_task)
        self.front_, self.knee_, self.single_task_ = drawn
        draw_legend(self.ax_, ax is None)
        return self


def _tasks(table):
    """Return the tasks of a table; ValueError if it cannot be drawn."""
    columns = getattr(table, "columns", None)
    first = set(columns.get_level_values(0)) if isinstance(columns, pd.MultiIndex) else set()
    if lacking := [name for name in ("weight", "score", "std", "pareto", "knee") if name not in first]:
        raise ValueError(
            f"table must be what task_weight_tradeoff returns, with the columns weight, score, std, pareto and knee. "
            f"It lacks {lacking!r}."
        )
    names = list(table["score"].columns)
    if len(names) < 2:
        raise ValueError(f"A trade-off needs two tasks or more. Got {names!r} only.")
    if not len(table):
        raise ValueError("table has no row, so there is nothing to draw: pass one with a candidate or more.")
    return names
