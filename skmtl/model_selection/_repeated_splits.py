"""What a user passes as ``cv``, gone through several times."""

import copy
from numbers import Integral

import numpy as np
from sklearn.model_selection import check_cv

from ._split import MultiTaskStratifiedKFold

__all__ = ["repeated_splits", "split_rows"]


def repeated_splits(cv, y, groups, seeds):
    """Return a list of (seed, (train, test)), the splits of every seed one after the other.

    Parameters
    ----------
    cv : int, splitter or iterable of (train, test)
        An int stands for shuffled `MultiTaskStratifiedKFold`. A splitter that draws random numbers draws others for
        every seed.
    y : DataFrame of shape (n_samples, n_tasks)
        Target.
    groups : array-like or None
        For splitters that need them.
    seeds : sequence of int
        One per repeat.

    Returns
    -------
    list
    """
    if isinstance(cv, Integral):
        cv = MultiTaskStratifiedKFold(int(cv), shuffle=True)
    cv = check_cv(cv)  # a generator can be gone through once only
    found = []
    for seed in seeds:
        splitter = cv
        if hasattr(cv, "random_state") and getattr(cv, "shuffle", True):
            splitter = copy.copy(cv)
            splitter.random_state = int(seed)
        found += [(int(seed), split) for split in split_rows(splitter, y, groups=groups)]
    return found


def split_rows(cv, y, **split_params):
    """Return a list of (train, test), both row numbers.

    Parameters
    ----------
    cv : splitter or iterable of (train, test)
        Masks count as the rows they are true for.
    y : DataFrame or array-like of shape (n_samples, ...)
        Target; X is not looked at.
    **split_params : dict
        Passed to ``split``, such as ``groups``.
    """
    splits = check_cv(cv).split(np.zeros((len(y), 1)), y, **split_params)
    return [(_rows(train), _rows(test)) for train, test in splits]


def _rows(part):
    part = np.asarray(part)
    return np.flatnonzero(part) if part.dtype == bool else part
