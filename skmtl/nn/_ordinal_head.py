"""Ordered classes."""

from collections.abc import Mapping, Set
from numbers import Real

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions
from torch import nn

from ._mlp import mlp_layers
from ._ordinal_links import Columns, ContinuationLink, CumulativeLink
from ._spec import check_spec

__all__ = ["OrdinalHead"]


class OrdinalHead(BaseEstimator):
    """Ordered classes: grades, sizes, counts, ages in groups.

    Let y be the rank of the class, from 0 for the lowest to K - 1 for the highest. The head returns
    ``log P(y = k)`` of every class, in the order of ``classes_`` as all heads do, so that softmax gives the
    probabilities back and cross-entropy is the likelihood of the link:

    ``"corn"``
        K - 1 logits, each with its own weights, of going on: ``sigmoid(z_k) = P(y > k | y > k - 1)``. Hence
        ``log P(y = k) = sum_{j < k} logsigmoid(z_j) + logsigmoid(-z_k)``, without the last term for the highest
        class. Its negative is CORN's loss of a sample (Shi, Cao & Raschka 2023), binary cross-entropies over
        the subsets ``{y > k - 1}``, but for the normalisation: a batch's sum is divided by the number of
        samples as in every other task, not by the total size of these subsets. The biases start where all
        classes are equally probable.
    ``"cumulative"``
        ``P(y <= k) = sigmoid(theta_k - f)`` with one score f of the image and increasing thresholds theta
        (McCullagh 1980, proportional odds): the fewest weights, and right where classes are sections of one
        quantity.

    **Predictions** are the median of the distribution, the rank ``sum_k [P(y > k) > 1/2]``, as in CORN: no rank
    has a smaller expected absolute error under the predicted probabilities. `predict` may therefore differ from
    the class of the largest `predict_proba`: probabilities (0.4, 0.25, 0.35) give the middle class, which is
    never two ranks off.

    Parameters
    ----------
    order : sequence of labels, default=None
        All classes of the task, from the lowest to the highest; levels without a label, in a fold of a
        cross-validation say, are passed over. None takes the order of the categories, if the labels come as
        an ordered pandas ``Categorical`` (or polars ``Enum``), and else sorts them, which suits numbers and
        seldom strings.
    link : {"corn", "cumulative"}, default="corn"
        From features to probabilities; see above.
    hidden : tuple of int, default=()
        Widths of fully connected layers with ReLU in front, if any.
    dropout : float, default=0.0
        Probability of zeroing a hidden activation, in training.

    Examples
    --------
    >>> import numpy as np, torch
    >>> head = OrdinalHead(order=("low", "middle", "high"))
    >>> classes = np.array(["high", "low", "middle"])
    >>> log_probabilities = head.build(128, 3, classes)(torch.randn(5, 128))
    >>> torch.allclose(log_probabilities.exp().sum(1), torch.ones(5))
    True
    >>> head.class_order(3, classes)
    [1, 2, 0]

    References
    ----------
    Shi, Cao & Raschka (2023), Deep neural networks for rank-consistent ordinal regression based on conditional
    probabilities, Pattern Analysis and Applications 26 (arXiv:2111.08851).
    McCullagh (1980), Regression models for ordinal data, JRSS B 42(2), section 2.
    """

    _parameter_constraints = {
        "link": [StrOptions({"corn", "cumulative"})],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, order=None, link="corn", hidden=(), dropout=0.0):
        self.order = order
        self.link = link
        self.hidden = hidden
        self.dropout = dropout

    def build(self, n_features, n_classes, classes=None):
        """Return a fresh module from (batch, n_features) to (batch, n_classes) log-probabilities.

        Parameters
        ----------
        n_features : int
            Width of the features.
        n_classes : int
            Number of classes K, at least two.
        classes : ndarray of shape (n_classes,), default=None
            The task's labels, sorted, as the columns of the result are; needed where `order` is given.

        Returns
        -------
        torch.nn.Module
        """
        check_spec(self)
        if n_classes < 2:
            raise ValueError(f"OrdinalHead needs a task with at least two classes, but the task has {n_classes}.")
        ascending = self.class_order(n_classes, classes)
        layers = self._layers(n_features, n_classes)
        if ascending != sorted(ascending):
            layers.append(Columns(sorted(range(n_classes), key=ascending.__getitem__)))
        return nn.Sequential(*layers)

    def _layers(self, n_features, n_classes):
        if self.link == "cumulative":
            # The thresholds have the constant of the score already.
            return [*mlp_layers(self, n_features, 1, bias=False), CumulativeLink(n_classes)]
        layers = mlp_layers(self, n_features, n_classes - 1)
        with torch.no_grad():
            # Logits near 0 would mean 1/2, 1/4, 1/8, ...
            layers[-1].bias += ContinuationLink.even_logits(n_classes)
        return [*layers, ContinuationLink()]

    def class_order(self, n_classes, classes=None):
        """Return the indices of the classes from the lowest to the highest, a list of int.

        Parameters
        ----------
        n_classes : int
            Number of classes.
        classes : ndarray of shape (n_classes,), default=None
            The task's labels; needed where `order` is given.
        """
        if self.order is None:
            return list(range(n_classes))
        if not _is_sequence(self.order) or any(map(_is_sequence, self.order)):
            raise TypeError(
                "The 'order' parameter of OrdinalHead must be a sequence of all classes of the task, from the lowest "
                f"to the highest, such as ('low', 'middle', 'high'), or None. Got {self.order!r} instead."
            )
        if classes is None:
            raise ValueError(
                f"OrdinalHead(order={self.order!r}) needs the labels of its task, but got none: pass classes=."
            )
        return _positions(list(self.order), classes)


def _is_sequence(value):
    return hasattr(value, "__len__") and not isinstance(value, (str, bytes, np.generic, Mapping, Set))


def _positions(order, classes):
    """Return where the labels of `order` stand in `classes`, which it must hold all, once each."""
    # Python's scalars read better in messages, but those of dates would be numbers.
    known = list(classes) if classes.dtype.kind in "mM" else classes.tolist()
    position = [next((i for i, label in enumerate(known) if label == given), None) for given in order]
    start = f"The 'order' parameter of OrdinalHead must hold each class of its task once; they are {known[:10]!r}. "
    found = [i for i in position if i is not None]
    twice = [known[i] for i in found if found.count(i) > 1]
    if twice:
        raise ValueError(f"{start}It names {twice[0]!r} twice: keep one of them.")
    missing = [label for i, label in enumerate(known) if i not in found]
    if missing:
        # Levels that no label has are none of our business: a fold may lack a rare one.
        others = [given for given, i in zip(order, position, strict=True) if i is None]
        named = f", but names {others[:10]!r}, which no label is" if others else ""
        raise ValueError(f"{start}It lacks {missing[:10]!r}{named}: add what is missing where it belongs.")
    return found
