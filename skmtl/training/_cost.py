"""What one image costs: operations and memory."""

import math
from dataclasses import dataclass

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from .._random_stream import RandomStream
from ..nn import run_on_blank

__all__ = ["Cost", "measure_cost", "predict_batch_size"]

# Temporaries of a batch that stay in the processor's cache, and in the heap's hands.
CPU_BYTES = 16 * 2**20
GPU_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Cost:
    """What a forward pass of one image costs.

    Attributes
    ----------
    flops : int
        Operations, a multiplication and an addition counted as two.
    largest : int
        Values of the largest output of any layer, or of the image if that is larger.
    """

    flops: int
    largest: int


def measure_cost(module, image_shape):
    """Return the cost of one image, counted on a blank one.

    Parameters
    ----------
    module : torch.nn.Module
        Left in the mode it is in.
    image_shape : tuple of int
        Channels, height and width, or other spatial axes.
    """
    sizes = [2 * math.prod(image_shape)]

    def note(layer, args, out):
        if isinstance(out, torch.Tensor):
            sizes.append(out.numel())

    # TorchScript's modules take no hooks.
    layers = [layer for layer in module.modules() if not isinstance(layer, torch.jit.ScriptModule)]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    counter = _FlopCounter()
    try:
        with counter:
            note(module, (), run_blank(module, image_shape))
    except Exception:
        # A trunk that runs, but not while being counted: nothing of the fit depends on the count.
        counter.flops = 0
    finally:
        for hook in hooks:
            hook.remove()
    return Cost(counter.flops // 2, max(sizes) // 2)


class _FlopCounter(TorchDispatchMode):
    """Counts as ``FlopCounterMode`` does, which hooks into all modules and threads of the process meanwhile."""

    def __init__(self):
        super().__init__()
        self.flops = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            self.flops += count(*args, **(kwargs or {}), out_val=out)
        return out


def run_blank(module, image_shape):
    """Return what `module` makes of two blank images, as in prediction."""
    # A user's own trunk may draw random numbers even here, which must not be the user's.
    with RandomStream(0):
        return run_on_blank(module, image_shape)[1]


def predict_batch_size(cost, device, n_inputs=1):
    """Return how many samples, of `n_inputs` images each, to predict at once.

    Larger batches are no faster, and their temporaries go back to the system after each.

    Examples
    --------
    >>> predict_batch_size(Cost(flops=8_500_000, largest=25_088), torch.device("cpu"))
    128
    """
    most = (CPU_BYTES if device.type == "cpu" else GPU_BYTES) // (4 * cost.largest * n_inputs)
    return min(2048, max(16, 1 << max(1, most).bit_length() - 1))
