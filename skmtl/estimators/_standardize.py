"""Per-channel statistics of the training images, one batch at a time."""

import numpy as np

__all__ = ["channel_statistics"]

BATCH = 1024


def channel_statistics(X, layout, rows, weights, scale):
    """Return the weighted mean and standard deviation of every channel, in scaled units.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
        Read a batch at a time.
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

    References
    ----------
    Chan, Golub & LeVeque (1983), Algorithms for computing the sample variance, The American
    Statistician 37(3), eq. 2.1: merging the moments of two parts.
    """
    total, mean, square = 0.0, 0.0, 0.0
    for start in range(0, len(rows), BATCH):
        w = weights[start : start + BATCH]
        images = layout.images(np.asarray(X[rows[start : start + BATCH]], dtype=np.float64)) * scale
        pixels = images.shape[2] * images.shape[3]
        size = w.sum() * pixels
        if size == 0:
            continue
        part_mean = np.einsum("n,nchw->c", w, images) / size
        part_square = np.einsum("n,nchw->c", w, (images - part_mean[:, None, None]) ** 2)
        delta = part_mean - mean
        square = square + part_square + delta**2 * (total * size / (total + size))
        mean = mean + delta * (size / (total + size))
        total += size
    std = np.sqrt(square / total)
    return mean, np.where(std > 1e-12 * np.maximum(1, np.abs(mean)), std, 1.0)
