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

    def add(self, name, mean, count):
        """Add a tensor that is a mean over `count` things."""
        if name not in self.sums:
            # float32 would lose the last batches of a long epoch; Apple's GPUs have nothing wider.
            dtype = torch.float32 if mean.device.type == "mps" else torch.float64
            self.sums[name], self.counts[name] = torch.zeros_like(mean, dtype=dtype), 0
        self.sums[name].add_(mean, alpha=count)
        self.counts[name] += count

    def add_share(self, name, hits, counts):
        """Add numbers of hits among `counts` things, tensors of one shape."""
        self.sums[name] = self.sums.get(name, 0) + hits
        self.counts[name] = self.counts.get(name, 0) + counts

    def add_conflicts(self, gramian):
        """Add the cosines of the task gradients of a step, and whether they point apart.

        Parameters
        ----------
        gramian : tensor of shape (n_tasks, n_tasks)
            Tasks whose gradient is 0 or not finite count in no pair.
        """
        norms = gramian.diagonal().clamp(min=0).sqrt()
        # Those of a step that has overflowed, which float16 skips, are unknown.
        sized = (norms > 0) & norms.isfinite()
        known = sized.outer(sized) & gramian.isfinite()
        cosines = torch.where(known, gramian / norms.outer(norms).clamp(min=torch.finfo(norms.dtype).tiny), 0)
        self.add_share("gradient_cosine", cosines, known.int())
        apart = (cosines < 0).triu(1)
        self.add_share("gradient_conflict", (cosines < 0).int(), known.int())
        self.add_share("conflict_rate", apart.sum(), known.triu(1).sum())

    def flush(self):
        """Return {name: mean as list or float, NaN where nothing was counted} and forget everything."""
        with np.errstate(invalid="ignore"):
            means = {k: (_array(self.sums[k]) / _array(self.counts[k])).tolist() for k in self.sums}
        self.sums, self.counts = {}, {}
        return means


def _array(value):
    # float64 on the host: a score in float32 would not equal scikit-learn's.
    return np.asarray(value.tolist() if isinstance(value, torch.Tensor) else value, dtype=np.float64)
