"""From scores to the log-probabilities of ordered classes."""

import torch
from torch import nn
from torch.nn import functional as F

__all__ = ["Columns", "ContinuationLink", "CumulativeLink"]


class ContinuationLink(nn.Module):
    """Logits of P(y > k | y > k - 1), (batch, K - 1), -> log P(y = k), (batch, K).

    References
    ----------
    Shi, Cao & Raschka (2023), Deep neural networks for rank-consistent ordinal regression based on
    conditional probabilities: the chain rule for P(y > k).
    """

    @staticmethod
    def even_logits(n_classes):
        """Return the logits, shape (n_classes - 1,), that give all classes the same probability."""
        return torch.arange(n_classes - 1, 0, -1, dtype=torch.float32).log()

    def forward(self, logits):
        """Return the log-probabilities of the classes in ascending order."""
        reached = F.pad(F.logsigmoid(logits).cumsum(1), (1, 0))
        stayed = F.pad(F.logsigmoid(-logits), (0, 1))
        return reached + stayed


class CumulativeLink(nn.Module):
    """A score f, (batch, 1), -> log P(y = k), (batch, K), where P(y <= k) = sigmoid(theta_k - f).

    For b > a, ``sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) (1 - exp(a - b))``: the logarithm is a sum of three
    terms that neither under- nor overflow.

    Parameters
    ----------
    n_classes : int
        K, the number of classes. They start with equal probabilities at f = 0.

    References
    ----------
    McCullagh (1980), Regression models for ordinal data, JRSS B 42(2), section 2.
    """

    def __init__(self, n_classes):
        super().__init__()
        even = torch.logit(torch.arange(1, n_classes, dtype=torch.float64) / n_classes)
        self.middle = nn.Parameter(torch.zeros(1))
        self.log_steps = nn.Parameter(even.diff().log().float())
        # Contained in the steps already, but Adam moves every parameter by about the learning rate, whatever its
        # gradient: without a common factor, the sum of two digits (K = 19) takes 90 epochs to get where 30 do now.
        self.log_scale = nn.Parameter(torch.zeros(1))

    @property
    def steps(self):
        """The distances between neighbouring thresholds, shape (K - 2,)."""
        # Within e^-60 to e^60 logarithms and gradients stay finite in float32.
        return (self.log_steps + self.log_scale).clamp(-60, 60).exp()

    @property
    def thresholds(self):
        """The increasing theta, shape (K - 1,), `middle` being their mean."""
        thresholds = F.pad(self.steps.cumsum(0), (1, 0))
        return thresholds - thresholds.mean() + self.middle

    def forward(self, score):
        """Return the log-probabilities of the classes in ascending order."""
        logits = self.thresholds - score
        upper = F.pad(F.logsigmoid(logits), (0, 1))
        lower = F.pad(F.logsigmoid(-logits), (1, 0))
        between = torch.log(-torch.expm1(-self.steps))
        return upper + lower + F.pad(between, (1, 1))


class Columns(nn.Module):
    """Columns in another order.

    Parameters
    ----------
    columns : list of int
        Which column of what goes in is the first, the second ... of what comes out.
    """

    def __init__(self, columns):
        super().__init__()
        self.register_buffer("columns", torch.tensor(columns), persistent=False)

    def forward(self, values):
        """Return the columns, each row as it was."""
        return values.index_select(1, self.columns)
