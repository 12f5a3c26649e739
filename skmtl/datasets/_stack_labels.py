"""Labels of several data sets -> one frame, with missing labels."""

from dataclasses import replace

import numpy as np
import pandas as pd

from .._targets import read_targets

__all__ = ["name_columns", "stack_labels"]

KINDS = {"b": "bool", "i": "number", "u": "number", "f": "number", "U": "str", "M": "date", "S": "bytes"}


def name_columns(key, y):
    """Return the label columns of one part, each with the name of its task.

    Parameters
    ----------
    key : object
        The part's key; it names a single column without a name, and a Series whatever its name.
    y : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Its labels.

    Returns
    -------
    Targets
        Whose `named` is false where the names are made up.
    """
    targets = read_targets(y)
    names, named = targets.names, targets.named
    if targets.one_dimensional or (not named and len(names) == 1):
        names, named = [key], True
    elif not named:
        names = [f"{key}_{j}" for j in range(len(names))]
    columns = [replace(column, name=name) for column, name in zip(targets.columns, names, strict=True)]
    return replace(targets, columns=columns, named=named)


def stack_labels(parts):
    """Put the columns of all parts below one another, those of one name in one column.

    Parameters
    ----------
    parts : dict of key -> Targets
        The labels of every part, from `name_columns`.

    Returns
    -------
    DataFrame of shape (n_samples, n_tasks)
        In the order in which the names come up. Complete columns have the dtype of their labels. With missing labels
        integers and booleans get pandas' nullable dtypes, so that they stay what they are; floats and dates
        have NaN and NaT; strings are objects, with None.

    Raises
    ------
    ValueError
        If names differ in their type only, a made-up name is that of another part's task, or labels of one name
        are of different types.
    """
    tasks = {}
    start = 0
    for key, targets in parts.items():
        for column in targets.columns:
            tasks.setdefault(column.name, []).append((key, start, column))
        start += targets.n_samples
    _check_texts(tasks)
    for pieces in tasks.values():
        _check_made_up(pieces, parts)
    return pd.DataFrame({name: _column(name, pieces, start) for name, pieces in tasks.items()})


def _check_texts(names):
    seen = {}
    for name in names:
        other = seen.setdefault(str(name), name)
        if other != name:
            raise ValueError(
                f"Two tasks would be called {other!r} and {name!r}, which count as the same: rename a key or a column."
            )


def _check_made_up(pieces, parts):
    made_up = [key for key, _, _ in pieces if not parts[key].named]
    if made_up and len(pieces) > 1:
        key, name = made_up[0], pieces[0][2].name
        other = next(other for other, _, _ in pieces if other != key)
        raise ValueError(
            f"A column of y in parts[{key!r}] has no name and would be called {name!r}, as is a task of "
            f"parts[{other!r}]: pass y as a DataFrame with names, the same ones only where tasks are the same."
        )


def _column(name, pieces, n_rows):
    pieces = [p for p in pieces if len(p[2].labels)]
    if not pieces:
        return pd.Series(np.full(n_rows, None), dtype=object)
    kinds = {key: _kind(column.labels) for key, _, column in pieces}
    if len(set(kinds.values())) > 1:
        listed = ", ".join(f"{kind} in parts[{key!r}]" for key, kind in kinds.items())
        raise ValueError(
            f"The labels of task {name!r} are of different types: {listed}. Columns of one name are one task: rename "
            "one of them, or convert its labels."
        )
    labels = np.concatenate(_one_kind_of_integers([column.labels for _, _, column in pieces]))
    labels = labels.astype(labels.dtype.newbyteorder("="), copy=False)
    rows = np.concatenate([start + np.flatnonzero(column.labelled) for _, start, column in pieces])
    return _spread(labels, rows, n_rows)


def _one_kind_of_integers(pieces):
    """Return int64 and uint64 labels in the one that holds all: as NumPy's floats, large ones would merge."""
    if {labels.dtype.kind for labels in pieces} != {"i", "u"} or np.result_type(*pieces).kind != "f":
        return pieces
    low, high = min(int(labels.min()) for labels in pieces), max(int(labels.max()) for labels in pieces)
    holding = [t for t in (np.int64, np.uint64) if np.iinfo(t).min <= low and high <= np.iinfo(t).max]
    return [labels.astype(holding[0]) for labels in pieces] if holding else pieces


def _kind(labels):
    # Objects left by read_targets are of one type.
    return KINDS.get(labels.dtype.kind) or ("str" if isinstance(labels[0], str) else type(labels[0]).__name__)


def _spread(labels, rows, n_rows):
    kind = labels.dtype.kind
    if kind not in "biufM":
        # To objects first: fixed-width strings have no None, and pandas would pick a string dtype of its own.
        values = np.full(n_rows, None, dtype=object)
        values[rows] = labels
        return pd.Series(values, dtype=object)
    values = np.zeros(n_rows, labels.dtype)
    values[rows] = labels
    if len(rows) == n_rows:
        return pd.Series(values)
    missing = np.ones(n_rows, dtype=bool)
    missing[rows] = False
    if kind in "fM":
        values[missing] = np.array("NaT", labels.dtype) if kind == "M" else np.nan
        return pd.Series(values)
    nullable = pd.arrays.BooleanArray if kind == "b" else pd.arrays.IntegerArray
    return pd.Series(nullable(values, missing))
