"""Heads: the layers of one task, and how the heads of all tasks run together."""

from numbers import Real

import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval
from torch import nn

from ._spec import check_sizes, check_spec

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
        layers = []
        for width in check_sizes(self, "hidden", self.hidden):
            layers += [nn.Linear(n_features, width), nn.ReLU()]
            if self.dropout:
                layers.append(nn.Dropout(self.dropout))
            n_features = width
        return nn.Sequential(*layers, nn.Linear(n_features, n_classes))


HEADS = {"linear": LinearHead}


class Heads(nn.Module):
    """All heads: features (batch, n_features) -> logits (batch, sum of class counts), in task order.

    Parameters
    ----------
    specs : list
        One head spec per task.
    n_features : int
        Width of the shared features.
    n_classes : list of int
        Number of classes of every task.
    """

    def __init__(self, specs, n_features, n_classes):
        super().__init__()
        linear = [t for t, spec in enumerate(specs) if isinstance(spec, LinearHead)]
        others = [t for t in range(len(specs)) if t not in set(linear)]
        self.n_classes = list(n_classes)
        self.linear = nn.Linear(n_features, sum(n_classes[t] for t in linear)) if linear else None
        self.others = nn.ModuleList(specs[t].build(n_features, n_classes[t]) for t in others)
        self.register_buffer("order", self._task_order(linear + others) if linear and others else None, False)

    @property
    def dtype(self):
        """The floating-point type of the layers."""
        return next(self.parameters()).dtype

    def _task_order(self, tasks):
        columns = torch.arange(sum(self.n_classes))
        start = torch.cumsum(torch.tensor([0, *(self.n_classes[t] for t in tasks)]), 0)
        blocks = {t: columns[start[i] : start[i + 1]] for i, t in enumerate(tasks)}
        return torch.cat([blocks[t] for t in range(len(tasks))])

    def forward(self, features):
        """Return the logits of all tasks side by side."""
        logits = [] if self.linear is None else [self.linear(features)]
        logits += [head(features) for head in self.others]
        joined = logits[0] if len(logits) == 1 else torch.cat(logits, dim=1)
        return joined if self.order is None else joined[:, self.order]
