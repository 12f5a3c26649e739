"""Images of several data sets -> one array."""

import numpy as np

from .._inputs import pixel_scale
from .._rows import check_numeric, read_rows, split_blank, to_numpy
from ._image_form import ImageForm, find_channels

__all__ = ["read_images", "stack_images"]

BLOCK_BYTES = 16 * 2**20  # converted at a time


def read_images(X):
    """Return the rows of X, wherever they lie.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        Array, list, data frame, memory map, tensor or array store.

    Returns
    -------
    Rows

    Raises
    ------
    ValueError
        If X is no array of numbers with at least one row and one pixel.
    """
    X = X if split_blank(X)[1] is None else np.asanyarray(X)  # LazyRows keep masks to themselves
    masked = np.ma.is_masked(X)
    rows = read_rows(X)
    if rows is None and not masked:
        try:
            rows = read_rows(np.asarray(X))
        except ValueError as error:
            raise ValueError(f"X is ragged: resize all images to one shape before stacking ({error}).") from error
    if masked:
        raise ValueError(
            f"X of shape {tuple(X.shape)} has masked values, but every pixel needs one. Drop the rows that are no "
            "images, from X and y alike: keep = ~X.mask.reshape(len(X), -1).any(axis=1), X.data[keep], y[keep]."
        )
    if rows is None or len(rows.shape) < 2 or min(rows.shape) < 1:
        found = f"shape {tuple(X.shape)}" if hasattr(X, "shape") else type(X).__name__
        raise ValueError(
            "X must be an array of numbers of shape (n_samples, ...), with at least one row and one pixel. "
            f"Got {found} instead."
        )
    check_numeric(rows)
    return rows


def stack_images(parts, size, mode, channel_axis):
    """Copy the images of all parts into one array.

    Parameters
    ----------
    parts : dict of key -> Rows
        Images of every part.
    size : (height, width) or None
        What to resize to.
    mode : {"L", "RGB"} or None
        What to convert channels to.
    channel_axis : {"auto"}, int or None
        Channel axis of images of three axes, the samples being axis 0; read with `size` or `mode` only.

    Returns
    -------
    ndarray of shape (n_samples, ...)

    Raises
    ------
    ValueError
        If dtypes or, after conversion, shapes differ.
    """
    dtype = _one_dtype(parts)
    if size is None and mode is None:
        return _copy(parts, _one_shape(parts, {k: rows.shape[1:] for k, rows in parts.items()}, size, mode), dtype)
    axes = {key: _find_channels(key, rows.shape[1:], mode, channel_axis) for key, rows in parts.items()}
    # Where the first part with channels has them, and last, as Pillow does, if none has.
    form = ImageForm(size, mode, axis=next((a for a in axes.values() if a is not None), 2))
    shapes = {key: form.shape(rows.shape[1:], axes[key]) for key, rows in parts.items()}
    shape = _one_shape(parts, shapes, size, mode)
    return _copy(parts, shape, dtype, lambda key, block: form.convert(block, axes[key]))


def _copy(parts, shape, dtype, convert=lambda key, block: block):
    stacked = np.empty((sum(map(len, parts.values())), *shape), dtype)
    start = 0
    for key, rows in parts.items():
        for block in _blocks(rows):
            stacked[start : start + len(block)] = convert(key, block)
            start += len(block)
    return stacked


def _blocks(rows):
    n_rows = max(1, BLOCK_BYTES // max(1, rows.row_bytes))
    for start in range(0, len(rows), n_rows):
        yield to_numpy(rows.read(start, min(start + n_rows, len(rows))), rows.dtype)


def _find_channels(key, shape, mode, channel_axis):
    try:
        return find_channels(shape, mode, channel_axis)
    except ValueError as error:
        raise ValueError(f"parts[{key!r}]: {error}") from error


def _one_dtype(parts):
    dtypes = {key: rows.dtype for key, rows in parts.items()}
    if len(set(dtypes.values())) > 1:
        listed = ", ".join(f"{key!r} {dtype}" for key, dtype in dtypes.items())
        text = f"The parts have images of different dtypes: {listed}. Convert X to one with astype before stacking."
        if len({pixel_scale(dtype) for dtype in dtypes.values()}) > 1:
            text += (
                " Mind the units: 8- and 16-bit integers count up to their largest value, floats usually from 0 to 1; "
                'bytes become such floats with X.astype("float32") / 255.'
            )
        raise ValueError(text)
    return next(iter(dtypes.values()))


def _one_shape(parts, shapes, size, mode):
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{key!r} {rows.shape[1:]}" for key, rows in parts.items())
        remedies = ["size=(height, width) to resize them"] if size is None else []
        remedies += ["mode='L' or mode='RGB' to give them one number of channels"] if mode is None else []
        if any(len(rows.shape) not in (3, 4) for rows in parts.values()):
            remedies = ["X reshaped to images (n, H, W) or (n, H, W, C)"]
        raise ValueError(
            f"The parts have images of different shapes: {listed}. Pass {', or '.join(remedies)}, or bring them to "
            "one shape yourself."
        )
    return next(iter(shapes.values()))
