"""Candidates that no other one beats in every task, and the one in their middle."""

import numpy as np

__all__ = ["knee", "pareto"]


def pareto(scores):
    """Return which rows are not dominated; more is better.

    A row dominates another if it is at least as good in every column and better in one, so that equal rows are on
    the front together. Rows with an entry that is not finite are never on it, and dominate none.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates, n_tasks)
        Scores.

    Returns
    -------
    ndarray of shape (n_candidates,), bool

    Examples
    --------
    >>> pareto(np.array([[1.0, 0.0], [0.5, 0.5], [0.4, 0.5], [0.5, 0.5], [np.nan, 1.0]]))
    array([ True,  True, False,  True, False])
    """
    finite = np.isfinite(scores).all(axis=1)
    rivals = np.unique(scores[finite], axis=0)
    front = finite.copy()
    for i in np.flatnonzero(finite):
        front[i] = not ((rivals >= scores[i]).all(axis=1) & (rivals > scores[i]).any(axis=1)).any()
    return front


def knee(scores, front):
    """Return the row of the front closest to the best of every task, each task scaled to [0, 1] over the front.

    Among equally close rows the one with the highest mean score, then the first.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates, n_tasks)
        Scores, more is better.
    front : ndarray of shape (n_candidates,), bool
        Rows to choose from.

    Returns
    -------
    int or None
        None for an empty front.

    Examples
    --------
    >>> scores = np.array([[0.9, 0.1], [0.8, 0.6], [0.2, 0.7], [0.1, 0.1]])
    >>> knee(scores, pareto(scores))
    1
    """
    rows = np.flatnonzero(front)
    if not len(rows):
        return None
    on_front = scores[rows]
    span = np.ptp(on_front, axis=0)
    # A task that scores the same along the front does not choose.
    short = (on_front.max(axis=0) - on_front) / np.where(span > 0, span, 1.0)
    # Rounded, so that the last bits of a symmetric front do not choose either.
    order = np.lexsort((rows, -on_front.mean(axis=1).round(12), np.linalg.norm(short, axis=1).round(12)))
    return int(rows[order[0]])
