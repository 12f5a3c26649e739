"""Images of any layout -> one size, one number of channels, one place for them."""

from dataclasses import dataclass

import numpy as np

from .._inputs import ImageLayout
from .._resize import resize_images

__all__ = ["MODES", "ImageForm", "find_channels"]

MODES = {"L": 1, "RGB": 3}
# ITU-R BT.601, in the 65536ths of Pillow's convert("L") for bytes.
LUMA = (0.299, 0.587, 0.114)
LUMA_BYTES = (19595, 38470, 7471)


def find_channels(shape, mode, channel_axis):
    """Return the channel axis of an image, or None for a grey one that has none.

    Parameters
    ----------
    shape : tuple of int
        Shape of one image.
    mode : {"L", "RGB"} or None
        What its channels are to become.
    channel_axis : {"auto"}, int or None
        Counted with the samples axis 0; for images of three axes only.

    Raises
    ------
    ValueError
        If this is no image, its channels cannot be told or `mode` cannot be made of them.
    """
    if len(shape) not in (2, 3):
        raise ValueError(
            f"X has shape (n_samples, {', '.join(map(str, shape))}), but size and mode are for images (n, H, W), "
            "(n, H, W, C) or (n, C, H, W): reshape X, or leave both out and bring the parts to one shape yourself."
        )
    axis = ImageLayout.infer(shape, None, channel_axis if len(shape) == 3 else None).channel_axis
    if mode is not None and axis is not None and shape[axis] not in MODES.values():
        raise ValueError(
            f"X has images of {shape[axis]} channels, but mode={mode!r} is made of grey (1) or RGB (3) only: drop "
            "the other channels first, or blend those with alpha into a ground."
        )
    return axis


@dataclass(frozen=True)
class ImageForm:
    """What all images are to look like.

    Attributes
    ----------
    size : (height, width) or None
        None leaves it.
    mode : {"L", "RGB"} or None
        None leaves the channels.
    axis : int
        Where images get their channels, if they have any: 0 or 2.
    """

    size: tuple | None
    mode: str | None
    axis: int

    def shape(self, shape, axis):
        """Return the shape that an image of `shape`, with channels on `axis`, gets."""
        height_width = [s for i, s in enumerate(shape) if i != axis]
        n_channels = None if axis is None else shape[axis]
        if self.mode is not None:
            n_channels = None if self.mode == "L" else MODES[self.mode]
        converted = list(self.size or height_width)
        if n_channels is not None:
            converted.insert(self.axis, n_channels)
        return tuple(converted)

    def convert(self, images, axis):
        """Return images, with channels on `axis` of each, in this form; views where nothing changes."""
        shape = self.shape(images.shape[1:], axis)
        pixels = images[..., None] if axis is None else np.moveaxis(images, axis + 1, -1)
        if self.mode == "L" and pixels.shape[-1] == MODES["RGB"]:
            pixels = _to_grey(pixels)
        if self.size is not None:
            pixels = resize_images(pixels, self.size)
        if len(shape) == 2:
            return pixels[..., 0]
        # Grey becomes RGB here, by repetition.
        return np.broadcast_to(np.moveaxis(pixels, -1, self.axis + 1), (len(images), *shape))


def _to_grey(pixels):
    if pixels.dtype == np.uint8:
        grey = (pixels @ np.array(LUMA_BYTES, np.uint32) + 2**15) >> 16
    else:
        grey = pixels @ np.array(LUMA, np.result_type(pixels.dtype, np.float32))
        grey = grey if pixels.dtype.kind == "f" else np.rint(grey)
    return grey.astype(pixels.dtype)[..., None]
