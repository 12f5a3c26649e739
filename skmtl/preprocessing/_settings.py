"""What decides the pixels that come of a file: the checked parameters of a reader."""

import math
from dataclasses import astuple, dataclass
from numbers import Integral

from PIL import Image, ImageFile
from PIL import __version__ as pillow_version

from .._resize import read_size
from .._validation import check_option

__all__ = ["MODES", "RESAMPLES", "RESIZES", "Settings"]

MODES = {"L": 1, "RGB": 3, "RGBA": 4}  # channels
RESIZES = ("crop", "pad", "stretch")
RESAMPLES = ("bicubic", "bilinear", "lanczos", "nearest")


@dataclass(frozen=True)
class Settings:
    """Parameters of an ImageReader that decide the pixels, checked.

    Attributes
    ----------
    size : tuple of int
        (height, width).
    mode, resize, resample : str
        As in ImageReader.
    fill : tuple of int
        One value per channel of `mode`.
    max_pixels : float
        Largest height times width of a file; infinity for no limit.
    """

    size: tuple
    mode: str
    resize: str
    resample: str
    fill: tuple
    max_pixels: float

    @property
    def shape(self):
        """Shape of the array of one image."""
        return self.size if self.mode == "L" else (*self.size, MODES[self.mode])

    @property
    def identity(self):
        """Bytes that differ wherever the same file may give other pixels."""
        # Pillow's decoders and filters change between versions; its switch turns truncated files into readable ones.
        return repr((astuple(self), pillow_version, ImageFile.LOAD_TRUNCATED_IMAGES)).encode()

    @classmethod
    def of(cls, reader):
        """Check the parameters of an ImageReader.

        Raises
        ------
        ValueError
            If one is none of what it may be.
        """
        mode = check_option("mode", reader.mode, MODES)
        check_option("on_error", reader.on_error, ("raise", "warn"))
        limit = reader.max_pixels or Image.MAX_IMAGE_PIXELS or math.inf
        return cls(
            size=_size(reader.size),
            mode=mode,
            resize=check_option("resize", reader.resize, RESIZES),
            resample=check_option("resample", reader.resample, RESAMPLES),
            fill=_fill(reader.fill, mode),
            max_pixels=limit,
        )


def _size(size):
    pair = read_size(size)
    if pair is not None:
        return pair
    raise ValueError(
        "size must be a positive int, for squares, or (height, width), two positive ints in NumPy's order, not "
        f"Pillow's. Got {size!r} instead."
    )


def _fill(fill, mode):
    if isinstance(fill, Integral):
        # Alpha 0: there is nothing in the picture here.
        fill = (fill, fill, fill, 0) if mode == "RGBA" else (fill,) * MODES[mode]
    values = tuple(fill)
    if len(values) == MODES[mode] and all(isinstance(v, Integral) and 0 <= v <= 255 for v in values):
        return tuple(int(v) for v in values)
    raise ValueError(
        f"fill must be an int from 0 to 255 or one such int per channel of mode={mode!r}, which has {MODES[mode]}. "
        f"Got {fill!r} instead."
    )
