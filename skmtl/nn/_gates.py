"""Gates: how much a task takes from every expert, image by image."""

import torch
from torch import nn

__all__ = ["Gates"]


class Gates(nn.Module):
    """``softmax(W_g m_g + b_g)`` for every gate g.

    Parameters
    ----------
    n_gates : int
        Number of gates.
    n_sources : int
        Number of weights of each; they sum to one.
    n_channels : int
        Size of what a gate reads.
    """

    def __init__(self, n_gates, n_sources, n_channels):
        super().__init__()
        # As nn.Linear draws them.
        bound = n_channels**-0.5
        self.weight = nn.Parameter(torch.empty(n_gates, n_sources, n_channels).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(n_gates, n_sources).uniform_(-bound, bound))

    def forward(self, means):
        """Return the weights, shape (batch, n_gates, n_sources).

        Parameters
        ----------
        means : tensor of shape (batch, n_gates, n_channels) or (batch, 1, n_channels)
            What each gate reads, or what all of them read.
        """
        # On CPUs softmax would stay in reduced precision, in which the weights do not sum to one.
        with torch.autocast(means.device.type, enabled=False):
            logits = torch.einsum("bgc,gsc->bgs", means.to(self.weight.dtype), self.weight)
            return (logits + self.bias).softmax(2)
