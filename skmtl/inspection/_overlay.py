"""A map of signed values over the signal, image or volume it belongs to."""

import numpy as np

from ._draw_images import draw_images

__all__ = ["draw_map", "largest", "panel_size", "picture_for"]

# Neither blue nor red, which mean something.
LINES = ("0.15", "tab:green", "tab:purple", "tab:olive", "tab:brown")
FAINT = 0.45  # of the picture below: black becomes grey, on which both colours can be seen


def largest(values):
    """Return the largest absolute value, 1 where there is none but 0 and NaN."""
    size = np.abs(values[np.isfinite(values)])
    return float(size.max()) if size.size and size.max() > 0 else 1.0


def panel_size(shape, width=2.4):
    """Return width and height in inches of a panel for maps of this shape."""
    if len(shape) == 1:
        return width * 1.6, width * 0.9
    return width, width * min(max(shape[-2] / shape[-1], 0.3), 3) + 0.45


def picture_for(images, task, shape, name, n_axes=0):
    """Return the picture of a task, channels first, or None.

    Parameters
    ----------
    images : array-like, mapping task -> array-like, or None
        What the user gave; tasks that a mapping does not name have none.
    task : object
        The task.
    shape : tuple of int
        Of the maps.
    name : str
        The parameter's name, for the message.
    n_axes : int, default=0
        Axes of `shape` before those of a map.

    Returns
    -------
    ndarray of the given shape with channels as axis `n_axes`, or None
    """
    given = images.get(task) if isinstance(images, dict) else images
    if given is None:
        return None
    given = np.asarray(given, dtype=float)
    if given.shape == shape:
        return np.expand_dims(given, n_axes)
    if given.shape[:-1] == shape:
        return np.moveaxis(given, -1, n_axes)
    if given.shape[:n_axes] + given.shape[n_axes + 1 :] == shape:
        return given
    raise ValueError(
        f"{name} must have the shape {shape} of the maps, or an axis of channels beside those, first or last. "
        f"Got {given.shape} instead."
    )


def draw_map(ax, values, image, limit):
    """Draw a map, blue above 0 and red below, over a faint picture.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    values : ndarray of one to three axes
        Of a volume, the slice across the first axis with the largest sum of absolute values is drawn; of several
        such, as in a patch, the one in their middle.
    image : ndarray of shape (channels, ...), or None
        What the map belongs to: a line per channel of signals, otherwise the mean of the channels in grey, since
        colours would be taken for those of the map.
    limit : float
        Value of the deepest blue.

    Returns
    -------
    (AxesImage, str)
        The map; and which part of a volume it is.
    """
    part = ""
    if values.ndim == 3:
        sums = np.nansum(np.abs(values), axis=(1, 2))
        best = np.flatnonzero(sums == sums.max())
        index = int(best[(len(best) - 1) // 2])
        values, image, part = values[index], None if image is None else image[:, index], f"(slice {index})"
    colours = {"cmap": "RdBu", "vmin": -limit, "vmax": limit, "interpolation": "nearest"}
    if values.ndim == 1:
        return _draw_signal(ax, values, image, colours), part
    if image is not None:
        ax.imshow(image.mean(axis=0), cmap="gray", alpha=FAINT, interpolation="nearest")
        # Where nothing is read, the picture shows through.
        colours["alpha"] = np.clip(np.abs(np.nan_to_num(values)) / limit, 0, 1)
    stretched = max(values.shape) > 8 * min(values.shape)
    drawn = ax.imshow(values, aspect="auto" if stretched else "equal", **colours)
    ax.set_xticks([])
    ax.set_yticks([])
    return drawn, part


def _draw_signal(ax, values, image, colours):
    if image is not None:
        ax.set_prop_cycle(color=LINES)
        draw_images([ax], image[None])
        colours["alpha"] = 0.75  # the lines must be seen
    low, high = (0.0, 1.0) if image is None else ax.get_ylim()
    extent = (-0.5, len(values) - 0.5, low, high)
    drawn = ax.imshow(values[None], aspect="auto", extent=extent, origin="lower", **colours)
    ax.set_yticks([])
    return drawn
