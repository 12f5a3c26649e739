"""Keep every class of every task in training, by swapping rows between groups."""

import warnings

import numpy as np

from ..exceptions import SkmtlWarning

__all__ = ["keep_classes", "swap_lost_classes"]

# Swaps without improvement before giving up. A swap costs one pass over the data, and with contradictory labels
# (three classes that are the three pairs of three rows, in two folds) no number of them helps.
PATIENCE = 200


def keep_classes(label_cells, groups, held_out):
    """Swap rows until no class has all its labels outside training; warn where that is impossible.

    Parameters
    ----------
    label_cells : LabelCells
        The classes; those with fewer than two labels, and missing cells, are left alone.
    groups : ndarray of shape (n_samples,), int
        The group of every row; not changed.
    held_out : ndarray of shape (n_groups,), int
        For every group, which rows are kept from training together with it: groups with the same number form one
        held-out set, -1 marks a group that is always trained on.

    Returns
    -------
    ndarray of shape (n_samples,), int
        The groups, with the sizes they had.

    Warns
    -----
    SkmtlWarning
        If no swap was found that keeps some class.
    """
    pools = held_out[groups]
    required = np.array([len(entry) == 2 for entry in label_cells.classes]) & (label_cells.counts >= 2)
    places, lost = swap_lost_classes(label_cells.cells, pools, required)
    if len(lost):
        task, label = label_cells.classes[lost[0]]
        warnings.warn(
            f"No split was found that keeps every class in training: task {task!r} has no training row with the "
            f"label {label!r} in one split ({len(lost)} such {'class' if len(lost) == 1 else 'classes'}). "
            "Use more splits or a larger training set, or merge rare classes.",
            SkmtlWarning,
            stacklevel=2,
        )
    return groups[places]


def swap_lost_classes(cells, pools, required):
    """Return which row's place every row takes so that no required class lies in one held-out pool.

    Parameters
    ----------
    cells : ndarray of shape (n_samples, n_tasks), int
        Classes numbered through over all tasks.
    pools : ndarray of shape (n_samples,), int
        The held-out set of every row, -1 for rows that are always trained on.
    required : ndarray of shape (n_classes,), bool
        The classes to keep.

    Returns
    -------
    places : ndarray of shape (n_samples,), int
        A permutation: row i goes where row ``places[i]`` was.
    lost : ndarray of int
        Classes that could not be kept.

    Examples
    --------
    >>> pools = np.array([0, 0, 1, 1])
    >>> places, lost = swap_lost_classes(np.array([[0], [0], [1], [1]]), pools, np.array([True, True]))
    >>> pools[places]
    array([0, 1, 1, 0])
    """
    places = np.arange(len(cells))
    # Training rows are pool 0 from here on, and can lose no class.
    pools = pools + 1
    counts = np.zeros((pools.max() + 1, len(required)), dtype=np.int64)
    np.add.at(counts, (pools[:, None], cells), 1)
    total = np.where(required, counts.sum(axis=0), -1)
    # Its own generator: the walk is part of the algorithm, so that a split without shuffling is reproducible too.
    random_state = np.random.RandomState(0)
    best, best_lost, patience = places.copy(), _lost(counts, total), PATIENCE
    while len(best_lost) and patience:
        pool, lost = random_state.permutation(_lost(counts, total))[0]
        _swap(*_choose_swap(cells, pools, counts, total, pool, lost, random_state), cells, pools, counts, places)
        patience -= 1
        if len(_lost(counts, total)) < len(best_lost):
            best, best_lost, patience = places.copy(), _lost(counts, total), PATIENCE
    return best, np.unique(best_lost[:, 1])


def _lost(counts, total):
    """Return the pairs (pool, class) where a held-out pool has all of a class, shape (n_lost, 2)."""
    return np.argwhere(counts[1:] == total) + [1, 0]


def _choose_swap(cells, pools, counts, total, pool, lost, random_state):
    """Return a row of the lost class and the row of another pool whose place costs the fewest other classes."""
    row = random_state.choice(np.flatnonzero((pools == pool) & (cells == lost).any(axis=1)))
    others = np.flatnonzero(pools != pool)
    ours, theirs, their_pool = cells[row], cells[others], pools[others][:, None]
    # Per cell: +1 for a class that the swap loses, -1 for one that it keeps.
    change = (counts[pool, theirs] + 1 == total[theirs]).astype(np.int64) - (counts[pool, ours] == total[ours])
    change += (their_pool > 0) & (counts[their_pool, ours] + 1 == total[ours])
    change -= (their_pool > 0) & (counts[their_pool, theirs] == total[theirs])
    differs = theirs != ours
    # Among equally good swaps the one that changes fewest cells disturbs the stratification least.
    cost = np.where(differs, change, 0).sum(axis=1) * (cells.shape[1] + 1) + differs.sum(axis=1)
    return row, others[random_state.choice(np.flatnonzero(cost == cost.min()))]


def _swap(row, other, cells, pools, counts, places):
    counts[pools[row], cells[row]] -= 1
    counts[pools[other], cells[other]] -= 1
    pools[[row, other]], places[[row, other]] = pools[[other, row]], places[[other, row]]
    counts[pools[row], cells[row]] += 1
    counts[pools[other], cells[other]] += 1
