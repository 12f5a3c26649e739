"""What X must be before its axes mean anything."""

from collections.abc import Mapping

import numpy as np
from scipy.sparse import issparse

from .._rows import check_numeric

__all__ = ["check_images_readable", "check_rows"]

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
        If X is ragged, has fewer than two axes, masked pixels or text.
    """
    if isinstance(X, Mapping) and not issparse(X):
        raise TypeError(f"X must be an array of images. Got {type(X).__name__} instead: pass one of its values.")
    if str(getattr(X, "device", "")) == "meta":
        raise ValueError("X is a tensor on the device 'meta', which holds no pixels: pass one on a real device.")
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


def _array(X):
    try:
        return np.asarray(X)
    except ValueError as error:
        raise ValueError(f"X is ragged: resize all images to one shape before fitting ({error}).") from error


def _check_numbers(X):
    kind = getattr(getattr(X, "dtype", None), "kind", None)
    if kind in ("S", "U", "T", "m", "M", "V"):
        check_numeric(X)
    if kind != "O":
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


def check_rows(rows):
    """Raise ValueError for what scikit-learn would refuse of an array: no rows, no pixels, no numbers.

    Parameters
    ----------
    rows : Rows
        Images in a storage that scikit-learn cannot check.
    """
    check_numeric(rows)
    if min(rows.shape) < 1:
        what = "sample(s)" if not len(rows) else "feature(s)"
        raise ValueError(f"Found array with 0 {what} (shape={rows.shape}) while a minimum of 1 is required.")
