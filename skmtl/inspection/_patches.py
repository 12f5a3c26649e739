"""Images cut into patches, in whatever the axes of X are."""

import math
from dataclasses import dataclass
from numbers import Integral

import numpy as np
import pandas as pd

from .._inputs import ImageLayout
from .._rows import distinct_images, read_rows, to_numpy
from ..metrics._responses import fitted_attribute

__all__ = ["ImageSets", "PatchGrid", "find_layout", "image_rows", "read_sets"]


@dataclass(frozen=True)
class ImageSets:
    """Copies of the images that are scored, one array for every set of them.

    Attributes
    ----------
    arrays : list of ndarray of shape (n_samples, ...)
        The images, writable.
    set_of : dict task -> int, or None
        The set of every task; None for one set of all.
    columns : list or None
        Column names of a data frame.
    """

    arrays: list
    set_of: dict | None
    columns: list | None

    def copied(self):
        """Return the same with arrays of one's own."""
        return ImageSets([array.copy() for array in self.arrays], self.set_of, self.columns)

    @property
    def X(self):
        """What the estimator takes: the arrays, not copies of them."""
        if self.set_of is not None:
            return {task: self.arrays[i] for task, i in self.set_of.items()}
        if self.columns is not None:
            return pd.DataFrame(self.arrays[0], columns=self.columns, copy=False)
        return self.arrays[0]


def image_rows(X):
    """Return the rows of every set of images in `X`, of one shape, read where they lie.

    Parameters
    ----------
    X : array-like, or mapping task -> array-like
        Images.

    Returns
    -------
    list of Rows
    """
    tasks, values, set_of = distinct_images(X) or ([None], [X], [0])
    names = [tasks[set_of.index(i)] for i in range(len(values))]
    rows = [_rows(v, "X" if name is None else f"X[{name!r}]") for v, name in zip(values, names, strict=True)]
    shapes = sorted({part.shape for part in rows})
    if len(shapes) > 1:
        raise ValueError(
            f"X has images of different shapes or numbers, {shapes!r}: a patch is at the same place in the images of "
            "all tasks, so resize them to one shape."
        )
    return rows


def read_sets(X, rows, indices):
    """Return copies of some images.

    Parameters
    ----------
    X : array-like, or mapping task -> array-like
        What the copies stand for.
    rows : list of Rows
        From `image_rows`.
    indices : ndarray of int
        Which.
    """
    # Rows of tensors become arrays: every estimator takes those.
    arrays = [np.ascontiguousarray(to_numpy(part.take(indices), part.dtype)) for part in rows]
    found = distinct_images(X)
    if found is None:
        return ImageSets(arrays, None, list(X.columns) if hasattr(X, "columns") else None)
    return ImageSets(arrays, dict(zip(found[0], found[2], strict=True)), None)


def _rows(images, name):
    if np.ma.is_masked(images):
        raise ValueError(f"{name} has masked values: pass the rows that have an image, and fill the others.")
    rows = read_rows(images)
    rows = read_rows(np.asarray(images)) if rows is None else rows
    if rows is None or rows.dtype.kind not in "biuf" or len(rows.shape) < 2:
        found = type(images).__name__ if rows is None else f"{rows.dtype} of shape {rows.shape}"
        raise ValueError(
            f"{name} must hold the pixels of images, numbers in an array of shape (n_samples, ...). Got {found} "
            "instead: read image files into arrays first, or pass what a pipeline's earlier steps return."
        )
    return rows


def find_layout(row_shape, estimator, image_shape, channel_axis, spatial_dims):
    """Return what the axes of X mean: what the user says, else what the estimator was fitted with, else a guess.

    Parameters
    ----------
    row_shape : tuple of int
        Of a row of X.
    estimator : estimator
        May have read its layout at fit; that of a pipeline's last step counts if its rows have the same shape.
    image_shape, channel_axis, spatial_dims
        See ``patch_importance``.
    """
    known = fitted_attribute(estimator, "_layout")
    said = image_shape is not None or channel_axis != "auto" or spatial_dims is not None
    if not said and isinstance(known, ImageLayout) and known.row_shape == row_shape:
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
