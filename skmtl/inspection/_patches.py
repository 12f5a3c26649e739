"""Images cut into patches, in whatever the axes of X are."""

import math
from numbers import Integral

import numpy as np

from .._inputs import ImageLayout
from ..metrics._nested import nested

__all__ = ["PatchGrid", "find_layout"]


def find_layout(row_shape, estimator, image_shape, channel_axis, spatial_dims):
    """Return what the axes of X mean: what the user says, else what the estimator was fitted with, else a guess.

    Parameters
    ----------
    row_shape : tuple of int
        Of a row of X.
    estimator : estimator
        It, or the first one inside it that did, may have read its layout at fit, which counts if its rows have the
        same shape.
    image_shape, channel_axis, spatial_dims
        See ``patch_importance``.
    """
    layouts = (getattr(inner, "_layout", None) for inner, _ in nested(estimator, None))
    known = next((layout for layout in layouts if isinstance(layout, ImageLayout)), None)
    said = image_shape is not None or channel_axis != "auto" or spatial_dims is not None
    if not said and known is not None and known.row_shape == row_shape:
        return known
    return ImageLayout.infer(row_shape, image_shape, channel_axis, 2 if spatial_dims is None else spatial_dims)


class PatchGrid:
    """The patches of a layout, from the first to the last along every spatial axis.

    Parameters
    ----------
    layout : ImageLayout
        Of one image.
    patch : int or sequence of int
        Sizes of a patch along the spatial axes; the last one of an axis is what is left.
    """

    def __init__(self, layout, patch):
        self.layout = layout
        self.image_size = layout.image_shape[1:]
        self.patch = _sizes(patch, self.image_size)
        self.shape = tuple(math.ceil(s / p) for s, p in zip(self.image_size, self.patch, strict=True))

    def __len__(self):
        return math.prod(self.shape)

    def views(self, arrays, number):
        """Return a patch of all images, as views of shape (n_samples, ...) of the arrays: all of its channels."""
        place = np.unravel_index(number, self.shape)
        where = [slice(i * p, (i + 1) * p) for i, p in zip(place, self.patch, strict=True)]
        if self.layout.channel_axis is not None:
            where.insert(self.layout.channel_axis, slice(None))
        return [array.reshape(len(array), *self.layout.folded_shape)[(slice(None), *where)] for array in arrays]


def _sizes(patch, image_size):
    sizes = (patch,) * len(image_size) if isinstance(patch, Integral) else tuple(patch)
    positive = all(isinstance(s, Integral) and not isinstance(s, bool) and s >= 1 for s in sizes)
    if len(sizes) != len(image_size) or not positive:
        raise ValueError(
            "The 'patch' parameter of patch_importance must be an int >= 1, or a tuple of one for each of the "
            f"{len(image_size)} spatial axes of images of {' x '.join(map(str, image_size))}. Got {patch!r} instead."
        )
    return tuple(min(int(p), s) for p, s in zip(sizes, image_size, strict=True))
