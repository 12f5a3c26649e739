"""Sums over an epoch, kept on the device until it ends."""

import numpy as np
import torch

__all__ = ["EpochMeter"]


class EpochMeter:
    """Averages per-task losses, weights and accuracies over the batches of an epoch.

    Nothing here waits for the device; ``flush`` does, once an epoch.
    """

    def __init__(self):
        self.sums = {}
        self.counts = {}

    def add(self, name, total, count):
        """Add `total`, a tensor or number that is a sum over `count` things."""
        self.sums[name] = self.sums.get(name, 0) + total
        self.counts[name] = self.counts.get(name, 0) + count

    def flush(self):
        """Return {name: mean as list or float, NaN where nothing was counted} and forget everything."""
        with np.errstate(invalid="ignore"):
            means = {k: (_array(self.sums[k]) / _array(self.counts[k])).tolist() for k in self.sums}
        self.sums, self.counts = {}, {}
        return means


def _array(value):
    # float64 on the host: a score in float32 would not equal scikit-learn's.
    return np.asarray(value.tolist() if isinstance(value, torch.Tensor) else value, dtype=np.float64)
