"""Two tasks' scores in a plane, with the Pareto front."""

import numpy as np

from ._score_axes import metrics_of, widened
from ._text import shortened_all

__all__ = ["draw_front"]


def draw_front(ax, table, names, single_task, error_bars, colorbar):
    """Draw candidates, front, knee and single-task scores of two tasks.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    table : DataFrame
        From `task_weight_tradeoff`.
    names : list of two task names
        Those of the horizontal and the vertical axis.
    single_task : list of float or None, or None
        Scores of the single-task models.
    error_bars : bool
        Whether to draw standard deviations.
    colorbar : bool
        Whether to say what the colours mean.

    Returns
    -------
    front : matplotlib Line2D
    knee, single : matplotlib Line2D or None
    """
    x, y = (table["score", name].to_numpy(float) for name in names)
    if error_bars:
        spread = [table["std", name].to_numpy(float) for name in names]
        ax.errorbar(x, y, xerr=spread[0], yerr=spread[1], linestyle="none", color="0.75", zorder=1)
    _draw_candidates(ax, x, y, table, names, colorbar)
    on_front = np.flatnonzero(table["pareto"].to_numpy(bool))
    on_front = on_front[np.lexsort((y[on_front], x[on_front]))]
    # From a point of the front to the next, what is reached for sure is the worse of both in either task.
    (front,) = ax.plot(
        x[on_front], y[on_front], drawstyle="steps-pre", color="tab:orange", zorder=2, label="Pareto front"
    )
    knee, at = None, np.flatnonzero(table["knee"].to_numpy(bool))[:1]
    if len(at):
        weights = table["weight"][list(names)].iloc[at[0]]
        told = zip(shortened_all(names, 14), weights, strict=True)
        label = "knee" if weights.isna().all() else f"knee: {', '.join(f'{name} {w:.2g}' for name, w in told)}"
        style = {"color": "tab:red", "markeredgecolor": "white", "markersize": 17, "zorder": 4}
        (knee,) = ax.plot(x[at], y[at], "*", label=label, **style)
    single = None if single_task is None else _draw_single(ax, single_task)
    x_name, y_name = shortened_all(names)
    x_metric, y_metric = metrics_of(table, names)
    ax.set(xlabel=f"{x_metric} of {x_name}", ylabel=f"{y_metric} of {y_name}")
    ax.locator_params(axis="x", nbins=6)  # of more, ticks of four digits touch
    _widen(ax, table["std"][list(names)].to_numpy(float))
    return front, knee, single


def _draw_candidates(ax, x, y, table, names, colorbar):
    weights = table["weight"][list(names)].to_numpy(float)
    with np.errstate(invalid="ignore"):
        share = weights[:, 0] / weights.sum(axis=1)
    if np.isnan(share).all():
        ax.scatter(x, y, color="0.4", label="candidates", zorder=3)
        return
    points = ax.scatter(x, y, c=share, cmap="viridis", edgecolors="0.3", linewidths=0.5, label="candidates", zorder=3)
    if colorbar:
        ax.figure.colorbar(points, ax=ax, label=f"share of the weight of {shortened_all(names, 20)[0]}")


def _widen(ax, std):
    """Keep scores that differ by less than the noise from filling the axes."""
    ends = np.array([ax.get_xlim(), ax.get_ylim()])
    wide = np.column_stack(widened(*ends.T, std))
    # Axes that are long enough stay free to grow with what else is drawn on them.
    for set_ends, old, new in zip((ax.set_xlim, ax.set_ylim), ends, wide, strict=True):
        if not np.array_equal(old, new):
            set_ends(*new)


def _draw_single(ax, single_task):
    """Draw the scores as a point, or as a line where only one is known."""
    style = {"color": "black", "label": "single-task models", "zorder": 3}
    x, y = (np.nan if score is None else float(score) for score in single_task)
    if np.isnan(x) and np.isnan(y):
        return None
    if np.isnan(y):
        return ax.axvline(x, linestyle=":", **style)
    if np.isnan(x):
        return ax.axhline(y, linestyle=":", **style)
    return ax.plot(x, y, "D", markerfacecolor="none", markersize=8, markeredgewidth=1.5, **style)[0]
