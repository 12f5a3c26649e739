"""Many tasks' scores as parallel coordinates."""

import numpy as np

from ._score_axes import metrics_of, widened
from ._text import shortened, shortened_all

__all__ = ["draw_parallel_scores", "parallel_size"]

FEW, SHORT = 8, 10  # tasks, and characters of a name, that have room side by side


def parallel_size(names):
    """Return width and height of a figure, in inches: room for the axes and the names."""
    longest = max(len(shortened(name)) for name in names)
    return max(6.0, 1.5 + (0.5 if len(names) > FEW else 1.2) * len(names)), 4.4 if _level(
        names
    ) else 4.6 + 0.08 * longest


def _level(names):
    """Whether the names have room side by side."""
    return len(names) <= FEW and max(map(len, map(str, names))) <= SHORT


def draw_parallel_scores(ax, table, names, single_task):
    """Draw a line per candidate over a vertical axis per task.

    Each axis goes from the task's lowest to its highest score, and further where these differ by less than the noise.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    table : DataFrame
        From `task_weight_tradeoff`.
    names : list
        Names of the tasks.
    single_task : list of float or None, or None
        Scores of the single-task models.

    Returns
    -------
    front : list of matplotlib Line2D
    knee, single : matplotlib Line2D or None
    """
    scores = table["score"][names].to_numpy(float)
    alone = None if single_task is None else np.array([np.nan if s is None else s for s in single_task], dtype=float)
    if alone is not None and np.isnan(alone).all():
        alone = None
    low, high = _ranges(scores if alone is None else np.vstack([scores, alone]))
    low, high = widened(low, high, table["std"][names].to_numpy(float))
    places = np.arange(len(names))
    for place in places:
        ax.axvline(place, color="0.85", linewidth=0.8, zorder=0)

    def draw(values, **style):
        # A task that always scores 0 has its points in the middle.
        span = np.where(high > low, high - low, 1)
        heights = np.where(high > low, (values - low) / span, np.where(np.isnan(values), np.nan, 0.5))
        return ax.plot(places, heights, **style)[0]

    pareto, knee = (table[column].to_numpy(bool) for column in ("pareto", "knee"))
    for row in scores[~pareto]:
        draw(row, color="0.8", linewidth=0.8, zorder=1, label="dominated")
    front = [draw(row, color="tab:blue", linewidth=1.2, zorder=2, label="Pareto front") for row in scores[pareto]]
    best, weights = None, None
    if knee.any():
        weights = table["weight"][names].to_numpy(float)[knee][0]
        style = {"color": "tab:red", "marker": "*", "markersize": 9, "linewidth": 2.5, "zorder": 3}
        best = draw(scores[knee][0], label="knee (its weights in brackets)", **style)
    single = None
    if alone is not None:
        style = {"linestyle": "none", "marker": "D", "color": "black", "markerfacecolor": "none", "zorder": 4}
        single = draw(alone, label="single-task models", **style)
    _label(ax, names, low, high, weights)
    metrics = set(metrics_of(table, names))
    ax.set_ylabel(f"{metrics.pop() if len(metrics) == 1 else 'score'}, an axis per task")
    return front, best, single


def _ranges(values):
    """Return the lowest and the highest score of every task, NaN where none is known."""
    known = ~np.isnan(values)
    low = np.where(known, values, np.inf).min(axis=0)
    high = np.where(known, values, -np.inf).max(axis=0)
    return np.where(np.isinf(low), np.nan, low), np.where(np.isinf(high), np.nan, high)


def _label(ax, names, low, high, weights):
    """Write the ends of every axis, the names and the weights of the knee."""
    labels = shortened_all(names)
    if weights is not None:
        labels = [f"{label} ({weight:.2g})" for label, weight in zip(labels, weights, strict=True)]
    level = _level(names)
    ends = [["" if np.isnan(end) else f"{end:.3f}" for end in side] for side in (low, high)]
    # Turned texts end at the axis, level ones start there.
    below = [f"{end}\n{label}" if level else f"{label}   {end}" for end, label in zip(ends[0], labels, strict=True)]
    turn = {"rotation": 0 if level else 90, "fontsize": 9}
    ax.set_xticks(range(len(names)), below, **turn)
    top = ax.secondary_xaxis("top")
    top.set_xticks(range(len(names)), ends[1], **turn)
    for axis in (ax, top):
        axis.tick_params(axis="x", length=0)
    ax.set(yticks=[], ylim=(-0.05, 1.05), xlim=(-0.5, len(names) - 0.5))
