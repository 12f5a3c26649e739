"""Batches in which every task has its share."""

import numpy as np
import pandas as pd
import torch
from torch.utils.data import Sampler

from .._targets import MISSING
from ._batches import RandomBatches

__all__ = ["BalancedBatches"]

_WORD = 62  # tasks, a bit of an int64 each


class BalancedBatches(Sampler):
    """As many rows an epoch as there are, each drawn about as often as expected, whole batches of indices.

    Row i is drawn ``floor(draws[i])`` or ``ceil(draws[i])`` times an epoch, ``draws[i]`` times on
    average. Rows with labels of the same tasks make a group; every batch has the share of each group
    to within a row or two. There are as many batches as `RandomBatches` has, and their sizes differ
    by at most one.

    Parameters
    ----------
    codes : ndarray of shape (n_rows, n_tasks)
        Target codes, -1 = missing.
    draws : ndarray of shape (n_rows,)
        As from `expected_draws`.
    batch_size : int
        Most rows of a batch, but for a lone last row, which joins another batch.
    generator : torch.Generator
        Source of the order.

    References
    ----------
    Madow (1949), On the Theory of Systematic Sampling, II, Annals of Mathematical Statistics 20
    (systematic sampling with unequal probabilities).

    Examples
    --------
    >>> codes = np.array([[0, -1]] * 6 + [[-1, 0]] * 2)
    >>> draws = np.array([4 / 6] * 6 + [2.0] * 2)
    >>> batches = BalancedBatches(codes, draws, 4, torch.Generator().manual_seed(0))
    >>> [int((batch >= 6).sum()) for batch in batches], len(batches)
    ([2, 2], 2)
    """

    def __init__(self, codes, draws, batch_size, generator):
        self.draws = draws
        self.groups = _same_tasks(codes != MISSING)
        self.n_batches = len(RandomBatches(len(codes), batch_size, generator))
        self.generator = generator

    def __len__(self):
        return self.n_batches

    def __iter__(self):
        # All of it before the first batch: a loader may ask for the others in a thread of its own.
        drawn, n = self._draw(), len(self.draws)
        # Dealt like cards: a run of the list is spread evenly over the batches.
        batch = self._permutation(self.n_batches)[np.arange(n) % self.n_batches]
        shuffled = self._permutation(n)
        order = shuffled[np.argsort(batch[shuffled], kind="stable")]
        yield from np.split(drawn[order], np.cumsum(np.bincount(batch))[:-1])

    def _draw(self):
        """Return the rows of an epoch, group after group, by systematic sampling."""
        shuffled, n = self._permutation(len(self.draws)), len(self.draws)
        rank = self._permutation(self.groups.max() + 1)[self.groups]
        order = shuffled[np.argsort(rank[shuffled], kind="stable")]
        start, first = torch.rand(2, dtype=torch.float64, generator=self.generator).tolist()
        # How many of the points start, start + 1, ... lie below the draws so far.
        below = np.minimum(np.ceil(np.cumsum(self.draws[order]) - start).astype(np.int64), n)
        below[-1] = n  # whatever the sum of the draws was rounded to
        drawn = np.repeat(order, np.diff(below, prepend=0))
        # Some batches have a row less, which then counts more: so any place in the list must be anybody's.
        return np.roll(drawn, int(first * n))

    def _permutation(self, n):
        return torch.randperm(int(n), generator=self.generator).numpy()


def _same_tasks(labelled):
    """Return a number for every row, the same for rows with labels of the same tasks."""
    groups = np.zeros(len(labelled), np.int64)
    for start in range(0, labelled.shape[1], _WORD):
        word = np.zeros(len(labelled), np.int64)
        for t, column in enumerate(labelled[:, start : start + _WORD].T):
            word |= column.astype(np.int64) << t
        word, _ = pd.factorize(word)
        groups, _ = pd.factorize(groups * (word.max() + 1) + word)
    return groups
