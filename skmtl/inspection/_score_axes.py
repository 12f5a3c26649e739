"""Axes of scores: what they measure, and how short they may be."""

import numpy as np

__all__ = ["metrics_of", "widened"]

LEAST_SHARE = 0.02  # of a score, that an axis spans at least


def metrics_of(table, names):
    """Return the metric of every task, "score" where the table of a trade-off does not tell.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame()
    >>> table.attrs["metrics"] = {"left": "accuracy"}
    >>> metrics_of(table, ["left", "right"])
    ['accuracy', 'score']
    """
    known = table.attrs.get("metrics", {})
    return [known.get(str(name), "score") for name in names]


def widened(low, high, std):
    """Return the ends of axes that make differences within the noise look no larger than they are.

    Parameters
    ----------
    low, high : ndarray of shape (n_tasks,)
        The least and the largest score; NaN where none is known.
    std : ndarray of shape (n_candidates, n_tasks)
        Standard deviations of the scores over the folds, the largest of which an axis spans at least; NaN where
        they are not known.

    Examples
    --------
    >>> low, high = widened(np.array([0.5, 0.9]), np.array([0.9, 0.9]), np.array([[0.1, 0.2]]))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.5, 0.8], [0.9, 1.0])
    """
    noise = np.where(np.isfinite(std), std, 0).max(axis=0, initial=0)
    least = np.maximum(noise, LEAST_SHARE * np.maximum(np.abs(low), np.abs(high)))
    more = np.maximum(least - (high - low), 0) / 2
    return low - more, high + more
