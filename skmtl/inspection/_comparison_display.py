"""Multi-task against single-task models, task by task."""

import numpy as np

from ..model_selection import compare_with_single_task
from ._figure import check_axes, one_axes
from ._legend import draw_legend
from ._text import shortened, shortened_all

__all__ = ["SingleTaskComparisonDisplay"]

# Colour and marker both, for readers and printers that see no colours.
STYLES = {
    "gain": {"color": "tab:blue", "marker": "o", "label": "gain"},
    "unclear": {"color": "0.45", "marker": "s", "label": "no clear difference"},
    "negative": {"color": "tab:red", "marker": "X", "label": "negative transfer"},
}


class SingleTaskComparisonDisplay:
    """Forest plot of what every task gains by the company of the others.

    Build it with :meth:`from_comparison` or :meth:`from_estimator`. A task whose interval lies on one side of zero is
    a gain or a negative transfer; of the others, so many splits do not tell.

    Parameters
    ----------
    table : DataFrame
        Index: task names. Columns: "difference" (score of the multi-task model minus that of the single-task
        model), "lower" and "upper" (its interval) and "negative_transfer" (bool).
    delta_m : float
        Mean relative gain in percent; higher is better.
    delta_m_interval : tuple of float
        Its interval.
    metric : str or dict task -> str, default="score"
        The score; of a dict, which says by what each task is scored, beside the names of the tasks.
    confidence_level : float, default=0.95
        Of the intervals.

    Attributes
    ----------
    ax_ : matplotlib Axes
        With the plot.
    figure_ : matplotlib Figure
        Containing it.
    lines_ : dict task -> matplotlib ErrorbarContainer
        Point and interval of every task.

    See Also
    --------
    skmtl.model_selection.compare_with_single_task : Trains and scores the models.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.inspection import SingleTaskComparisonDisplay
    >>> table = pd.DataFrame(
    ...     {"difference": [0.03, -0.02], "lower": [0.01, -0.03], "upper": [0.05, -0.01],
    ...      "negative_transfer": [False, True]}, index=["left", "right"])
    >>> display = SingleTaskComparisonDisplay(table, 0.6, (-1.0, 2.2), metric="accuracy").plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['left', 'right']
    """

    def __init__(self, table, delta_m, delta_m_interval, *, metric="score", confidence_level=0.95):
        self.table = table
        self.delta_m = delta_m
        self.delta_m_interval = delta_m_interval
        self.metric = metric
        self.confidence_level = confidence_level

    @classmethod
    def from_estimator(cls, estimator, X, y, *, ax=None, **params):
        """Train and compare the models, and draw the result.

        Parameters
        ----------
        estimator : multi-task classifier
            As :func:`skmtl.model_selection.compare_with_single_task` takes it; cloned, never changed.
        X : array-like, or mapping task -> array-like
            Input.
        y : array-like of shape (n_samples, n_tasks)
            Labels.
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        **params : dict
            Further parameters of :func:`skmtl.model_selection.compare_with_single_task`.

        Returns
        -------
        SingleTaskComparisonDisplay
        """
        check_axes(ax, cls.__name__)
        return cls.from_comparison(compare_with_single_task(estimator, X, y, **params), ax=ax)

    @classmethod
    def from_comparison(cls, comparison, *, ax=None):
        """Draw a comparison that is there already.

        Parameters
        ----------
        comparison : SingleTaskComparison
            From :func:`skmtl.model_selection.compare_with_single_task`.
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        SingleTaskComparisonDisplay
        """
        return cls(
            comparison.table,
            comparison.delta_m,
            comparison.delta_m_interval,
            metric=comparison.metric,
            confidence_level=comparison.confidence_level,
        ).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw the differences, a line per task, the first one on top.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure, higher for more tasks.

        Returns
        -------
        SingleTaskComparisonDisplay
        """
        names = list(self.table.index)
        labels, metric = shortened_all(names, 36), self.metric
        if isinstance(metric, dict):
            labels = [f"{label} ({shortened(metric[name], 24)})" for label, name in zip(labels, names, strict=True)]
            metric = "score"
        size = (5.0 + 0.08 * max(map(len, labels)), 1.8 + 0.32 * len(names))
        self.ax_ = one_axes(ax, type(self).__name__, size=size)
        self.figure_ = self.ax_.figure
        self.ax_.axvline(0, color="black", linewidth=0.8)
        self.lines_ = {}
        for place, (name, row) in enumerate(self.table.iterrows()):
            self.lines_[name] = self._draw_task(place, row)
        self.ax_.set_yticks(range(len(names)), labels)
        self.ax_.set_ylim(len(names) - 0.5, -0.5)
        level = f"{100 * self.confidence_level:g} %"
        self.ax_.set_xlabel(f"{metric}, multi-task minus single-task ({level} interval)")
        self.ax_.set_title(self._title())
        draw_legend(self.ax_, ax is None, [style["label"] for style in STYLES.values()])
        return self

    def _title(self):
        if np.isnan(self.delta_m):
            return "Δm unknown"
        low, high = self.delta_m_interval
        ends = "" if np.isnan([low, high]).any() else f" [{low:+.2f}, {high:+.2f}]"
        return f"Δm = {self.delta_m:+.2f} %{ends}, higher is better"

    def _draw_task(self, place, row):
        difference, lower, upper = float(row["difference"]), float(row["lower"]), float(row["upper"])
        kind = "negative" if row["negative_transfer"] else "gain" if lower > 0 else "unclear"
        # The interval of a difference known from one split only has no ends.
        ends = None if np.isnan([lower, upper]).any() else [[difference - lower], [upper - difference]]
        return self.ax_.errorbar(
            difference, place, xerr=ends, linestyle="none", capsize=3, markersize=7, **STYLES[kind]
        )
