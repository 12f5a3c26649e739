"""Fully connected layers, as heads have them."""

from torch import nn

from ._layers import dense
from ._spec import check_sizes

__all__ = ["mlp_layers"]


def mlp_layers(spec, n_features, n_outputs, bias=True):
    """Return the layers that a head spec's `hidden` and `dropout` describe, and a linear layer.

    Parameters
    ----------
    spec : head spec
        Its `hidden` are the widths of the hidden layers, `dropout` the probability of zeroing one of their
        activations, in training.
    n_features, n_outputs : int
        Widths of what goes in and of what comes out.
    bias : bool, default=True
        Whether the last layer adds a constant.

    Returns
    -------
    list of torch.nn.Module
    """
    hidden = check_sizes(spec, "hidden", spec.hidden)
    layers = dense(n_features, hidden, dropout=spec.dropout)
    return [*layers, nn.Linear(hidden[-1] if hidden else n_features, n_outputs, bias=bias)]
