"""Cross-entropy of all tasks in one set of vector operations."""

from itertools import accumulate

import torch
from torch import nn
from torch.nn import functional as F

__all__ = ["MultiTaskLoss"]


class MultiTaskLoss(nn.Module):
    """Weighted softmax cross-entropy of every task.

    ``L_t = 1/B sum_i w[i, t] * -log softmax(logits of task t)[i, codes[i, t]]``. Dividing by the
    batch size B, not by the batch's own sum of weights, makes a batch's loss an unbiased
    estimate of the data set's whenever the weights of a task average 1 over the data set; a
    batch without a label of task t gives exactly 0 for it.

    Parameters
    ----------
    n_classes : list of int
        Number of classes of every task.

    Examples
    --------
    >>> import torch
    >>> loss = MultiTaskLoss([2, 3])
    >>> codes = torch.tensor([[0, -1], [1, -1]])
    >>> loss(torch.zeros(2, 5), codes, torch.tensor([[1.0, 0.0], [1.0, 0.0]]))
    tensor([0.6931, 0.0000])

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, eq. 4.108.
    """

    def __init__(self, n_classes):
        super().__init__()
        self.n_classes = list(n_classes)
        starts = [0, *accumulate(n_classes)]
        self.groups = []
        # Tasks with as many classes as each other share one tensor operation.
        for size in sorted(set(n_classes)):
            tasks = [t for t, k in enumerate(n_classes) if k == size]
            columns = torch.cat([torch.arange(starts[t], starts[t] + size) for t in tasks])
            self.register_buffer(f"tasks_{size}", torch.tensor(tasks), persistent=False)
            self.register_buffer(f"columns_{size}", columns, persistent=False)
            self.groups.append(size)

    def forward(self, logits, codes, weights):
        """Return the losses, shape (n_tasks,).

        Parameters
        ----------
        logits : tensor of shape (batch, sum of class counts)
        codes : tensor of shape (batch, n_tasks), int64, -1 = missing
        weights : tensor of shape (batch, n_tasks), 0 where the label is missing
        """
        losses = logits.new_empty(len(self.n_classes))
        for tasks, own in self.by_size(logits):
            # Weights are 0 where the label is missing, so any class may stand in for it there.
            part = _cross_entropy(own, codes[:, tasks].clamp(min=0)) * weights[:, tasks]
            losses = losses.index_copy(0, tasks, part.sum(0) / len(codes))
        return losses

    def by_size(self, logits):
        """Yield (tasks, their logits, shape (batch, len(tasks), n_classes)) for every number of classes.

        Parameters
        ----------
        logits : tensor of shape (batch, sum of class counts)
        """
        for size in self.groups:
            tasks = getattr(self, f"tasks_{size}")
            own = logits if len(self.groups) == 1 else logits[:, getattr(self, f"columns_{size}")]
            yield tasks, own.view(len(logits), len(tasks), size)

    def predict(self, logits):
        """Return the code of every task's most probable class, shape (batch, n_tasks).

        Parameters
        ----------
        logits : tensor of shape (batch, sum of class counts)
        """
        codes = torch.empty((len(logits), len(self.n_classes)), dtype=torch.int64, device=logits.device)
        for tasks, own in self.by_size(logits):
            codes[:, tasks] = own.argmax(2)
        return codes


def _cross_entropy(logits, codes):
    if logits.shape[2] == 2:
        # The same number from the difference of the two: a softmax over rows of two is five times as slow.
        difference = logits[..., 1] - logits[..., 0]
        return F.binary_cross_entropy_with_logits(difference, codes.to(logits.dtype), reduction="none")
    cells = F.cross_entropy(logits.flatten(0, 1), codes.flatten(), reduction="none")
    return cells.view(codes.shape)
