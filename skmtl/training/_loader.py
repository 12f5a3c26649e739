"""Batches from this process, as they are asked for or a little ahead."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np

__all__ = ["BatchLoader", "ahead"]

BLOCK_BYTES = 64 * 2**20
_END = object()


class BatchLoader:
    """Whole batches of a data set: one indexing operation each.

    Of images outside memory, the rows of several batches are read at once, in the order in which
    they are stored: neighbours share pages and chunks, which are then read once.

    Parameters
    ----------
    dataset : object with ``__getitems__``
        Returns (images, (codes, weights)), or (images, (codes,)).
    batches : iterable of index arrays with a length
        As from `RandomBatches`.
    device : torch.device
        For which the batches are meant; those for a GPU are made ahead, in pinned memory.
    """

    def __init__(self, dataset, batches, device):
        self.dataset = dataset
        self.batches = batches
        self.pinned = device.type == "cuda" and not getattr(dataset, "on_device", False)

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        images = getattr(self.dataset, "images", None)
        stored = getattr(images, "stored", False)
        most_rows = BLOCK_BYTES // max(1, images.row_bytes) if stored else 0
        loaded = self._load(most_rows)
        return ahead(loaded, 2) if stored or self.pinned else loaded

    def _load(self, most_rows):
        for block in _blocks(self.batches, most_rows):
            if len(block) == 1:
                yield self._finished(*self.dataset.__getitems__(block[0]))
                continue
            images, target = self.dataset.__getitems__(np.concatenate(block))
            stop = 0
            for batch in block:
                start, stop = stop, stop + len(batch)
                yield self._finished(images[start:stop], tuple(part[start:stop] for part in target))

    def _finished(self, images, target):
        if self.pinned:
            return _pinned(images), tuple(_pinned(part) for part in target)
        return images, target


def _pinned(part):
    # The user's own tensor may lie on the device already.
    return part if part.device.type != "cpu" else part.pin_memory()


def _blocks(batches, most_rows):
    block, n_rows = [], 0
    for batch in batches:
        if block and n_rows + len(batch) > most_rows:
            yield block
            block, n_rows = [], 0
        block.append(batch)
        n_rows += len(batch)
    if block:
        yield block


def ahead(items, n):
    """Yield `items`, up to `n` of them made ahead in a thread.

    Parameters
    ----------
    items : iterable
        Never asked from two threads at once.
    n : int
        At least 1.

    Examples
    --------
    >>> list(ahead(range(3), 2))
    [0, 1, 2]
    """
    items = iter(items)
    with ThreadPoolExecutor(1) as pool:
        pending = deque(pool.submit(next, items, _END) for _ in range(n))
        while (item := pending.popleft().result()) is not _END:
            pending.append(pool.submit(next, items, _END))
            yield item
