"""Two classes from one logit."""

from numbers import Real

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval
from torch import nn

from ._mlp import mlp_layers
from ._spec import check_spec

__all__ = ["SigmoidHead"]


class SigmoidHead(BaseEstimator):
    """One logit and a sigmoid, for a task with two classes: logistic regression on the shared features.

    The logit z of the second class is returned as (0, z), since
    ``softmax((0, z)) = (1 - sigmoid(z), sigmoid(z))``: cross-entropy is then the binary cross-entropy of
    ``sigmoid(z)``, exactly. A softmax over two logits describes the same probabilities with twice the
    weights, of which only the difference counts; its gradient moves that difference twice as fast.

    Parameters
    ----------
    hidden : tuple of int, default=()
        Widths of fully connected layers with ReLU in front, if any.
    dropout : float, default=0.0
        Probability of zeroing a hidden activation, in training.

    Examples
    --------
    >>> import torch
    >>> logits = SigmoidHead().build(128, 2)(torch.zeros(3, 128))
    >>> logits.shape, logits[:, 0].tolist()
    (torch.Size([3, 2]), [0.0, 0.0, 0.0])

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, eq. 4.87 and 4.90.
    """

    _parameter_constraints = {"dropout": [Interval(Real, 0, 1, closed="left")]}

    def __init__(self, hidden=(), dropout=0.0):
        self.hidden = hidden
        self.dropout = dropout

    def build(self, n_features, n_classes):
        """Return a fresh module from (batch, n_features) to (batch, 2) logits, the first of them 0."""
        check_spec(self)
        if n_classes != 2:
            raise ValueError(
                f"SigmoidHead is for tasks with two classes, but the task has {n_classes}: use 'linear' or MLPHead "
                "for it, or OrdinalHead if its classes are ordered. A mapping gives each task its own head: "
                "head={'task': SigmoidHead()}."
            )
        return nn.Sequential(*mlp_layers(self, n_features, 1), nn.ZeroPad1d((1, 0)))
