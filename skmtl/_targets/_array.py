"""Arrays of any library -> NumPy arrays."""

import sys

import numpy as np

__all__ = ["as_array"]


def as_array(name, values, dtype=None):
    """Return `values` as an array; masked arrays stay masked.

    Parameters
    ----------
    name : str
        What they are, for messages.
    values : array-like
        Whatever NumPy reads, and dense PyTorch tensors: of any dtype, on any device, with or without gradient.
    dtype : dtype, default=None
        Of the result; None for their own.

    Raises
    ------
    TypeError, ValueError
        If NumPy cannot read them.

    Examples
    --------
    >>> import torch
    >>> as_array("y", torch.tensor([[0.5], [2.0]], dtype=torch.bfloat16, requires_grad=True))
    array([[0.5],
           [2. ]], dtype=float32)
    """
    torch = sys.modules.get("torch")  # never imported here: who has tensors has torch
    try:
        if torch is not None and isinstance(values, torch.Tensor):
            values = _from_tensor(values)
        return np.ma.asarray(values, dtype) if isinstance(values, np.ma.MaskedArray) else np.asarray(values, dtype)
    except ValueError:  # of ragged lists, of which the caller says more
        raise
    except Exception as error:
        raise TypeError(
            f"{name} is a {type(values).__name__} that NumPy cannot read ({error}): convert it to a NumPy array first."
        ) from error


def _from_tensor(tensor):
    tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
    try:
        return tensor.numpy()
    except TypeError:  # NumPy has no bfloat16
        return tensor.float().numpy()
