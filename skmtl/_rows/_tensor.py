"""Rows of a PyTorch tensor, on the device where it lies."""

import sys

import numpy as np

from ._base import Rows

__all__ = ["TensorRows", "is_dense_tensor"]


def is_dense_tensor(X):
    """Return whether `X` is a tensor whose rows can be read; never imports torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(X, torch.Tensor) and X.layout == torch.strided and not X.is_quantized


def _numpy_dtype(tensor):
    try:
        return np.dtype(str(tensor.dtype).removeprefix("torch."))
    except TypeError:
        return np.dtype(np.complex64 if tensor.is_complex() else np.float32)


class TensorRows(Rows):
    """Rows of a tensor; batches are tensors of the same dtype on the same device.

    Parameters
    ----------
    tensor : torch.Tensor of shape (n_samples, ...)
        Detached here: nothing trains the pixels.
    """

    def __init__(self, tensor):
        self._tensor = tensor.detach()
        self.shape = tuple(tensor.shape)
        self.dtype = _numpy_dtype(tensor)

    @property
    def row_bytes(self):
        """Size of one row in bytes, as the tensor has it."""
        return self._tensor.element_size() * int(np.prod(self.shape[1:]))

    def gather(self, indices):
        torch = sys.modules["torch"]
        # torch warns about arrays that it may not write to.
        indices = torch.from_numpy(np.require(indices, np.int64, ["C", "W"]))
        return self._tensor[indices.to(self._tensor.device)]

    def read(self, start, stop):
        """Return a view of the rows from `start` to before `stop`."""
        return self._tensor[start:stop]
