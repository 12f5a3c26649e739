"""Per-channel statistics of the training images, one batch at a time."""

import math

import numpy as np

from .._inputs import pixel_scale
from .._rows import pick_rows
from ..nn import InputStage

__all__ = ["channel_statistics", "input_stage"]

PART_BYTES = 16 * 2**20  # read at a time
PART_VALUES = 2**17  # computed at a time: what is in the processor's cache needs no memory's time


def input_stage(images, layout, rows, weights, standardize):
    """Return the first stage of the network: scaling, and every set's standardisation.

    Parameters
    ----------
    images : Images
        Every set is standardised by itself.
    layout : ImageLayout
        Of one image.
    rows : ndarray of int
        The training rows.
    weights : ndarray of shape (len(rows),)
        Row weights; rows that hold no image count as 0.
    standardize : bool
        Whether to; otherwise the stage only scales.

    Raises
    ------
    ValueError
        If a set has no image among the training rows.
    """
    scale = pixel_scale(images.sets[0].dtype)
    mean, std = (np.full((len(images.sets), layout.image_shape[0]), value) for value in (0.0, 1.0))
    for i, (part, blank) in enumerate(zip(images.sets, images.blank, strict=True)):
        seen = weights if blank is None else weights * ~blank[rows]
        if standardize and not seen.any():
            tasks = [task for task, source in images.set_of.items() if source == i]
            raise ValueError(
                f"X has no image of the tasks {tasks!r} to standardise by (their rows are masked): start with images "
                "of every task, or set standardize=False."
            )
        if standardize:
            mean[i], std[i] = channel_statistics(part, layout, rows, seen, scale)
    return InputStage(scale, mean, std, len(layout.image_shape) - 1)


def channel_statistics(X, layout, rows, weights, scale):
    """Return the weighted mean and standard deviation of every channel, in scaled units.

    Parameters
    ----------
    X : Rows of shape (n_samples, ...)
        Read a part at a time.
    layout : ImageLayout
        What its axes mean.
    rows : ndarray of int
        The training rows.
    weights : ndarray of shape (len(rows),)
        Row weights: a row of weight 2 counts as two rows.
    scale : float
        Factor from raw pixels to the unit of the result.

    Returns
    -------
    mean, std : ndarray of shape (n_channels,)
        A constant channel has std 1.

    Raises
    ------
    ValueError
        If one of them is beyond the range of float32.

    References
    ----------
    Chan, Golub & LeVeque (1983), Algorithms for computing the sample variance, The American
    Statistician 37(3), eq. 2.1: merging the moments of two parts.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        total, mean, square = _moments(X, layout, rows, weights, scale)
    std = np.sqrt(square / total)
    if not max(np.abs(mean).max(), std.max()) < np.finfo(np.float32).max:
        raise ValueError(
            f"X has pixels too large to standardise: mean {mean.tolist()}, standard deviation {std.tolist()}. "
            "Rescale X, to values around 1 say."
        )
    return mean, np.where(std > 1e-12 * np.maximum(1, np.abs(mean)), std, 1.0)


def _moments(X, layout, rows, weights, scale):
    """Return the sum of weights, and every channel's mean and sum of squared deviations."""
    total, mean, square = 0.0, 0.0, 0.0
    for images, w in _parts(X, layout, rows, weights):
        images = images * scale
        axes = "xyz"[: images.ndim - 2]
        pixels = math.prod(images.shape[2:])
        size = w.sum() * pixels
        if size == 0:
            continue
        part_mean = np.einsum(f"n,nc{axes}->c", w, images) / size
        images -= part_mean.reshape(-1, *(1 for _ in axes))
        part_square = np.einsum(f"n,nc{axes}->c", w, np.square(images, out=images))
        delta = part_mean - mean
        square = square + part_square + delta**2 * (total * size / (total + size))
        mean = mean + delta * (size / (total + size))
        total += size
    return total, mean, square


def _parts(X, layout, rows, weights):
    """Yield (images in float64, weights) of a few rows at a time."""
    n_read = max(1, PART_BYTES // X.row_bytes)
    n_rows = max(1, PART_VALUES // math.prod(layout.folded_shape))
    picked = pick_rows(X, rows)
    for first in range(0, len(rows), n_read):
        read = picked.read(first, min(first + n_read, len(rows)))
        for start in range(0, len(read), n_rows):
            part = read[start : start + n_rows]
            part = part.double().cpu().numpy() if hasattr(part, "double") else part
            part = np.ascontiguousarray(part, dtype=np.float64)
            yield layout.images(part), np.array(weights[first + start : first + start + len(part)])
