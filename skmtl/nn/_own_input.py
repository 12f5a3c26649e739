"""Layers that write to what they read, where others read it too."""

from torch import nn

from ._blank import run_on_blank

__all__ = ["keeping_input"]


class _Copy(nn.Module):
    def forward(self, features):
        return features.clone()


def keeping_input(modules, shape):
    """Return `modules`, behind a copy of their input each if they write to it.

    Towers and experts read the same images or features: what the first one writes there, the next one would read.

    Parameters
    ----------
    modules : list of torch.nn.Module
        Alike; the first is run on blank images and left in the mode it is in.
    shape : tuple of int
        Of what they read, without the batch.

    Examples
    --------
    >>> keeping_input([nn.Sequential(nn.ReLU(inplace=True)), nn.Sequential(nn.ReLU(inplace=True))], (4,))[1]
    Sequential(
      (0): _Copy()
      (1): Sequential(
        (0): ReLU(inplace=True)
      )
    )
    """
    return [nn.Sequential(_Copy(), m) for m in modules] if _writes(modules[0], shape) else list(modules)


def _writes(module, shape):
    # It writes in training only.
    if any(isinstance(m, nn.modules.dropout._DropoutNd) and m.inplace for m in module.modules()):
        return True
    images, _ = run_on_blank(module, shape)
    return images._version > 0
