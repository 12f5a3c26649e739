"""Label columns <-> integer codes."""

import numpy as np

from .._validation import did_you_mean
from ._columns import read_targets
from ._labels import check_labels

__all__ = ["MISSING", "TargetEncoder"]

PART = 2**20

MISSING = -1


class TargetEncoder:
    """Label columns <-> codes; owns the classes, the task names and the dtype of predictions.

    Attributes
    ----------
    classes_ : list of ndarray
        Sorted labels of every task.
    task_names_ : list
        Task names.
    named_ : bool
        Whether these are the user's own.
    one_dimensional_ : bool
        Whether the target was 1-D, so that predictions are too.
    orders_ : list of (list or None)
        For every task, its levels from the lowest to the highest, if the labels came with an order.

    Examples
    --------
    >>> import numpy as np
    >>> encoder = TargetEncoder().fit(read_targets([["a", 7], ["b", None], ["a", 9]]))
    >>> encoder.encode(read_targets([["b", 7], [None, 9]]))
    array([[ 1,  0],
           [-1,  1]])
    >>> encoder.decode(np.array([[1, 0]]))
    array([['b', 7]], dtype=object)
    """

    def fit(self, targets, classes=None):
        """Learn each task's classes from `targets`, or take the given ones.

        Parameters
        ----------
        targets : Targets
            The labels.
        classes : list of array-like, default=None
            The classes of every task, where they are known beforehand (``partial_fit``).
        """
        self.task_names_ = targets.names
        self.named_ = targets.named
        self.one_dimensional_ = targets.one_dimensional
        self.orders_ = [column.order for column in targets.columns]
        if classes is None:
            self.classes_ = [_classes(c) for c in targets.columns]
        else:
            self.classes_ = [_given_classes(c, k) for c, k in zip(targets.columns, classes, strict=True)]
        self.dtype_ = _decoded_dtype(targets.dtype, self.classes_, given=classes is not None)
        return self

    def encode(self, targets):
        """Return codes of shape (n_samples, n_tasks), int64, `MISSING` for cells without a label."""
        targets = targets.aligned(self.task_names_)
        codes = np.full((targets.n_samples, len(self.classes_)), MISSING, dtype=np.int64)
        for t, (column, classes) in enumerate(zip(targets.columns, self.classes_, strict=True)):
            rows = np.flatnonzero(column.labelled)
            # A part at a time: the temporaries of millions of labels are as large as the codes.
            for start in range(0, len(rows), PART):
                part = slice(start, start + PART)
                codes[rows[part], t] = _codes(column.name, column.labels[part], classes)
        return codes

    def decode(self, codes):
        """Return labels for `codes` of shape (n_samples, n_tasks), 1-D if the target was."""
        if self.one_dimensional_:
            return self.classes_[0][codes[:, 0]]
        labels = np.empty(codes.shape, dtype=self.dtype_)
        for t, classes in enumerate(self.classes_):
            labels[:, t] = classes[codes[:, t]]
        return labels


def _classes(column):
    if not len(column.labels):
        raise ValueError(
            f"Task {column.name!r} has no label at all, so it has no class to learn: drop this column of y."
        )
    check_labels(column.name, column.labels)
    classes = np.unique(column.labels)
    if len(classes) < 2:
        raise ValueError(
            f"Classifier can't train when only one class is present. Task {column.name!r} has only the "
            f"class {classes.tolist()[0]!r}: drop this column of y, or use partial_fit with classes=."
        )
    return classes


def _given_classes(column, classes):
    classes = read_targets(classes)
    labels = classes.columns[0].labels if classes.one_dimensional else np.empty(0)
    if len(labels):
        check_labels(column.name, labels)
    labels = np.unique(labels)
    if len(labels) < 2:
        raise ValueError(f"classes for task {column.name!r} must be a 1d array of at least two labels.")
    return labels


def _codes(name, labels, classes):
    try:
        positions = np.clip(np.searchsorted(classes, labels), 0, len(classes) - 1)
        known = classes[positions] == labels
    except TypeError:
        positions, known = None, np.zeros(len(labels), dtype=bool)
    if not np.all(known):
        unknown = labels[~np.asarray(known)].tolist()[0]
        raise ValueError(
            f"Task {name!r} has the label {unknown!r}, not among its classes {classes.tolist()[:10]!r}. "
            "Use the labels seen at fit; with partial_fit, name every class in the first call (classes=)."
            f"{did_you_mean(unknown, classes.tolist())}"
        )
    return positions


def _decoded_dtype(dtype, classes, given):
    """Return the dtype of predictions: the target's own, unless classes would not survive in it."""
    if dtype is None:
        return _shared_dtype(classes)
    if dtype.kind == "O":
        return dtype
    # The first chunk's dtype says little: "a" of a later "apple", int8 of a later 300.
    if given or not all(_survive(c, dtype) for c in classes):
        return _shared_dtype(classes)
    return dtype


def _survive(classes, dtype):
    try:
        return np.array_equal(classes.astype(dtype), classes)
    except (TypeError, ValueError):
        return False


def _shared_dtype(classes):
    """Return the dtype in which all tasks' labels keep their own type, object if there is none."""
    kinds = {c.dtype.kind for c in classes}
    return np.result_type(*classes) if len(kinds) == 1 and kinds != {"O"} else np.dtype(object)
