"""What the axes of X mean, decided once and remembered."""

import math
from dataclasses import dataclass
from numbers import Integral

import numpy as np

__all__ = ["ImageLayout", "pixel_scale"]

MOST_CHANNELS = 4  # grey, grey + alpha, RGB, RGBA


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
    """

    row_shape: tuple
    folded_shape: tuple
    channel_axis: int | None

    @property
    def image_shape(self):
        """Shape of one image as the network sees it: (channels, height, width)."""
        if self.channel_axis is None:
            return (1, *self.folded_shape)
        size = list(self.folded_shape)
        return (size.pop(self.channel_axis), *size)

    def images(self, batch):
        """Return a batch as (n, channels, height, width); works on arrays and tensors."""
        batch = batch.reshape((len(batch), *self.folded_shape))
        if self.channel_axis is None:
            return batch[:, None]
        axes = [1, 2, 3]
        channel = axes.pop(self.channel_axis)
        order = (0, channel, *axes)
        return batch.permute(order) if hasattr(batch, "permute") else batch.transpose(order)

    def check(self, X):
        """Raise ValueError unless the rows of X have the shape seen at fit."""
        if X.shape[1:] != self.row_shape:
            raise ValueError(
                f"X has rows of shape {X.shape[1:]}, but the model was fitted on rows of shape {self.row_shape}: "
                "resize the images to the training size, or fit again."
            )

    @classmethod
    def infer(cls, row_shape, image_shape=None, channel_axis="auto"):
        """Decide what the axes of X mean.

        Parameters
        ----------
        row_shape : tuple of int
            ``X.shape[1:]``.
        image_shape : tuple of int, default=None
            How a 1-D row folds; without it a row is an image of one line.
        channel_axis : {"auto"}, int or None
            Channel axis of X, after folding, counted with the samples axis 0.
        """
        row_shape = tuple(int(s) for s in row_shape)
        folded = cls._fold(row_shape, image_shape)
        return cls(row_shape, folded, cls._find_channels(folded, channel_axis))

    @staticmethod
    def _fold(row_shape, image_shape):
        if image_shape is None:
            return (1, *row_shape) if len(row_shape) == 1 else row_shape
        shape = tuple(image_shape)
        if len(shape) not in (2, 3) or not all(isinstance(s, Integral) and s > 0 for s in shape):
            raise ValueError(
                "image_shape must be None or a tuple of two or three positive ints, such as (28, 28) or (28, 28, 3). "
                f"Got {image_shape!r} instead."
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
    def _find_channels(folded, channel_axis):
        n_axes = len(folded) + 1
        found = f"X of shape (n_samples, {', '.join(map(str, folded))})"
        if n_axes not in (3, 4):
            raise ValueError(
                f"X must have shape (n, n_features), (n, H, W), (n, H, W, C) or (n, C, H, W). Got {found} instead."
            )
        if min(folded) < 1:
            raise ValueError(f"{found} has images without pixels: every axis needs at least one.")
        if isinstance(channel_axis, (str, bool, float)):
            if channel_axis != "auto":
                raise ValueError(f"channel_axis must be 'auto', an int or None. Got {channel_axis!r} instead.")
            return None if n_axes == 3 else _guess_channels(folded, found)
        if channel_axis is None:
            if n_axes == 3:
                return None
            raise ValueError(f"channel_axis=None means grey images (n, H, W), but got {found}: name the channel axis.")
        if n_axes == 3:
            raise ValueError(f"channel_axis={channel_axis}, but {found} has no axis to spare: use channel_axis=None.")
        axis = channel_axis % n_axes if -n_axes <= channel_axis < n_axes else 0
        if axis == 0:
            raise ValueError(f"channel_axis={channel_axis} is not an axis of the images in {found}: use 1, 2, 3 or -1.")
        return int(axis) - 1


def _guess_channels(folded, found):
    first, last = folded[0] <= MOST_CHANNELS, folded[-1] <= MOST_CHANNELS
    if first == last:
        why = "both readings fit" if first else f"neither reading has at most {MOST_CHANNELS} channels"
        raise ValueError(
            f"{found} is ambiguous: {why}: channels first (channel_axis=1, {folded[0]} channels of "
            f"{folded[1]} x {folded[2]}) or channels last (channel_axis=-1, {folded[2]} channels of "
            f"{folded[0]} x {folded[1]}). Set channel_axis."
        )
    return 0 if first else 2


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
