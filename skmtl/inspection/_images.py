"""Some images of an input, as the network sees them."""

import numpy as np

from .._inputs import ImageLayout
from .._rows import TaskImages, distinct_images, image_cells, read_rows, to_numpy
from ..metrics._nested import nested
from ..model_selection._task_subset import inputs_of, take_rows

__all__ = ["blank_rows", "images_of_model", "images_of_rows", "inner_model"]


def inner_model(estimator, X):
    """Return the model inside searches, pipelines and meta-estimators, and what it gets of `X`.

    Parameters
    ----------
    estimator : fitted classifier
        Whatever holds the model.
    X : array-like, or mapping task -> array-like
        Input of `estimator`; the steps of pipelines transform it.

    Returns
    -------
    model : estimator or None
        The first one that has `spatial_dims`, and so says what the axes of its input mean; None if none does.
    X : array-like, or mapping task -> array-like
        Its input.
    """
    seen = X
    for model, seen in nested(estimator, X):
        if hasattr(model, "spatial_dims"):
            return model, seen
    return None, seen


def images_of_model(estimator, X, rows, task, task_names):
    """Return what the model inside `estimator` sees of some rows of `X`, which alone are read.

    Parameters
    ----------
    estimator : fitted classifier
        Of images, signals or volumes.
    X : array-like, or mapping task -> array-like
        Its input.
    rows : ndarray of int
        Which rows, in this order.
    task : int
        Whose images, where tasks bring their own.
    task_names : list
        The tasks.

    Returns
    -------
    ndarray of shape (n_rows, channels, ...)
    """
    model, seen = inner_model(estimator, _taken(X, rows))
    names = ("image_shape", "channel_axis", "spatial_dims")
    layout = {} if model is None else {name: getattr(model, name) for name in names}
    return _images(seen, task, task_names, **layout)


def images_of_rows(X, rows, task, task_names, **layout):
    """Return some rows of `X`, which alone are read, as images.

    Parameters
    ----------
    X : array-like, or mapping task -> array-like
        Images in any layout.
    rows : ndarray of int
        Which rows, in this order.
    task : int
        Whose images, where tasks bring their own.
    task_names : list
        The tasks.
    **layout : dict
        ``image_shape``, ``channel_axis`` and ``spatial_dims``, as `ImageLayout.infer` takes them.

    Returns
    -------
    ndarray of shape (n_rows, channels, ...)
    """
    return _images(_taken(X, rows), task, task_names, **layout)


def blank_rows(X, task, task_names):
    """Return which rows of `X` are no image, being masked as a whole; None if there are none.

    Parameters
    ----------
    X : array-like, or mapping task -> array-like
        Images.
    task : int
        Whose images, where tasks bring their own.
    task_names : list
        The tasks.
    """
    seen = image_cells(X, task_names)
    return None if seen is None else seen[:, task] == 0


def _own(X, task, task_names):
    own = inputs_of(X, task_names, [task])
    return own if own is X else own[task_names[task]]


def _taken(X, rows):
    """Return some rows, read from where they lie."""
    found = distinct_images(X)
    if found is not None:
        tasks, values, set_of = found
        taken = [_taken(value, rows) for value in values]
        images = {name: taken[i] for name, i in zip(tasks, set_of, strict=True)}
        return TaskImages(images) if isinstance(X, TaskImages) else images
    stored = read_rows(X)
    return take_rows(X, rows) if stored is None else to_numpy(stored.take(rows), stored.dtype)


def _images(X, task, task_names, **layout):
    own = _own(X, task, task_names)
    rows = read_rows(own)
    values = np.asarray(own) if rows is None else to_numpy(rows.read(0, len(rows)), rows.dtype)
    return ImageLayout.infer(values.shape[1:], **layout).images(values)
