"""The losses of networks, as users may give them, and those predicted from pairs."""

from collections.abc import Mapping
from itertools import combinations
from numbers import Real

import numpy as np
import pandas as pd

from .._validation import did_you_mean

__all__ = ["predict_networks", "read_losses", "read_network"]


def read_losses(losses):
    """Return the tasks, and the losses of every network.

    Parameters
    ----------
    losses : mapping, DataFrame, or object with such an attribute ``losses``
        As `select_networks` takes it.

    Returns
    -------
    task_names : list
        The columns of a data frame, else in the order in which the networks name them.
    table : dict of tuple of int -> ndarray of shape (n_tasks,)
        Positions of a network's tasks, ascending -> losses, inf outside the network.

    Raises
    ------
    ValueError
        If a loss is missing, not finite or of a task that the network does not have; if a network comes twice.
    TypeError
        If `losses` is no mapping.

    Examples
    --------
    >>> read_losses({"a": 0.5, ("b", "a"): [0.3, 0.4]})
    (['a', 'b'], {(0,): array([0.5, inf]), (0, 1): array([0.4, 0.3])})
    """
    if not isinstance(losses, pd.DataFrame):  # which may have a task of this name
        losses = getattr(losses, "losses", losses)
    if isinstance(losses, pd.DataFrame):
        names = list(losses.columns)
        given = {_group(key): row for key, row in zip(losses.index, losses.to_numpy(), strict=True)}
        entries = {key: _in_network(key, names, row) for key, row in given.items()}
    elif isinstance(losses, Mapping):
        entries = {_group(key): value for key, value in losses.items()}
        names = list(dict.fromkeys(name for key in entries for name in key))
    else:
        hint = ": task_affinity has losses for method='transfer' with a negated loss as scoring only"
        raise TypeError(
            "losses must map networks to the losses of their tasks, or be a DataFrame with networks as rows. "
            f"Got {type(losses).__name__} instead{hint if losses is None else ''}."
        )
    if not entries:
        raise ValueError("losses is empty: give the losses of at least one network.")
    table = {}
    for key, value in entries.items():
        place = read_network(key, names)
        if place in table:
            raise ValueError(f"losses has the network of {tuple(names[t] for t in place)!r} twice: keep one of them.")
        table[place] = np.full(len(names), np.inf)
        table[place][[names.index(name) for name in key]] = _values(key, value)
    return names, table


def _group(key):
    # pandas pads the tuples of an index to one length.
    group = key if isinstance(key, tuple) else (key,)
    return tuple(name for name in group if not (isinstance(name, float) and np.isnan(name)))


def read_network(group, task_names):
    """Return the positions of a network's tasks, ascending."""
    group = _group(group)
    for name in group:
        if name not in task_names:
            raise ValueError(
                f"The network {group!r} has the task {name!r}, but the tasks are {task_names!r}."
                f"{did_you_mean(name, task_names)}"
            )
    places = sorted(task_names.index(name) for name in group)
    if len(set(places)) != len(places) or not places:
        raise ValueError(f"A network must be a tuple of different task names. Got {group!r} instead.")
    return tuple(places)


def _in_network(key, names, row):
    """Return the losses of a row's network; a loss of another task is a mistake."""
    read_network(key, names)
    others = [name for name, loss in zip(names, row, strict=True) if name not in key and not pd.isna(loss)]
    if others:
        raise ValueError(f"losses has a loss of {others[0]!r} for the network {key!r}, which lacks that task: put NaN.")
    return dict(zip(names, row, strict=True))


def _values(key, value):
    """Return the losses of a network's tasks, in the order in which it names them."""
    if isinstance(value, (Mapping, pd.Series)):
        given = dict(value.items())
        wrong = [name for name in given if name not in key and not pd.isna(given[name])]
        lacking = [name for name in key if name not in given]
        if wrong or lacking:
            what = f"names {wrong[0]!r}, which it lacks" if wrong else f"lacks {lacking[0]!r}"
            raise ValueError(f"losses of the network {key!r} {what}: give one loss for each of its tasks.")
        value = [given[name] for name in key]
    values = [value] if isinstance(value, Real) else list(value)
    if len(values) != len(key):
        raise ValueError(f"losses of the network {key!r} has {len(values)} entries: give one for each of its tasks.")
    for name, loss in zip(key, values, strict=True):
        if not isinstance(loss, Real) or not np.isfinite(loss):
            raise ValueError(
                f"losses must be finite numbers. Got {loss!r} for {name!r} in the network {key!r} instead: leave out "
                "networks that failed."
            )
    return values


def predict_networks(table, n_tasks):
    """Return the networks of three tasks or more that are not given, predicted from those of their pairs.

    The loss of a task is the mean of its losses in the pair networks inside the group (Standley et al. 2020, the
    higher-order approximation).

    Examples
    --------
    >>> pairs = {(0, 1): [0.2, 0.5, np.inf], (0, 2): [0.4, np.inf, 1.0], (1, 2): [np.inf, 0.7, 2.0]}
    >>> {group: losses.round(2).tolist() for group, losses in predict_networks(pairs, 3).items()}
    {(0, 1, 2): [0.3, 0.6, 1.5]}
    """
    pairs = np.full((n_tasks, n_tasks, n_tasks), np.nan)  # [i, j, t]: the loss of task t in the network of i and j
    for i, j in (group for group in table if len(group) == 2):
        pairs[i, j] = pairs[j, i] = np.where(np.isfinite(table[i, j]), table[i, j], np.nan)
    predicted = {}
    for size in range(3, n_tasks + 1):
        for group in combinations(range(n_tasks), size):
            inside = list(group)
            # Task t's pairs with the others of the group; NaN where one is not known.
            own = np.array([pairs[t, [other for other in group if other != t], t].mean() for t in group])
            if group not in table and np.isfinite(own).all():
                predicted[group] = np.full(n_tasks, np.inf)
                predicted[group][inside] = own
    return predicted
