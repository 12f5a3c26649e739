"""The images of all tasks as rows of arrays, and copies of some of them that may be changed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .._rows import distinct_images, read_rows, to_numpy

__all__ = ["ImageSets", "image_rows", "read_sets"]


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
