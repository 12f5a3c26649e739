"""What a user passes as ``cv``, gone through several times."""

import copy
from numbers import Integral

import numpy as np
from sklearn.model_selection import check_cv

from ._split import MultiTaskStratifiedKFold

__all__ = ["repeated_splits"]


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
    cv = check_cv(cv)
    rows = np.zeros((len(y), 1))
    found = []
    for seed in seeds:
        splitter = cv
        if hasattr(cv, "random_state") and getattr(cv, "shuffle", True):
            splitter = copy.copy(cv)
            splitter.random_state = int(seed)
        found += [(int(seed), (_rows(train), _rows(test))) for train, test in splitter.split(rows, y, groups)]
    return found


def _rows(part):
    part = np.asarray(part)
    return np.flatnonzero(part) if part.dtype == bool else part
