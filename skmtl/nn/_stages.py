"""Where a trunk may be cut into stages."""

from torch import nn

from ._pretrained import PretrainedModule

__all__ = ["cut_stages"]

# With weights of their own, they finish what the layer before them made.
_CLOSING = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm, nn.PReLU)
# Without weights, they prepare what the following layer reads, rather than finish what the last one made.
_OPENING = (
    nn.Flatten,
    nn.Unflatten,
    nn.modules.padding._CircularPadNd,
    nn.modules.padding._ConstantPadNd,
    nn.modules.padding._ReflectionPadNd,
    nn.modules.padding._ReplicationPadNd,
)
# Behind the last weights these give the same numbers whether maps were flattened before or after.
_SHAPELESS = {nn.Flatten, nn.Identity, nn.Dropout, nn.ReLU}


def cut_stages(trunk):
    """Return the stages of `trunk`, one after the other the same as the trunk, flattened.

    A stage is a layer with weights, normalisation and ``PReLU`` apart, and what follows it up to the next
    one: a convolution with its normalisation, pooling and ReLU, or a child that holds several layers.
    ``Flatten``, ``Unflatten``, padding and what follows them go with the layer that reads what they make. A
    closing ``Flatten`` is left out, so that the last stage returns feature maps where the trunk's layers do.

    Parameters
    ----------
    trunk : torch.nn.Module
        Only an ``nn.Sequential`` tells in which order its children run, in a `PretrainedTrunk` too; any other
        module is one stage, and so is one with hooks, which would not run for its parts.

    Returns
    -------
    list of torch.nn.Sequential
        They hold the layers of `trunk`, not copies.

    Examples
    --------
    >>> trunk = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 8), nn.ReLU())
    >>> [len(stage) for stage in cut_stages(trunk)]
    [2, 3]
    """
    if isinstance(trunk, PretrainedModule) and trunk.output is None and not _is_hooked(trunk):
        return [_part(trunk, stage) for stage in cut_stages(trunk.module)]
    if type(trunk) is not nn.Sequential or _is_hooked(trunk):
        return [nn.Sequential(trunk)]
    stages, opening, weighted = [[]], [], False
    for layer in trunk:
        begins = any(True for _ in layer.parameters()) and not isinstance(layer, _CLOSING)
        if not begins and (opening or isinstance(layer, _OPENING)):
            opening.append(layer)
            continue
        if begins and weighted:
            stages.append([])
        stages[-1] += [*opening, layer]
        opening, weighted = [], weighted or begins
    if stages[-1] and all(type(layer) in _SHAPELESS for layer in opening):
        opening = [layer for layer in opening if type(layer) is not nn.Flatten]
    stages[-1] += opening
    return [nn.Sequential(*stage) for stage in stages]


def _part(trunk, stage):
    """Return `stage` with what `trunk` has frozen of it frozen, and the rest trained at the same rate."""
    frozen = {id(trunk.module.get_submodule(name)) for name in trunk.frozen}
    names = [name for name, layer in stage.named_children() if id(layer) in frozen]
    return PretrainedModule(stage, [""] if "" in trunk.frozen else names, trunk.lr_factor, None)


def _is_hooked(trunk):
    hooks = trunk._forward_hooks, trunk._forward_pre_hooks, trunk._backward_hooks, trunk._backward_pre_hooks
    return any(hooks) or "forward" in vars(trunk)
