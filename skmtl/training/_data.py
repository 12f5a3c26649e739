"""Whole batches from the array where it lies."""

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

__all__ = ["BatchDataset", "RandomBatches", "batch_size_for", "keep_batch"]


class BatchDataset(Dataset):
    """Rows of X, target codes and cell weights, indexed a batch at a time.

    A loader that knows ``__getitems__`` asks for a whole batch at once, so that no Python code
    runs per sample and nothing but the batch is copied or cast.

    Parameters
    ----------
    images : array-like of shape (n_samples, ...)
        Indexed, never changed.
    layout : ImageLayout
        Turns a batch of rows into (batch, channels, height, width).
    codes : ndarray of shape (n_samples, n_tasks), default=None
        Target codes, -1 = missing.
    weights : ndarray of shape (n_samples, n_tasks), default=None
        Cell weights, 0 where the label is missing.
    rows : ndarray of int, default=None
        The rows that belong to this data set; all of them by default.
    """

    def __init__(self, images, layout, codes=None, weights=None, rows=None):
        self.images = images
        self.layout = layout
        self.codes = codes
        self.weights = weights
        self.rows = rows

    def __len__(self):
        return len(self.images) if self.rows is None else len(self.rows)

    def __getitem__(self, index):
        batch, target = self.__getitems__([index])
        return batch[0], tuple(part[0] for part in target) if isinstance(target, tuple) else target

    def __getitems__(self, indices):
        """Return (images, (codes, weights)) for `indices`."""
        indices = np.asarray(indices) if self.rows is None else self.rows[np.asarray(indices)]
        batch = self.layout.images(to_tensor(self.images[indices]))
        if self.codes is None:
            return batch, torch.empty(0)
        return batch, (torch.from_numpy(self.codes[indices]), torch.from_numpy(self.weights[indices]))


def to_tensor(batch):
    """Return a batch as a tensor, in a dtype PyTorch knows."""
    batch = np.ascontiguousarray(batch)
    if batch.dtype.kind == "f" and batch.dtype.itemsize > 8:
        batch = batch.astype(np.float64)
    return torch.from_numpy(batch.astype(batch.dtype.newbyteorder("="), copy=False))


def keep_batch(batch):
    """Collate function for batches that are whole already."""
    return batch


def batch_size_for(n_samples):
    """Return the default batch size: the power of two nearest sqrt(n_samples), from 32 to 256.

    Examples
    --------
    >>> [batch_size_for(n) for n in (20, 100, 10_000, 100_000)]
    [20, 32, 128, 256]
    """
    return min(n_samples, 2 ** int(np.clip(round(np.log2(n_samples) / 2), 5, 8)))


class RandomBatches(Sampler):
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
        self.generator = generator
        self.n_samples = n_samples
        self.starts = list(range(0, n_samples, batch_size))
        if n_samples - self.starts[-1] == 1 < min(batch_size, n_samples):
            self.starts.pop()

    def __len__(self):
        return len(self.starts)

    def __iter__(self):
        order = torch.randperm(self.n_samples, generator=self.generator).numpy()
        for start, stop in zip(self.starts, [*self.starts[1:], self.n_samples], strict=True):
            yield order[start:stop]
