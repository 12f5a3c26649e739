"""Whole batches from the array where it lies."""

import numpy as np
import torch
from torch.utils.data import Dataset

from .._rows import read_rows

__all__ = ["BatchDataset", "as_tensor", "keep_batch"]


class BatchDataset(Dataset):
    """Images, target codes and cell weights, indexed a batch at a time.

    A loader that knows ``__getitems__`` asks for a whole batch at once, so that no Python code
    runs per sample and nothing but the batch is copied or cast.

    Parameters
    ----------
    images : Rows or array-like of shape (n_samples, ...)
        Indexed, never changed.
    layout : ImageLayout
        Turns a batch of rows into (batch, channels, height, width).
    codes : ndarray of shape (len(rows), n_tasks)
        Target codes, -1 = missing.
    weights : ndarray of shape (len(rows), n_tasks) or None
        Cell weights, 0 where the label is missing; None if every cell has a label and weight 1.
    rows : ndarray of int, default=None
        The images that belong to this data set, in its order; all of them by default.
    draws : ndarray of shape (len(rows),), default=None
        How often an epoch of training draws each of them, on average; once by default.
    """

    def __init__(self, images, layout, codes, weights, rows=None, draws=None):
        self.images = read_rows(images)
        self.layout = layout
        self.codes = codes
        self.weights = weights
        self.rows = rows
        self.draws = draws

    def __len__(self):
        return len(self.codes)

    def __getitem__(self, index):
        images, target = self.__getitems__([index])
        return images[0], tuple(part[0] for part in target)

    def __getitems__(self, indices):
        """Return (images, (codes, weights)) for `indices`; (images, (codes,)) without weights."""
        indices = np.asarray(indices)
        images = self.images.gather(indices if self.rows is None else self.rows[indices])
        target = (self.codes,) if self.weights is None else (self.codes, self.weights)
        return as_tensor(self.layout.images(images)), tuple(torch.from_numpy(part[indices]) for part in target)


def as_tensor(batch):
    """Return a batch as a tensor, in a dtype PyTorch knows."""
    if isinstance(batch, torch.Tensor):
        return batch
    if batch.dtype.kind == "f" and batch.dtype.itemsize > 8:
        batch = batch.astype(np.float64)
    # PyTorch warns about arrays that it may not write to, whether or not anybody would.
    return torch.from_numpy(batch if batch.flags.writeable else batch.copy())


def keep_batch(batch):
    """Collate function for batches that are whole already."""
    return batch
