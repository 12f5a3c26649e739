"""What the axes of X mean, decided once and remembered."""

import math
from dataclasses import dataclass
from numbers import Integral

import numpy as np

__all__ = ["ImageLayout", "pixel_scale"]

MOST_CHANNELS = 4  # grey, grey + alpha, RGB, RGBA
LONGER = 4  # signals have fewer sensors than moments, by this factor at least if nobody says so
SHAPES = {
    1: "(n, length), (n, channels, length) or (n, length, channels)",
    2: "(n, n_features), (n, H, W), (n, H, W, C) or (n, C, H, W)",
    3: "(n, D, H, W), (n, C, D, H, W) or (n, D, H, W, C)",
}
PLAIN = {1: "signals of one channel (n, length)", 2: "grey images (n, H, W)", 3: "grey volumes (n, D, H, W)"}
FOLDS = {1: "(100,) or (3, 100)", 2: "(28, 28) or (28, 28, 3)", 3: "(16, 16, 16) or (16, 16, 16, 2)"}


@dataclass(frozen=True)
class ImageLayout:
    """How a row of X becomes an image.

    It never touches the data set: ``images`` reshapes one batch at a time, by views.

    Attributes
    ----------
    row_shape : tuple of int
        Shape of a row of X; checked at predict.
    folded_shape : tuple of int
        Shape of the row once folded into an image.
    channel_axis : int or None
        Channel axis in ``folded_shape``, counted from 0; None for grey images.
    n_inputs : int or None
        Images in a row, where tasks bring their own: batches are then (n, n_inputs, ...).
    """

    row_shape: tuple
    folded_shape: tuple
    channel_axis: int | None
    n_inputs: int | None = None

    @property
    def image_shape(self):
        """Shape of one image as the network sees it: (channels, height, width), or other spatial axes."""
        if self.channel_axis is None:
            return (1, *self.folded_shape)
        size = list(self.folded_shape)
        return (size.pop(self.channel_axis), *size)

    def images(self, batch):
        """Return a batch as (n, channels, ...), or (n, n_inputs, channels, ...); works on arrays and tensors."""
        n_rows = len(batch)
        batch = batch.reshape((n_rows * (self.n_inputs or 1), *self.folded_shape))
        if self.channel_axis is None:
            batch = batch[:, None]
        else:
            axes = list(range(1, len(self.folded_shape) + 1))
            order = (0, axes.pop(self.channel_axis), *axes)
            batch = batch.permute(order) if hasattr(batch, "permute") else batch.transpose(order)
        return batch if self.n_inputs is None else batch.reshape((n_rows, self.n_inputs, *batch.shape[1:]))

    def check(self, X):
        """Raise ValueError unless the rows of X have the shape seen at fit."""
        if X.shape[1:] != self.row_shape:
            raise ValueError(
                f"X has rows of shape {X.shape[1:]}, but the model was fitted on rows of shape {self.row_shape}: "
                "resize the images to the training size, or fit again."
            )

    @classmethod
    def infer(cls, row_shape, image_shape=None, channel_axis="auto", spatial_dims=2):
        """Decide what the axes of X mean.

        Parameters
        ----------
        row_shape : tuple of int
            ``X.shape[1:]``.
        image_shape : tuple of int, default=None
            How a 1-D row folds; without it a row is a signal, or an image of one line.
        channel_axis : {"auto"}, int or None
            Channel axis of X, after folding, counted with the samples axis 0.
        spatial_dims : {1, 2, 3}, default=2
            Axes of one channel: signals, images, volumes.
        """
        if isinstance(spatial_dims, bool) or spatial_dims not in SHAPES:
            raise ValueError(
                f"spatial_dims must be 1 (signals), 2 (images) or 3 (volumes). Got {spatial_dims!r} instead."
            )
        row_shape = tuple(int(s) for s in row_shape)
        folded = cls._fold(row_shape, image_shape, spatial_dims)
        return cls(row_shape, folded, cls._find_channels(folded, channel_axis, spatial_dims))

    @staticmethod
    def _fold(row_shape, image_shape, spatial_dims):
        if image_shape is None:
            # Tables are images of one line, so that whatever scikit-learn has can be tried.
            return (1, *row_shape) if len(row_shape) == 1 and spatial_dims == 2 else row_shape
        shape = tuple(image_shape)
        sizes = all(isinstance(s, Integral) and not isinstance(s, bool) and s > 0 for s in shape)
        if len(shape) not in (spatial_dims, spatial_dims + 1) or not sizes:
            raise ValueError(
                f"image_shape must be None or a tuple of {spatial_dims} or {spatial_dims + 1} positive ints, such as "
                f"{FOLDS[spatial_dims]}, for spatial_dims={spatial_dims}. Got {image_shape!r} instead."
            )
        shape = tuple(int(s) for s in shape)
        if len(row_shape) == 1 and math.prod(shape) != row_shape[0]:
            raise ValueError(
                f"image_shape={shape} needs rows of {math.prod(shape)} values, but X has {row_shape[0]} columns."
            )
        if len(row_shape) > 1 and shape != row_shape:
            raise ValueError(f"image_shape={shape}, but X already has images of shape {row_shape}: drop image_shape.")
        return shape

    @staticmethod
    def _find_channels(folded, channel_axis, spatial_dims):
        n_axes, plain = len(folded) + 1, spatial_dims + 1
        found = f"X of shape (n_samples, {', '.join(map(str, folded))})"
        if n_axes not in (plain, plain + 1):
            raise ValueError(
                f"X must have shape {SHAPES[spatial_dims]}. Got {found} instead, for spatial_dims={spatial_dims}."
                f"{_other_dims(n_axes)}"
            )
        if min(folded) < 1:
            raise ValueError(f"{found} has images without pixels: every axis needs at least one.")
        if isinstance(channel_axis, (str, bool, float)):
            if channel_axis != "auto":
                raise ValueError(f"channel_axis must be 'auto', an int or None. Got {channel_axis!r} instead.")
            return None if n_axes == plain else _guess_channels(folded, found)
        if channel_axis is None:
            if n_axes == plain:
                return None
            raise ValueError(f"channel_axis=None means {PLAIN[spatial_dims]}, but got {found}: name the channel axis.")
        if n_axes == plain:
            raise ValueError(f"channel_axis={channel_axis}, but {found} has no axis to spare: use channel_axis=None.")
        axis = channel_axis % n_axes if -n_axes <= channel_axis < n_axes else 0
        if axis == 0:
            raise ValueError(
                f"channel_axis={channel_axis} is not an axis of the images in {found}: use "
                f"{', '.join(map(str, range(1, n_axes)))} or -1."
            )
        return int(axis) - 1


def _other_dims(n_axes):
    if n_axes == 2:
        return " Say how a row folds with image_shape, or set spatial_dims=1."
    others = [d for d in SHAPES if n_axes in (d + 1, d + 2)]
    return f" Set spatial_dims={' or '.join(map(str, others))}, or reshape X." if others else ""


def _guess_channels(folded, found):
    if len(folded) == 2:
        first, last = LONGER * folded[0] <= folded[1], LONGER * folded[1] <= folded[0]
        why = f"neither axis is {LONGER} times as long as the other"
    else:
        first, last = folded[0] <= MOST_CHANNELS, folded[-1] <= MOST_CHANNELS
        why = "both readings fit" if first else f"neither reading has at most {MOST_CHANNELS} channels"
    if first == last:
        raise ValueError(
            f"{found} is ambiguous: {why}: channels first (channel_axis=1, {folded[0]} channels of "
            f"{' x '.join(map(str, folded[1:]))}) or channels last (channel_axis=-1, {folded[-1]} channels of "
            f"{' x '.join(map(str, folded[:-1]))}). Set channel_axis"
            f"{', or spatial_dims=3 for grey volumes' if len(folded) == 3 else ''}."
        )
    return 0 if first else len(folded) - 1


def pixel_scale(dtype):
    """Return the factor that takes 8- and 16-bit pixels to [0, 1] ([-1, 1] if signed), else 1.

    Wider integers are rarely intensities, and their range would leave nothing of the values.

    Examples
    --------
    >>> pixel_scale("uint8") * 255, pixel_scale("float64")
    (1.0, 1.0)
    """
    dtype = np.dtype(dtype)
    return 1 / np.iinfo(dtype).max if dtype.kind in "iu" and dtype.itemsize <= 2 else 1.0
