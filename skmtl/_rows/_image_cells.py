"""Which tasks have an image in which rows."""

import numpy as np

from .._validation import values_per_task
from ._blank import split_blank
from ._task_rows import distinct_images

__all__ = ["image_cells"]


def image_cells(X, task_names):
    """Return 1 where a task has an image and 0 where it has none, (n_samples, n_tasks); None if all have one.

    Parameters
    ----------
    X : array-like, or mapping task -> array-like
        As `read_images` takes it.
    task_names : list
        The tasks.
    """
    found = distinct_images(X)
    tasks, values, set_of = found or (task_names, [X], [0] * len(task_names))
    blank = [split_blank(images)[1] for images in values]
    if not any(mask is not None for mask in blank):
        return None
    n_samples = next(len(mask) for mask in blank if mask is not None)
    blank = [np.zeros(n_samples, bool) if mask is None else mask for mask in blank]
    order = values_per_task("X", dict(zip(tasks, set_of, strict=True)), task_names, complete=True)
    return np.column_stack([~blank[i] for i in order]).astype(np.float64)
