"""Sums over an epoch, kept on the device until it ends."""

import torch

__all__ = ["EpochMeter"]


class EpochMeter:
    """Averages per-task losses, weights and accuracies over the batches of an epoch.

    Nothing here waits for the device; ``flush`` does, once an epoch.
    """

    def __init__(self):
        self.sums = {}
        self.counts = {}

    def add(self, name, value, count):
        """Add `value`, a tensor or number that is a mean over `count` things."""
        self.sums[name] = self.sums.get(name, 0) + value * count
        self.counts[name] = self.counts.get(name, 0) + count

    def flush(self):
        """Return {name: mean as list or float, NaN where nothing was counted} and forget everything."""
        means = {k: torch.as_tensor(self.sums[k] / self.counts[k]).tolist() for k in self.sums}
        self.__init__()
        return means
