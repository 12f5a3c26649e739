"""From image files to arrays of pixels, as the first step of a pipeline."""

from ._image_reader import ImageReader

__all__ = ["ImageReader"]
