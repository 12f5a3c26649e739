"""Images that are none: rows that a masked array masks as a whole."""

import numpy as np

__all__ = ["split_blank", "with_blank"]


def split_blank(X):
    """Return (X, mask of the rows without image): those that a masked array masks as a whole.

    Parameters
    ----------
    X : object
        LazyRows stay what they are and tell the mask. Anything else but such a masked array is returned as it is,
        with None.
    """
    if hasattr(type(X), "_lazy_rows"):
        return X, X._blank_rows()
    if not isinstance(X, np.ma.MaskedArray) or X.ndim < 2 or not np.ma.is_masked(X):
        return X, None
    mask = np.ma.getmaskarray(X).reshape(len(X), -1)
    blank = mask.all(axis=1)
    # A row masked in part is a mistake, of which the check of the images tells.
    if (mask.any(axis=1) & ~blank).any():
        return X, None
    # What lies under the mask may be anything, but the network computes with it.
    harmless = X.dtype.kind != "f" or np.isfinite(X.data[blank]).all()
    return (X.data if harmless else X.filled(0)), blank


def with_blank(images, blank):
    """Return `images`, with the rows `blank` masked as a whole; the pixels are not copied.

    Parameters
    ----------
    images : ndarray of shape (n_samples, ...)
    blank : ndarray of bool, of shape (n_samples,), or None
    """
    if blank is None:
        return images
    mask = np.broadcast_to(blank.reshape(-1, *[1] * (images.ndim - 1)), images.shape)
    return np.ma.MaskedArray(images, mask.copy())
