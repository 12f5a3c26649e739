"""Heads: the layers of one task, and how the heads of all tasks run together."""

from numbers import Real

import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval
from torch import nn
from torch.nn import functional as F

from ._built_head import build_head, class_ranks
from ._mlp import mlp_layers
from ._ordinal_head import OrdinalHead
from ._sigmoid_head import SigmoidHead
from ._spec import check_spec

__all__ = ["HEADS", "Heads", "LinearHead", "MLPHead"]


class LinearHead(BaseEstimator):
    """One linear layer and softmax: multinomial logistic regression on the shared features.

    The linear heads of all tasks are one matrix product, whatever their number.

    Examples
    --------
    >>> LinearHead()
    LinearHead()
    """


class MLPHead(BaseEstimator):
    """Fully connected layers with ReLU and dropout, then a linear layer and softmax.

    Parameters
    ----------
    hidden : tuple of int, default=(50,)
        Widths of the hidden layers.
    dropout : float, default=0.0
        Probability of zeroing a hidden activation, in training.

    Examples
    --------
    >>> import torch
    >>> MLPHead(hidden=(50,), dropout=0.5).build(128, 10)(torch.zeros(3, 128)).shape
    torch.Size([3, 10])

    References
    ----------
    Sener & Koltun (2018), Multi-task learning as multi-objective optimization, NeurIPS,
    appendix, use ``hidden=(50,), dropout=0.5`` on MultiMNIST.
    """

    _parameter_constraints = {"dropout": [Interval(Real, 0, 1, closed="left")]}

    def __init__(self, hidden=(50,), dropout=0.0):
        self.hidden = hidden
        self.dropout = dropout

    def build(self, n_features, n_classes):
        """Return a fresh module from (batch, n_features) to (batch, n_classes) logits."""
        check_spec(self)
        return nn.Sequential(*mlp_layers(self, n_features, n_classes))


HEADS = {"linear": LinearHead, "mlp": MLPHead, "sigmoid": SigmoidHead, "ordinal": OrdinalHead}


class Heads(nn.Module):
    """All heads: features -> logits (batch, sum of class counts), in task order.

    Whatever a head computes, the softmax of what it returns are the probabilities of its classes.

    Parameters
    ----------
    specs : list
        One head spec per task: `LinearHead`, or any object whose ``build(n_features, n_classes)`` returns a
        module from (batch, n_features) to (batch, n_classes). Where `build` has a parameter `classes`, it gets the
        task's labels; a method ``class_order(n_classes, classes)`` makes the task an ordered one.
    n_features : int
        Width of the features.
    n_classes : list of int
        Number of classes of every task.
    classes : list of ndarray, default=None
        Sorted labels of every task.

    Attributes
    ----------
    ranks : list
        For every task whose classes are ordered, their indices from the lowest to the highest; else None.
    task_of : tensor of shape (sum of class counts,)
        The task of every logit.
    """

    def __init__(self, specs, n_features, n_classes, classes=None):
        super().__init__()
        linear = [t for t, spec in enumerate(specs) if isinstance(spec, LinearHead)]
        others = [t for t in range(len(specs)) if t not in set(linear)]
        labels = [None] * len(specs) if classes is None else classes
        self.n_classes = list(n_classes)
        self.ranks = [class_ranks(*of_task) for of_task in zip(specs, n_classes, labels, strict=True)]
        self.linear = nn.Linear(n_features, sum(n_classes[t] for t in linear)) if linear else None
        self.others = nn.ModuleList(build_head(specs[t], n_features, n_classes[t], labels[t]) for t in others)
        self.linear_tasks = linear
        self.register_buffer("order", self._task_order(linear + others) if linear and others else None, False)
        task_of = torch.arange(len(specs)).repeat_interleave(torch.tensor(self.n_classes))
        self.register_buffer("task_of", task_of, False)

    @property
    def dtype(self):
        """The floating-point type of the layers."""
        return next((p.dtype for p in self.parameters()), torch.float32)

    def _task_order(self, tasks):
        columns = torch.arange(sum(self.n_classes))
        start = torch.cumsum(torch.tensor([0, *(self.n_classes[t] for t in tasks)]), 0)
        blocks = {t: columns[start[i] : start[i + 1]] for i, t in enumerate(tasks)}
        return torch.cat([blocks[t] for t in range(len(tasks))])

    def forward(self, features):
        """Return the logits of all tasks side by side.

        Parameters
        ----------
        features : tensor of shape (batch, n_features), or list of n_tasks of them
            What all tasks read, or each its own.
        """
        if not isinstance(features, torch.Tensor):
            return self._of_own_features(features)
        logits = [] if self.linear is None else [self.linear(features)]
        logits += [head(features) for head in self.others]
        joined = logits[0] if len(logits) == 1 else torch.cat(logits, dim=1)
        return joined if self.order is None else joined[:, self.order]

    def _of_own_features(self, features):
        linear = {}
        if self.linear is not None:
            sizes = [self.n_classes[t] for t in self.linear_tasks]
            rows = zip(self.linear.weight.split(sizes), self.linear.bias.split(sizes), strict=True)
            linear = dict(zip(self.linear_tasks, rows, strict=True))
        others = iter(self.others)
        logits = [
            F.linear(own, *linear[t]) if t in linear else next(others)(own)
            for t, own in zip(range(len(self.n_classes)), features, strict=True)
        ]
        return torch.cat(logits, dim=1)
