"""Some of the tasks of an estimator, of its input and of its target."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples

from .._rows import distinct_images
from .._targets import read_targets
from .._validation import values_per_task
from ._models_inside import refuses_1d
from ._search_space import search_space_alone

__all__ = ["check_inputs", "inputs_of", "own_missing_label", "subset", "take_rows", "task_frame", "with_seed"]


def task_frame(y, missing_label=None):
    """Return a target as a data frame with a column per task, each in the dtype of its labels.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Labels of any kind.
    missing_label : scalar, default=None
        One more marker for "no label".

    Returns
    -------
    DataFrame
        Cells without a label hold None (NaN in columns of floats).

    Examples
    --------
    >>> task_frame([["a", 1], [None, 2]])
      task0  task1
    0     a      1
    1  None      2
    """
    return pd.DataFrame({column.name: _values(column) for column in read_targets(y, missing_label).columns})


def _values(column):
    labels = column.labels
    if not column.labelled.all():
        # What is no float has no NaN to mark a cell with.
        empty = float("nan") if labels.dtype.kind == "f" else None
        labels = np.full(len(column), empty, dtype=labels.dtype if labels.dtype.kind == "f" else object)
        labels[column.labelled] = column.labels
    if column.order is not None:
        return pd.Series(pd.Categorical(labels, categories=column.order, ordered=True))
    return pd.Series(labels, dtype=object if labels.dtype.kind in "OUS" else None)


def check_inputs(X, frame):
    """Raise ValueError unless there is an image, or one for every task, for every row of labels.

    Parameters
    ----------
    X : array-like, or mapping task -> array-like
        Input.
    frame : DataFrame of shape (n_samples, n_tasks)
        From `task_frame`.
    """
    names = list(frame.columns)
    images = inputs_of(X, names, list(range(len(names))))
    for values in [X] if images is X else images.values():
        if _num_samples(values) != len(frame):
            raise ValueError(
                f"X and y have inconsistent numbers of samples: {_num_samples(values)} images, {len(frame)} rows of "
                "labels. Pass one row of y per image."
            )


def subset(estimator, X, frame, tasks):
    """Return what it takes to learn some of the tasks.

    Parameters
    ----------
    estimator : classifier
        Not fitted, and not changed. Its parameters, or those of estimators inside it, may tell tasks apart
        (``task_weights``, ``head`` ...): estimators that have such parameters offer ``_params_for_tasks(tasks,
        task_names, classes)``, which returns them for fewer tasks. A search inside does not try, for a single task,
        what only says how tasks share.
    X : array-like, or mapping task -> array-like
        Input.
    frame : DataFrame of shape (n_samples, n_tasks)
        From `task_frame`.
    tasks : list of int
        Columns, in the order they are wanted.

    Returns
    -------
    estimator : classifier
        A clone.
    X : array-like, or mapping task -> array-like
    y : DataFrame, or Series for a single task, unless the estimator refuses a 1-D target
    """
    names = list(frame.columns)
    classes = [np.unique(column.labels) for column in read_targets(frame).columns]
    copy = clone(estimator)
    for prefix, part in {"": copy, **copy.get_params()}.items():
        if hasattr(part, "_params_for_tasks") and not isinstance(part, type):
            params = part._params_for_tasks(tasks, names, classes)
            copy.set_params(**{f"{prefix}__{k}" if prefix else k: v for k, v in params.items()})
        if len(tasks) == 1 and not isinstance(part, type) and (space := search_space_alone(part)):
            part.set_params(**space)
    alone = len(tasks) == 1 and not refuses_1d(copy)
    return copy, inputs_of(X, names, tasks), frame.iloc[:, tasks[0] if alone else tasks]


def inputs_of(X, task_names, tasks):
    """Return the images of some of the tasks: of a mapping task -> images a smaller one, all else as it is.

    Parameters
    ----------
    X : array-like, or mapping task -> array-like
        Input.
    task_names : list
        All tasks.
    tasks : list of int
        Those wanted.
    """
    found = distinct_images(X)
    if found is None:
        return X
    keys, values, set_of = found
    sources = values_per_task("X", dict(zip(keys, set_of, strict=True)), task_names, complete=True)
    return {task_names[t]: values[sources[t]] for t in tasks}


def take_rows(X, rows):
    """Return some rows of an input, or of all the inputs of a mapping.

    Parameters
    ----------
    X : array-like, or mapping task -> array-like
        Tasks that share an object share its rows.
    rows : ndarray of int
        Which, in this order.
    """
    if not isinstance(X, Mapping) or distinct_images(X) is None:
        return _safe_indexing(X, rows)
    tasks, values, set_of = distinct_images(X)
    taken = [_safe_indexing(value, rows) for value in values]
    return {task: taken[i] for task, i in zip(tasks, set_of, strict=True)}


def with_seed(estimator, seed):
    """Return a clone of which every ``random_state``, also of the estimators inside it, is `seed`.

    Parameters
    ----------
    estimator : estimator
        Not changed.
    seed : int
        The seed.
    """
    copy = clone(estimator)
    return copy.set_params(**{k: seed for k in copy.get_params() if k.rpartition("__")[2] == "random_state"})


def own_missing_label(estimator):
    """Return the ``missing_label`` of an estimator or of the one inside it, else None.

    Parameters
    ----------
    estimator : estimator
        Fitted or not.
    """
    params = estimator.get_params()
    return next((v for k, v in params.items() if k.rpartition("__")[2] == "missing_label" and v is not None), None)
