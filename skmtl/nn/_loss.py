"""Cross-entropy of all tasks in one set of vector operations."""

from itertools import accumulate, groupby

import torch
from torch import nn
from torch.nn import functional as F

__all__ = ["MultiTaskLoss"]

MANY_TASKS = 16  # from which a softmax over rows of two is slower than five operations on their difference


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
    ranks : list, default=None
        For every task whose classes are ordered, their indices from the lowest to the highest; else None.
        Only `predict` reads it.

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

    def __init__(self, n_classes, ranks=None):
        super().__init__()
        self.n_classes = list(n_classes)
        starts = [0, *accumulate(n_classes)]
        # Tasks with as many classes as each other share one tensor operation. Where they are neighbours
        # already, nothing needs gathering.
        order = sorted(range(len(n_classes)), key=lambda t: self.n_classes.index(n_classes[t]))
        self.groups = [(size, len(list(tasks))) for size, tasks in groupby(order, key=lambda t: n_classes[t])]
        columns = torch.cat([torch.arange(starts[t], starts[t + 1]) for t in order])
        self.sorted = order == list(range(len(order)))
        self.register_buffer("tasks", torch.tensor(order), persistent=False)
        self.register_buffer("places", torch.tensor(order).argsort(), persistent=False)
        self.register_buffer("columns", columns, persistent=False)
        self.medians = nn.ModuleDict({str(t): _Median(r) for t, r in enumerate(ranks or []) if r is not None})

    def forward(self, logits, codes, weights):
        """Return the losses, shape (n_tasks,).

        Parameters
        ----------
        logits : tensor of shape (batch, sum of class counts)
        codes : tensor of shape (batch, n_tasks), int64, -1 = missing
        weights : tensor of shape (batch, n_tasks) or None
            0 where the label is missing; None if every cell has a label and weight 1.
        """
        if not self.sorted:
            codes, weights = codes[:, self.tasks], None if weights is None else weights[:, self.tasks]
        losses, stop = [], 0
        for part in self.by_size(logits):
            start, stop = stop, stop + part.shape[1]
            losses.append(_losses(part, codes[:, start:stop], None if weights is None else weights[:, start:stop]))
        joined = losses[0] if len(losses) == 1 else torch.cat(losses)
        return joined if self.sorted else joined[self.places]

    def by_size(self, logits):
        """Return the logits, shape (batch, tasks, n_classes), for every number of classes; `tasks` names the tasks.

        Parameters
        ----------
        logits : tensor of shape (batch, sum of class counts)
        """
        if not self.sorted:
            logits = logits[:, self.columns]
        if len(self.groups) == 1:
            return [logits.view(len(logits), -1, self.groups[0][0])]
        parts = logits.split([size * n for size, n in self.groups], 1)
        return [part.unflatten(1, (n, size)) for part, (size, n) in zip(parts, self.groups, strict=True)]

    def predict(self, logits):
        """Return the code of every task's predicted class, shape (batch, n_tasks).

        It is the most probable one; where classes are ordered, the median, which has the smallest expected absolute
        difference in rank.

        Parameters
        ----------
        logits : tensor of shape (batch, sum of class counts)
        """
        codes = torch.cat([part.argmax(2) for part in self.by_size(logits)], 1)
        codes = codes if self.sorted else codes[:, self.places]
        if self.medians:
            parts = logits.split(self.n_classes, 1)
            for t, median in self.medians.items():
                codes[:, int(t)] = median(parts[int(t)])
        return codes


class _Median(nn.Module):
    """Logits of one task (batch, n_classes) -> code of the median class; of two, the lower one."""

    def __init__(self, ascending):
        super().__init__()
        self.register_buffer("ascending", torch.as_tensor(ascending), persistent=False)

    def forward(self, logits):
        # As precise as the probabilities users are given; Apple's GPUs have nothing wider than float32.
        logits = logits if logits.device.type == "mps" else logits.double()
        probabilities = logits.softmax(1)[:, self.ascending]
        above = probabilities.flip(1).cumsum(1).flip(1)[:, 1:]
        return self.ascending[(above > 0.5).sum(1)]


def _losses(logits, codes, weights):
    if logits.shape[2] == 2 and logits.shape[1] >= MANY_TASKS:
        # The same number from the difference of the two; where the label is missing, the weight is 0 and -1
        # stands for nothing.
        difference, second = logits[..., 1] - logits[..., 0], codes.to(logits.dtype)
        return F.binary_cross_entropy_with_logits(difference, second, weights, reduction="none").mean(0)
    if logits.shape[1] == 1 and weights is None:
        return F.cross_entropy(logits[:, 0], codes[:, 0])[None]
    cells = F.cross_entropy(logits.flatten(0, 1), codes.flatten(), ignore_index=-1, reduction="none")
    cells = cells.view(codes.shape)
    return (cells if weights is None else cells * weights).mean(0)
