"""Grad-CAM: the feature maps of a layer, weighted by what they mean for a class."""

import torch
from torch import nn
from torch.nn import functional as F

from .._validation import did_you_mean
from ..nn import TaskTrunk
from ..nn._independent import _IndependentTrunk
from ..nn._resnet import ResidualBlock

__all__ = ["GradCam", "layer_name"]

# Of a residual block it is the sum that goes on, not what its last convolution adds to it.
CONVOLUTIONS = (nn.modules.conv._ConvNd, ResidualBlock)
UPSAMPLING = {1: "linear", 2: "bilinear", 3: "trilinear"}


class GradCam:
    """Maps of one task from one layer, upsampled to the image.

    Parameters
    ----------
    captum : module
        ``captum.attr``.
    module : TaskModule
        The network of the task.
    output : callable
        Explained output of (images, codes), shape (batch,).
    layer : str
        Name of the layer in ``module.network``.
    """

    def __init__(self, captum, module, output, layer):
        self.explainer = captum.LayerGradCam(output, module.network.get_submodule(layer))

    def __call__(self, images, codes):
        """Return (maps of shape (batch, ...), None)."""
        # Layers before this one may be frozen: something must ask for gradients.
        images.requires_grad_()
        maps = self.explainer.attribute(images, additional_forward_args=(codes,)).detach()
        size = images.shape[2:]
        return F.interpolate(maps, size=size, mode=UPSAMPLING[len(size)], align_corners=False)[:, 0], None


def layer_name(layer, module, original, task, image):
    """Return the name of the layer that Grad-CAM reads for a task.

    Parameters
    ----------
    layer : None, str or torch.nn.Module
        What the user gave; None for the last convolution of the trunk.
    module : TaskModule
        The network of the task, a copy.
    original : MultiTaskModule
        The fitted network, whose layers the user knows.
    task : object
        Name of the task, for messages.
    image : tensor of shape (1, channels, ...)
        Any.

    Raises
    ------
    ValueError
        If there is no such layer, it makes no feature maps, or the task does not read it.
    """
    image = image.detach().clone().requires_grad_()
    made, logits = _outputs(module, image)
    if layer is None:
        return _last_convolution(module, made, image, task)
    name = _given_name(layer, original)
    if isinstance(dict(module.network.named_modules())[name], torch.jit.ScriptModule):
        raise ValueError(
            f"layer: {name!r} is TorchScript, of whose layers nobody sees what they make: give trunk the module that "
            "it was compiled from, or use method='integrated_gradients'."
        )
    maps = made.get(name)
    if not _are_maps(maps, image):
        found = "does not run" if maps is None else f"returns {_described(maps)}"
        raise ValueError(
            f"layer: Grad-CAM needs feature maps, but {name!r} {found} for the task {task!r}: "
            f"use one of {_convolutions(module, made, image)!r}."
        )
    if not _reached(logits, maps) and _reached(made[""], maps):
        raise ValueError(
            f"layer: the task {task!r} does not read {name!r}. Give every task a layer of its own, "
            "layer={task: name, ...}."
        )
    return name


def _outputs(module, image):
    """Return what every layer made of an image, by name, in the order in which they ran; and the logits."""
    made = {}

    def keep(name):
        def hook(layer, args, out):
            made.pop(name, None)
            made[name] = out

        return hook

    layers = module.network.named_modules()
    # TorchScript's modules take no hooks.
    seen = [(name, layer) for name, layer in layers if not isinstance(layer, torch.jit.ScriptModule)]
    hooks = [layer.register_forward_hook(keep(name)) for name, layer in seen]
    try:
        return made, module(image)
    finally:
        for hook in hooks:
            hook.remove()


def _reached(logits, maps):
    """Return whether `logits` change with `maps`; a layer that is dead for this image changes nothing."""
    gradient = torch.autograd.grad(logits.sum(), maps, retain_graph=True, allow_unused=True)[0]
    return gradient is not None and bool(gradient.any())


def _last_convolution(module, made, image, task):
    trunk, within = module.network.trunk, "trunk"
    if isinstance(trunk, _IndependentTrunk):
        within = f"trunk.towers.{module.task}"
    elif isinstance(trunk, TaskTrunk):
        raise ValueError(
            f"layer=None means the last convolution of the trunk, but the tasks share several branches "
            f"({type(trunk).__name__.strip('_')}), of which Grad-CAM reads one: set layer, for all tasks or as a "
            f"mapping task -> layer, to one of {_convolutions(module, made, image)!r}, or use "
            "method='integrated_gradients'."
        )
    found = [name for name in _convolutions(module, made, image) if f"{name}.".startswith(f"{within}.")]
    if not found:
        raise ValueError(
            f"layer=None means the trunk's last convolution, but that of task {task!r} has none, or is TorchScript: "
            "set layer to one that makes feature maps, or use method='integrated_gradients'."
        )
    return found[-1]


def _convolutions(module, made, image):
    layers = dict(module.network.named_modules())
    return [
        name
        for name, maps in made.items()
        # Those behind global pooling see no positions.
        if isinstance(layers[name], CONVOLUTIONS) and _are_maps(maps, image) and max(maps.shape[2:]) > 1
    ]


def _are_maps(maps, image):
    return isinstance(maps, torch.Tensor) and maps.ndim == image.ndim and len(maps) == 1


def _described(out):
    return f"shape {tuple(out.shape)}" if isinstance(out, torch.Tensor) else type(out).__name__


def _given_name(layer, original):
    names = {layer: name for name, layer in original.named_modules()}
    if isinstance(layer, nn.Module):
        if layer in names:
            return names[layer]
        raise ValueError(
            f"layer: {type(layer).__name__} is no layer of the fitted network, which holds copies of what it was built "
            "from: take it from estimator.net_.module_, or give its name there."
        )
    known = [name for name in names.values() if name]
    if layer not in known:
        raise ValueError(
            f"layer must be the name of a layer in estimator.net_.module_, such as {known[1]!r}, or that layer. "
            f"Got {layer!r} instead.{did_you_mean(layer, known)}"
        )
    return layer
