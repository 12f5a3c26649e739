"""The one way from images to logits without gradients."""

import torch

from ..nn import folded, is_plain
from ._data import as_tensor

__all__ = ["for_each_chunk", "mean_sharing_weights"]

BLOCK_BYTES = 16 * 2**20  # read at once from outside memory


def for_each_chunk(net, images, layout, write, input_of=None):
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
    input_of : tuple of int, default=None
        For every task, which of several images a row is its own.
    """
    net._set_training(False)
    module = folded(net.module_)
    # Layers of the user's may keep tensors for later, and none of inference mode's can be trained with.
    without_gradients = torch.inference_mode() if is_plain(module) else torch.no_grad()
    with net.precision.tensor_cores(), without_gradients:
        for start, part in _chunks(net, images, layout):
            logits = net.infer(part, module, input_of)
            write(start, start + len(logits), logits.cpu())


def mean_sharing_weights(net, images, layout, input_of=None):
    """Return what decides how much the tasks share, averaged over the images.

    Parameters
    ----------
    net, images, layout, input_of
        As for `for_each_chunk`.

    Returns
    -------
    list of (ndarray of shape (n_tasks, n_sources), list of str)
        As from `TaskTrunk.sharing_weights`.
    """
    net._set_training(False)
    totals = {}
    with net.precision.tensor_cores(), torch.no_grad():
        for _, part in _chunks(net, images, layout):
            with net.precision.autocast():
                found = net.module_.sharing_weights(part.to(net.device), input_of)
            for place, (weights, sources) in enumerate(found):
                total = totals.get(place, (0, sources))[0]
                totals[place] = total + weights.double().cpu() * (len(part) / len(images)), sources
    return [(weights.numpy(), sources) for weights, sources in totals.values()]


def _chunks(net, images, layout):
    """Yield (first row, a few images), in order."""
    size = net.iterator_valid__batch_size
    block = max(1, BLOCK_BYTES // max(1, images.row_bytes) // size) * size if images.stored else size
    for first in range(0, len(images), block):
        part = as_tensor(layout.images(images.read(first, min(first + block, len(images)))))
        for start in range(0, len(part), size):
            yield first + start, part[start : start + size]
