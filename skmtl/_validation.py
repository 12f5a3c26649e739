"""Messages and checks that every floor shares: near-miss names and parameters given per task."""

import difflib
from collections.abc import Mapping
from numbers import Integral

import numpy as np
import pandas as pd

__all__ = ["check_option", "did_you_mean", "resolve_task", "values_per_task"]


def did_you_mean(name, known):
    """Return ``" Did you mean 'x'?"`` for a near miss of `name` among `known`, else ``""``.

    Case does not count, unless names differ in nothing else.

    Examples
    --------
    >>> did_you_mean("lefft", ["left", "right"])
    " Did you mean 'left'?"
    >>> did_you_mean("ADAM", ["sgd", "adam"])
    " Did you mean 'adam'?"
    """
    known = list(known)
    for text in (str, lambda value: str(value).casefold()):
        close = {text(k): k for k in known}
        match = difflib.get_close_matches(text(name), close, n=1)
        if match:
            return f" Did you mean {close[match[0]]!r}?"
    return ""


def check_option(name, value, options):
    """Raise ValueError unless `value` is one of the strings in `options`.

    Examples
    --------
    >>> check_option("optimizer", "adam", ["sgd", "adam"])
    'adam'
    """
    if value in options:
        return value
    listed = ", ".join(map(repr, sorted(options)))
    raise ValueError(f"{name} must be one of {listed}. Got {value!r} instead.{did_you_mean(value, options)}")


def resolve_task(task, task_names, name="task"):
    """Return the column index of `task`, given as one of `task_names` or as an index.

    A name wins over an index, so that integer column names keep their meaning.
    """
    task, names = _plain(task), [_plain(name) for name in task_names]
    for index, known in enumerate(names):
        if type(task) is type(known) and task == known:
            return index
    if isinstance(task, Integral) and not isinstance(task, (bool, np.bool_)):
        if task in names:
            return names.index(task)
        if -len(task_names) <= task < len(task_names):
            return int(task) % len(task_names)
    raise ValueError(
        f"{name} names the task {task!r}, but the tasks are {list(task_names)!r}: "
        f"use one of these names or an index from 0 to {len(task_names) - 1}."
        f"{did_you_mean(task, task_names)}"
    )


def _plain(name):
    """Return NumPy's scalars as Python's, which compare with tuples too."""
    return name.item() if isinstance(name, np.generic) else name


def values_per_task(name, value, task_names, *, complete=False):
    """Spread a mapping task -> value, or a sequence with one entry per task, over the tasks.

    Parameters
    ----------
    name : str
        The parameter's name, for messages.
    value : mapping, pandas Series or sequence
        Keys (a Series's index) are task names or indices; a sequence follows the order of the tasks.
    task_names : sequence
        The tasks.
    complete : bool, default=False
        Whether a mapping must name every task. Otherwise tasks it does not name get None.

    Returns
    -------
    list of length n_tasks
    """
    if not isinstance(value, (Mapping, pd.Series)):
        if len(value) != len(task_names):
            raise ValueError(
                f"{name} has {len(value)} entries, but y has {len(task_names)} tasks "
                f"{list(task_names)!r}: give one entry per task."
            )
        return list(value)
    spread = [None] * len(task_names)
    seen = {}
    for key, entry in value.items():
        index = resolve_task(key, task_names, name)
        if index in seen:
            raise ValueError(
                f"{name} names the task {task_names[index]!r} twice, as {seen[index]!r} and {key!r}: keep one of them."
            )
        seen[index] = key
        spread[index] = entry
    missing = [n for i, n in enumerate(task_names) if i not in seen]
    if complete and missing:
        raise ValueError(f"{name} must name every task; it lacks {missing!r}. Add an entry for each.")
    return spread
