"""Which tasks a display with a panel per task shows, and the panel of a task with nothing to show."""

import textwrap
import warnings
from collections.abc import Iterable

from .._validation import resolve_task
from ..exceptions import UnlabelledTaskWarning

__all__ = ["chosen_tasks", "draw_note", "warn_no_labels"]


def chosen_tasks(tasks, task_names):
    """Return the column indices of `tasks`: all for None, one for a single name or index.

    Examples
    --------
    >>> chosen_tasks(["right", 0], ["left", "right"])
    [1, 0]
    """
    if tasks is None:
        return list(range(len(task_names)))
    several = isinstance(tasks, Iterable) and not isinstance(tasks, str)
    single = not several or (isinstance(tasks, tuple) and tasks in list(task_names))
    chosen = [resolve_task(task, task_names, "tasks") for task in ([tasks] if single else tasks)]
    if not chosen:
        raise ValueError(f"tasks is empty: name at least one of {list(task_names)!r}, or pass None for all.")
    twice = sorted({t for t in chosen if chosen.count(t) > 1})
    if twice:
        raise ValueError(f"tasks names the task {task_names[twice[0]]!r} twice: name every task once.")
    return chosen


def warn_no_labels(name, stacklevel=4):
    """Warn that the panel of a task stays empty; the default is for helpers of a public class method."""
    warnings.warn(
        f"Task {name!r} has no labelled cell of positive weight in y, so its panel says so and shows nothing else.",
        UnlabelledTaskWarning,
        stacklevel=stacklevel,
    )


def draw_note(ax, title, note):
    """Write into a panel why it shows nothing."""
    ax.set(title=title, xticks=[], yticks=[], box_aspect=1)
    if not ax.texts:  # a second estimator on the same axes has no more to show
        # The panel is square, and letters are about 0.09 inches wide.
        side = min(ax.bbox.width, ax.bbox.height) / ax.figure.dpi
        wrapped = textwrap.fill(note, max(int(side / 0.09), 10))
        ax.text(0.5, 0.5, wrapped, ha="center", va="center", transform=ax.transAxes)
