"""Cross-entropy of all tasks in one set of vector operations."""

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
        starts = [sum(n_classes[:t]) for t in range(len(n_classes))]
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
        if len(self.groups) == 1:
            return self._losses(logits, codes, weights, self.groups[0])
        losses = logits.new_empty(len(self.n_classes))
        for size in self.groups:
            tasks = getattr(self, f"tasks_{size}")
            part = self._losses(logits[:, getattr(self, f"columns_{size}")], codes[:, tasks], weights[:, tasks], size)
            losses = losses.index_copy(0, tasks, part)
        return losses

    @staticmethod
    def _losses(logits, codes, weights, size):
        cells = F.cross_entropy(logits.reshape(-1, size), codes.reshape(-1), ignore_index=-1, reduction="none")
        return (cells.view(codes.shape) * weights).sum(0) / len(codes)
