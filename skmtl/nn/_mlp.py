"""Fully connected layers, as heads have them."""

from torch import nn

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
    layers = []
    for width in check_sizes(spec, "hidden", spec.hidden):
        layers += [nn.Linear(n_features, width), nn.ReLU()]
        if spec.dropout:
            layers.append(nn.Dropout(spec.dropout))
        n_features = width
    return [*layers, nn.Linear(n_features, n_outputs, bias=bias)]
