"""What X must be before its axes mean anything."""

from collections.abc import Mapping

import numpy as np
from scipy.sparse import issparse

__all__ = ["check_images_readable"]

_SHAPES = "(n, n_features), (n, H, W), (n, H, W, C) or (n, C, H, W)"


def check_images_readable(X):
    """Raise for what scikit-learn's own checks would refuse without naming X or the remedy.

    Parameters
    ----------
    X : object
        Whatever the user passed. What is left for scikit-learn's checks: sparse matrices,
        empty arrays, NaN, infinity, complex numbers.

    Raises
    ------
    TypeError
        If X is a mapping.
    ValueError
        If X is ragged, has fewer than two axes, masked pixels or text, or is a tensor that
        NumPy cannot read.
    """
    if isinstance(X, Mapping) and not issparse(X):
        raise TypeError(f"X must be an array of images. Got {type(X).__name__} instead: pass one of its values.")
    if hasattr(X, "requires_grad"):
        _check_tensor(X)
    if np.ma.is_masked(X):
        raise ValueError(
            f"X has {np.ma.count_masked(X)} masked values, but every pixel needs one: fill them, with X.filled(0) "
            "for instance."
        )
    if isinstance(X, (list, tuple)) or (hasattr(X, "__array__") and not hasattr(X, "shape")):
        X = _array(X)
    shape = getattr(X, "shape", ())
    if len(shape) < 2:
        found = f"an array of shape {tuple(shape)}" if hasattr(X, "shape") else type(X).__name__
        raise ValueError(
            f"X must have shape {_SHAPES}. Got {found} instead. Reshape your data: X[None] is a batch of one image, "
            "X.reshape(-1, 1) a column of single pixels."
        )
    _check_numbers(np.asarray(X) if hasattr(X, "columns") else X)


def _check_tensor(X):
    """Refuse what torch does not hand to NumPy; works without importing torch."""
    device = str(getattr(X, "device", "cpu"))
    remedies = {
        ".detach()": ("requires grad", X.requires_grad),
        ".float()": (f"is {X.dtype}", str(X.dtype) == "torch.bfloat16"),
        ".cpu()": (f"is on {device}", device != "cpu"),
    }
    wrong = {call: what for call, (what, applies) in remedies.items() if applies}
    if wrong:
        raise ValueError(
            f"X is a tensor that {' and '.join(wrong.values())}, which NumPy cannot read: pass X{''.join(wrong)}."
        )


def _array(X):
    try:
        return np.asarray(X)
    except ValueError as error:
        raise ValueError(f"X is ragged: resize all images to one shape before fitting ({error}).") from error


def _check_numbers(X):
    if getattr(getattr(X, "dtype", None), "kind", None) not in ("O", "S", "U"):
        return
    try:
        np.asarray(X).astype(np.float64)
    except ValueError as error:
        raise ValueError(
            f"X must hold numbers, the pixel values. Got {X.dtype} instead ({error}): read image files into arrays, "
            "encode text columns as numbers."
        ) from error
    except TypeError:
        # Left to scikit-learn, whose message for other objects is its own contract.
        return
