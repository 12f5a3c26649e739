"""The one way from images to logits without gradients."""

import torch

from ..nn import folded, is_plain
from ._data import as_tensor

__all__ = ["for_each_chunk"]

BLOCK_BYTES = 16 * 2**20  # read at once from outside memory


def for_each_chunk(net, images, layout, write):
    """Call ``write(start, stop, logits)`` for a few images at a time, in order.

    Parameters
    ----------
    net : MultiTaskNet
        Put in evaluation mode.
    images : Rows
        Read once, a chunk at a time.
    layout : ImageLayout
        What their axes mean.
    write : callable
        Gets logits of shape (stop - start, sum of class counts) on the CPU; what it does not copy
        is lost.
    """
    size = net.iterator_valid__batch_size
    block = max(1, BLOCK_BYTES // max(1, images.row_bytes) // size) * size if images.stored else size
    net._set_training(False)
    module = folded(net.module_)
    # Layers of the user's may keep tensors for later, and none of inference mode's can be trained with.
    without_gradients = torch.inference_mode() if is_plain(module) else torch.no_grad()
    with net.precision.tensor_cores(), without_gradients:
        for first in range(0, len(images), block):
            part = as_tensor(layout.images(images.read(first, min(first + block, len(images)))))
            for start in range(0, len(part), size):
                logits = net.infer(part[start : start + size], module)
                write(first + start, first + start + len(logits), logits.cpu())
