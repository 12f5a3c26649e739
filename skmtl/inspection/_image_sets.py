"""The images of all tasks as rows of arrays, and copies of some of them that may be changed."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from .._rows import TaskImages, distinct_images, read_rows, split_blank, to_numpy, with_blank

__all__ = ["ImageSets", "blank_of", "holds_images", "image_rows", "read_sets"]


@dataclass(frozen=True)
class ImageSets:
    """Copies of the images that are scored, one array for every set of them.

    Attributes
    ----------
    arrays : list of ndarray of shape (n_samples, ...)
        The images, writable.
    blank : list of (ndarray of bool of shape (n_samples,) or None)
        For every array, the rows that are no image.
    set_of : dict task -> int, or None
        The set of every task; None for one set of all.
    columns : list or None
        Column names of a data frame.
    kind : type
        Of the mapping that the estimator takes.
    """

    arrays: list
    blank: list
    set_of: dict | None = None
    columns: list | None = None
    kind: type = dict

    def copied(self):
        """Return the same with arrays of one's own."""
        return replace(self, arrays=[array.copy() for array in self.arrays])

    def exchange(self, views, pixels, order):
        """Write the pixels of other images into those of every image; no image takes any from a row that is none.

        Parameters
        ----------
        views : list of ndarray of shape (n_samples, ...)
            A part of every array, written to.
        pixels : list of ndarray of shape (n_samples, ...)
            What was there, in the order of the images.
        order : ndarray of int, of shape (n_samples,)
            From which image each takes its pixels, of all rows; of fewer, in the same order.
        """
        for view, own, blank in zip(views, pixels, self.blank, strict=True):
            if blank is None:
                view[...] = own[order]
            else:
                view[~blank] = own[order[~blank[order]]]

    @property
    def X(self):
        """What the estimator takes: the arrays, not copies of them, with rows masked that are no image."""
        if self.set_of is not None:
            images = [with_blank(array, blank) for array, blank in zip(self.arrays, self.blank, strict=True)]
            return self.kind({task: images[i] for task, i in self.set_of.items()})
        if self.columns is not None:
            return pd.DataFrame(self.arrays[0], columns=self.columns, copy=False)
        return with_blank(self.arrays[0], self.blank[0])


def holds_images(X):
    """Return whether `X`, or every value of a mapping, is pixels: numbers in an array of two axes or more."""
    found = distinct_images(X)
    return all(_pixels(images) is not None for images in ([X] if found is None else found[1]))


def blank_of(X):
    """Return for every set of images in `X` which rows are no image, None if all of them are one."""
    found = distinct_images(X)
    return [split_blank(images)[1] for images in ([X] if found is None else found[1])]


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
    blank = [None if mask is None or not mask[indices].any() else mask[indices] for mask in blank_of(X)]
    # Rows of tensors become arrays: every estimator takes those.
    arrays = [np.ascontiguousarray(to_numpy(part.take(indices), part.dtype)) for part in rows]
    found = distinct_images(X)
    if found is None:
        return ImageSets(arrays, blank, columns=list(X.columns) if hasattr(X, "columns") else None)
    kind = TaskImages if isinstance(X, TaskImages) else dict
    return ImageSets(arrays, blank, dict(zip(found[0], found[2], strict=True)), kind=kind)


def _pixels(images):
    rows = read_rows(images)
    if rows is None:
        try:
            rows = read_rows(np.asarray(split_blank(images)[0]))
        except ValueError:
            return None  # ragged
    return rows if rows is not None and rows.dtype.kind in "biuf" and len(rows.shape) > 1 else None


def _rows(images, name):
    if np.ma.is_masked(images) and split_blank(images)[1] is None:
        raise ValueError(
            f"{name} has {np.ma.count_masked(images)} masked values, not all in rows that are masked as a whole: fill "
            f"them, with .filled(0), or mask the whole row of what is no image."
        )
    rows = _pixels(images)
    if rows is None:
        found = f"{images.dtype} of shape {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
        raise ValueError(
            f"{name} must hold the pixels of images, numbers in an array of shape (n_samples, ...). Got {found} "
            "instead: read image files into arrays first, or pass a pipeline that does, begun by ImageReader."
        )
    return rows
