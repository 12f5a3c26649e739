"""Images, signals and volumes on axes."""

import numpy as np

__all__ = ["draw_images"]


def draw_images(axes, images):
    """Draw an image into each of some axes, all in the same grey levels or on the same scale.

    Parameters
    ----------
    axes : sequence of matplotlib Axes
        One per image.
    images : ndarray of shape (n_images, channels, ...)
        Signals and images of one line are drawn as a line per channel, of volumes the middle slice. Three channels
        are red, green and blue, four have alpha too; of other numbers the first one is drawn in grey.
    """
    images = np.asarray(images)
    if images.ndim == 5:
        images = images[:, :, images.shape[2] // 2]
    if images.ndim == 4 and images.shape[2] == 1:
        images = images[:, :, 0]
    draw = _draw_signals if images.ndim == 3 else _draw_pictures
    draw(axes, images)


def _draw_signals(axes, signals):
    low, high = _range(signals)
    margin = 0.05 * (high - low)
    for ax, signal in zip(axes, signals, strict=True):
        ax.plot(np.asarray(signal, dtype=float).T, linewidth=1)
        ax.set_ylim(low - margin, high + margin)
        ax.tick_params(labelsize=7)


def _draw_pictures(axes, images):
    n_channels = images.shape[1]
    if n_channels in (3, 4):
        style = {}
        images = _as_colours(np.moveaxis(images, 1, -1))
    else:
        images = np.asarray(images[:, 0], dtype=float)
        low, high = _range(images)
        style = {"cmap": "gray", "vmin": low, "vmax": high}
    for ax, image in zip(axes, images, strict=True):
        ax.imshow(image, **style)
        ax.set(xticks=[], yticks=[])


def _as_colours(images):
    """Return images that matplotlib draws as they are: bytes, or values from 0 to 1."""
    if images.dtype == np.uint8:
        return images
    images = images.astype(float)
    low, high = _range(images)
    return images if low >= 0 and high <= 1 else (images - low) / (high - low)


def _range(values):
    """Return two different values with all others between them."""
    low, high = float(values.min()), float(values.max())
    return (low, high) if low < high else (low, low + 1)
