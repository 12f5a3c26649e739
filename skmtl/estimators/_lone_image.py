"""Whether a network can be trained on a batch of one image."""

import torch

from ..training import RandomStream

__all__ = ["check_lone_image"]


def check_lone_image(module, image_shape, input_of):
    """Raise ValueError if `module` cannot: batch normalisation lacks a second value if maps have one pixel.

    Parameters
    ----------
    module : MultiTaskModule
        Its mode and its buffers are left as they are.
    image_shape : tuple of int
        Channels, height and width, or other spatial axes.
    input_of : tuple of int or None
        For every task, which of several images a row is its own.
    """
    inputs = () if input_of is None else (max(input_of) + 1,)
    image = torch.zeros((1, *inputs, *image_shape), device=next(module.parameters()).device)
    buffers = {name: value.clone() for name, value in module.named_buffers()}
    modes = [(layer, layer.training) for layer in module.modules()]
    try:
        # Layers may draw random numbers, which must not be the user's.
        with torch.no_grad(), RandomStream(0):
            torch.func.functional_call(module.train(), buffers, (image, input_of))
    except ValueError as error:
        raise ValueError(
            f"The network cannot be trained on a batch of one image ({error}): let batches have at least two, with "
            "batch_size or by passing more images, or normalise in a way that needs one only, such as by groups."
        ) from error
    finally:
        for layer, mode in modes:
            layer.training = mode
