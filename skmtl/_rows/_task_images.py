"""Images of several tasks, one set per task, that scikit-learn splits as one."""

from collections.abc import Mapping

import numpy as np

from .._validation import did_you_mean
from ._keys import row_indices
from ._lazy import LazyRows
from ._read import read_rows
from ._task_rows import distinct_images

__all__ = ["TaskImages"]


class TaskImages:
    """An input per task: a mapping task -> images whose rows are picked together.

    scikit-learn cannot split a plain ``dict`` of images; it splits this, in ``cross_val_score``,
    ``GridSearchCV``, ``train_test_split`` and pipelines. Row i holds one image for every task. Splits
    hold row numbers and copy no image.

    Parameters
    ----------
    images : mapping
        Task -> images of shape (n_rows, ...): what `LazyRows` takes, LazyRows, or a list or frame of
        numbers. All with the same number of rows; the other axes are each task's own. Tasks given the
        same object share it, here and in every split and copy. Rows of a masked array that are masked as
        a whole are no images, whose labels do not count. Read, never changed.

    Attributes
    ----------
    tasks : list
        The keys of `images`, in order.
    images : dict
        Task -> LazyRows, of the rows that are here.
    shape : tuple of int
        (n_rows,).
    ndim : int
        1.

    Raises
    ------
    TypeError
        If `images` is no mapping, or one of its values does not hold numbers in rows.
    ValueError
        If `images` is empty, or its values differ in their number of rows, are ragged or have rows
        masked in part.

    Notes
    -----
    ``X[key]`` is another TaskImages for a slice, a list, an array of ints or a mask, and a dict
    task -> image for an int. It pickles as LazyRows does.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import train_test_split
    >>> from skmtl.datasets import TaskImages
    >>> digits, clothes = np.zeros((16, 8, 8)), np.ones((16, 8, 8))
    >>> X = TaskImages({"digit": digits, "fashion": clothes})
    >>> X_train, X_test = train_test_split(X, random_state=0)
    >>> X_test
    TaskImages(n_rows=4, 'digit': (8, 8) float64, 'fashion': (8, 8) float64)
    >>> X_test.images["fashion"]
    LazyRows(shape=(4, 8, 8), dtype=float64, storage=ndarray)
    """

    def __init__(self, images):
        if not isinstance(images, (Mapping, TaskImages)):
            raise TypeError(
                "TaskImages needs a mapping task -> images, as in TaskImages({'age': X1, 'mood': X2}). "
                f"Got {type(images).__name__} instead."
            )
        self._tasks, values, self._input_of = distinct_images(images, "images")
        names = [self._tasks[self._input_of.index(i)] for i in range(len(values))]
        self._inputs = [_wrapped(value, name) for value, name in zip(values, names, strict=True)]
        for name, rows in zip(names, self._inputs, strict=True):
            if len(rows) != len(self):
                raise ValueError(
                    f"images[{names[0]!r}] has {len(self)} rows, images[{name!r}] {len(rows)}: pass one image per "
                    "task and row."
                )

    def _task_inputs(self):
        return list(self._tasks), list(self._inputs), list(self._input_of)

    @property
    def tasks(self):
        """The tasks, in order."""
        return list(self._tasks)

    @property
    def images(self):
        """The images of every task."""
        return {task: self._inputs[i] for task, i in zip(self._tasks, self._input_of, strict=True)}

    @property
    def shape(self):
        """Number of rows."""
        return (len(self),)

    @property
    def ndim(self):
        """Number of axes: rows only, since tasks may have images of different shapes."""
        return 1

    def __len__(self):
        return len(self._inputs[0])

    def __getitem__(self, key):
        if isinstance(key, str):
            near = "" if key in self._tasks else did_you_mean(key, self._tasks)
            raise IndexError(f"TaskImages picks rows; the images of a task are X.images[{key!r}].{near}")
        picked = row_indices(key, len(self), "TaskImages")
        if isinstance(picked, int):
            read = [rows[picked] for rows in self._inputs]
        else:
            read = [LazyRows(rows, picked) for rows in self._inputs]
        images = {task: read[i] for task, i in zip(self._tasks, self._input_of, strict=True)}
        return images if isinstance(picked, int) else TaskImages(images)

    def __array__(self, dtype=None, copy=None):
        # NumPy would read everything, into an array of dictionaries.
        raise TypeError(f"TaskImages holds images of several tasks, not one array: use X.images[{self._tasks[0]!r}].")

    def __repr__(self):
        shapes = (f"{task!r}: {rows.shape[1:]} {rows.dtype}" for task, rows in self.images.items())
        return f"TaskImages(n_rows={len(self)}, {', '.join(shapes)})"


def _wrapped(value, name):
    readable = value
    try:
        # A masked array becomes LazyRows with its mask, anything else that cannot be read from where it lies an array.
        if read_rows(value) is None and not isinstance(value, np.ma.MaskedArray):
            readable = np.asarray(value)
        return LazyRows(readable)
    except ValueError as error:
        raise ValueError(f"images[{name!r}] cannot be read: {error}") from error
    except TypeError as error:
        found = type(value).__name__
        if isinstance(readable, np.ndarray) and readable.shape:
            found = f"an array of {readable.dtype} of shape {readable.shape}"
        raise TypeError(
            f"images[{name!r}] must hold numbers, the pixel values, in an array whose first axis picks images. "
            f"Got {found} instead."
        ) from error
