"""Which rows make a batch."""

import numpy as np
import torch
from torch.utils.data import Sampler

__all__ = ["ConsecutiveBatches", "RandomBatches", "batch_size_for"]


def batch_size_for(n_samples):
    """Return the default batch size: the power of two nearest sqrt(n_samples), from 32 to 256.

    Examples
    --------
    >>> [batch_size_for(n) for n in (20, 100, 10_000, 100_000)]
    [20, 32, 128, 256]
    """
    return min(n_samples, 2 ** int(np.clip(round(np.log2(n_samples) / 2), 5, 8)))


class ConsecutiveBatches(Sampler):
    """Every row once, in order, whole batches of indices.

    Parameters
    ----------
    n_samples, batch_size : int
        Rows of the data set, and of a batch.

    Examples
    --------
    >>> [batch.tolist() for batch in ConsecutiveBatches(5, 2)]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, n_samples, batch_size):
        self.n_samples = n_samples
        self.starts = list(range(0, n_samples, batch_size))

    def __len__(self):
        return len(self.starts)

    def _order(self):
        return np.arange(self.n_samples)

    def __iter__(self):
        order = self._order()
        for start, stop in zip(self.starts, [*self.starts[1:], self.n_samples], strict=True):
            yield order[start:stop]


class RandomBatches(ConsecutiveBatches):
    """Every row once an epoch, in random order, whole batches of indices.

    A lone last row joins the batch before it: batch normalisation cannot use a batch of one.

    Parameters
    ----------
    n_samples, batch_size : int
        Rows of the data set, and of a batch.
    generator : torch.Generator
        Source of the order.

    Examples
    --------
    >>> batches = RandomBatches(7, 3, torch.Generator().manual_seed(0))
    >>> [len(batch) for batch in batches], len(batches)
    ([3, 4], 2)
    """

    def __init__(self, n_samples, batch_size, generator):
        super().__init__(n_samples, batch_size)
        self.generator = generator
        if n_samples - self.starts[-1] == 1 < min(batch_size, n_samples):
            self.starts.pop()

    def _order(self):
        return torch.randperm(self.n_samples, generator=self.generator).numpy()
