"""Networks whose every layer is one that is known here."""

from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from ._layers import ACTIVATIONS, SPATIAL
from ._ordinal_links import Columns, ContinuationLink, CumulativeLink
from ._resnet import ResidualBlock

__all__ = ["is_plain"]

_KNOWN = {
    nn.Sequential,
    nn.ModuleList,
    ResidualBlock,
    *(layer for kinds in SPATIAL.values() for layer in kinds.classes),
    *ACTIVATIONS.values(),
    nn.Conv1d,
    nn.GroupNorm,
    nn.Flatten,
    nn.Linear,
    nn.ZeroPad1d,
    Columns,
    ContinuationLink,
    CumulativeLink,
    nn.Dropout,
    nn.Identity,
}


def is_plain(module):
    """Return whether trunk and heads are PyTorch's own layers, not subclasses, with nothing hooked to them.

    Only of these is it known that they run in order, keep no tensor for later and, dropout apart,
    draw no random number.

    Parameters
    ----------
    module : MultiTaskModule
        The network.
    """
    heads = [layer for head in module.heads.children() for layer in head.modules()]
    known = all(type(layer) in _KNOWN for layer in [*module.trunk.modules(), *heads])
    return (
        known
        and not any(map(_is_changed, module.modules()))
        and not any(p._backward_hooks for p in module.parameters())
    )


def _is_changed(layer):
    hooked = layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks or layer._backward_pre_hooks
    return hooked or is_parametrized(layer) or "forward" in vars(layer)
