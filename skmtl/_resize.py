"""Images of one size -> images of another, in their own dtype."""

from numbers import Integral

import numpy as np
from PIL import Image

__all__ = ["check_size", "read_size", "resize_images"]

EXACT = 2**24  # float32 holds every integer up to here


def check_size(size, name="size"):
    """Return an image size as (height, width).

    Parameters
    ----------
    size : int or sequence of two ints
        Side of a square, or (height, width), in pixels, each at least 1.
    name : str, default="size"
        The parameter's name, for messages.

    Returns
    -------
    tuple of two ints

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> check_size(64), check_size([32, 48])
    ((64, 64), (32, 48))
    """
    pair = read_size(size)
    if pair is None:
        raise ValueError(
            f"{name} must be a positive int or a pair (height, width) of them, such as 64 or (48, 64). "
            f"Got {size!r} instead."
        )
    return pair


def read_size(size):
    """Return an image size as (height, width), or None if it is none, for callers with a message of their own."""
    pair = (size, size) if isinstance(size, Integral) else size
    if (
        not isinstance(pair, (tuple, list, np.ndarray))
        or len(pair) != 2
        or not all(isinstance(s, Integral) and not isinstance(s, bool) and s > 0 for s in pair)
    ):
        return None
    return int(pair[0]), int(pair[1])


def resize_images(images, size):
    """Resize images through Pillow, bilinear and antialiased, each channel alone.

    Where an image shrinks, every pixel of the result averages all pixels of the source that it
    covers (a triangular filter as wide as needed), so that thin strokes do not vanish. Floats and
    integers of more than 8 bits pass through 32-bit floats; integers are rounded.

    Parameters
    ----------
    images : ndarray of shape (n, height, width) or (n, height, width, channels)
        Of any real dtype; never changed.
    size : int or (height, width)
        Size of the result in pixels.

    Returns
    -------
    ndarray of shape (n, *size) or (n, *size, channels)
        In the dtype of `images`; `images` itself if it has that size already.

    Raises
    ------
    ValueError
        If `size` is no size, or integers do not fit 32-bit floats.

    Examples
    --------
    >>> import numpy as np
    >>> resize_images(np.array([[[0, 100], [200, 100]]], dtype=np.uint8), 1)
    array([[[100]]], dtype=uint8)
    """
    size = check_size(size)
    if images.shape[1:3] == size:
        return images
    _check_exact(images)
    # Pillow's own arithmetic on bytes is the faster one, and rounds.
    through = np.uint8 if images.dtype == np.uint8 else np.float32
    resized = np.empty((len(images), *size, *images.shape[3:]), images.dtype)
    for channel in np.ndindex(images.shape[3:]):
        for i, source in enumerate(images[(..., *channel)]):
            plane = Image.fromarray(np.ascontiguousarray(source, dtype=through))
            plane = np.asarray(plane.resize(size[::-1], Image.Resampling.BILINEAR))
            resized[(i, ..., *channel)] = plane if images.dtype.kind == "f" or through is np.uint8 else np.rint(plane)
    return resized


def _check_exact(images):
    if images.dtype.kind in "iu" and images.dtype.itemsize > 2 and images.size:
        low, high = int(images.min()), int(images.max())
        if max(-low, high) > EXACT:
            raise ValueError(
                f"Images of {images.dtype} from {low} to {high} cannot be resized: beyond {EXACT} integers do not fit "
                "the 32-bit floats in which it is done. Convert them to floats of a smaller range first."
            )
