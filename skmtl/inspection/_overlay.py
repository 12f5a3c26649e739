"""A map of signed values over the signal, image or volume it belongs to."""

import numpy as np

__all__ = ["draw_map", "grey_for", "largest", "panel_size"]

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


def grey_for(images, task, shape, name):
    """Return the grey picture of a task, checked, or None.

    Parameters
    ----------
    images : array-like, mapping task -> array-like, or None
        What the user gave; tasks that a mapping does not name have none.
    task : object
        The task.
    shape : tuple of int
        What is expected.
    name : str
        The parameter's name, for the message.
    """
    given = images.get(task) if isinstance(images, dict) else images
    if given is None:
        return None
    given = np.asarray(given, dtype=float)
    if given.shape != shape:
        raise ValueError(
            f"{name} must have the shape {shape} of the maps, without channels. Got {given.shape} instead: average "
            "the channels, X.mean(axis=-1) say."
        )
    return given


def draw_map(ax, values, image, limit):
    """Draw a map, blue above 0 and red below, over a faint picture.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    values : ndarray of one to three axes
        Of a volume, the slice across the first axis with the largest sum of absolute values is drawn.
    image : ndarray of the same shape, or None
        What the map belongs to.
    limit : float
        Value of the deepest blue.

    Returns
    -------
    (AxesImage, str)
        The map; and which part of a volume it is.
    """
    part = ""
    if values.ndim == 3:
        index = int(np.nansum(np.abs(values), axis=(1, 2)).argmax())
        values, image, part = values[index], None if image is None else image[index], f" (slice {index})"
    colours = {"cmap": "RdBu", "vmin": -limit, "vmax": limit, "interpolation": "nearest"}
    if values.ndim == 1:
        low, high = (0.0, 1.0) if image is None else _range(image)
        colours["alpha"] = 0.75  # the line must be seen
        extent = (-0.5, len(values) - 0.5, low, high)
        drawn = ax.imshow(values[None], aspect="auto", extent=extent, origin="lower", **colours)
        if image is not None:
            ax.plot(image, color="0.15", linewidth=1)
        ax.set_yticks([])
        return drawn, part
    if image is not None:
        ax.imshow(image, cmap="gray", alpha=FAINT, interpolation="nearest")
        # Where nothing is read, the picture shows through.
        colours["alpha"] = np.clip(np.abs(np.nan_to_num(values)) / limit, 0, 1)
    stretched = max(values.shape) > 8 * min(values.shape)
    drawn = ax.imshow(values, aspect="auto" if stretched else "equal", **colours)
    ax.set_xticks([])
    ax.set_yticks([])
    return drawn, part


def _range(signal):
    low, high = float(signal.min()), float(signal.max())
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin
