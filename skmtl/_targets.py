"""Label columns of any kind <-> integer codes, with missing labels.

The one place that knows what a target looks like from outside. Everything behind it sees
``codes`` of shape (n_samples, n_tasks), with ``MISSING`` where a cell has no label.
"""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite

from ._validation import did_you_mean

__all__ = ["MISSING", "TargetColumn", "TargetEncoder", "Targets", "read_targets"]

MISSING = -1


@dataclass(frozen=True)
class TargetColumn:
    """One task's labels.

    Attributes
    ----------
    name : object
        Task name.
    labels : ndarray of shape (n_labelled,)
        The labels that are there, in row order, in their own dtype.
    labelled : ndarray of shape (n_samples,), bool
        Which rows have one.
    """

    name: object
    labels: np.ndarray
    labelled: np.ndarray

    def __len__(self):
        return len(self.labelled)


@dataclass(frozen=True)
class Targets:
    """All label columns of a target.

    Attributes
    ----------
    columns : list of TargetColumn
        One per task.
    one_dimensional : bool
        Whether the target came in as a single 1-D column.
    named : bool
        Whether the names are the user's own.
    dtype : dtype or None
        dtype of the array the target came in as, None if it had none (lists, data frames).
    """

    columns: list
    one_dimensional: bool
    named: bool
    dtype: np.dtype | None

    @property
    def names(self):
        """Task names, in column order."""
        return [c.name for c in self.columns]

    @property
    def n_samples(self):
        """Number of rows."""
        return len(self.columns[0])

    def aligned(self, names):
        """Return the columns in the order of `names`; unnamed columns stay as they are."""
        if len(self.columns) != len(names):
            raise ValueError(
                f"y has {len(self.columns)} columns {self.names!r}, but there are {len(names)} tasks {list(names)!r}: "
                "pass one column per task."
            )
        if not self.named or self.names == list(names):
            return self
        by_name = {c.name: c for c in self.columns}
        default_names = [f"task{i}" for i in range(len(names))]
        if names == default_names and not set(by_name) & set(names):
            return self  # fitted on an array: position is all there is to go by
        for name in names:
            if name not in by_name:
                raise ValueError(
                    f"y has no column {name!r}; its columns are {self.names!r}.{did_you_mean(name, by_name)}"
                )
        return Targets([by_name[n] for n in names], self.one_dimensional, self.named, self.dtype)


def read_targets(y, missing_label=None):
    """Split a target into label columns.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Array, list, Series or DataFrame (pandas or polars). NaN, None, ``pd.NA`` and NaT
        always mean "no label".
    missing_label : scalar, default=None
        One more marker for "no label".

    Returns
    -------
    Targets

    Examples
    --------
    >>> targets = read_targets([["a", 1], [None, 2]])
    >>> targets.names
    ['task0', 'task1']
    >>> targets.columns[0].labels, targets.columns[0].labelled
    (array(['a'], dtype='<U1'), array([ True, False]))
    """
    columns, names, dtype = _split(y)
    one_dimensional = not isinstance(columns, list)
    columns = [columns] if one_dimensional else columns
    named = names is not None
    names = names if named else [f"task{i}" for i in range(len(columns))]
    duplicates = sorted({str(n) for n in names if names.count(n) > 1})
    if duplicates:
        raise ValueError(f"y has several columns named {', '.join(duplicates)}: give every task its own name.")
    if not columns:
        raise ValueError("y has no columns: expected shape (n_samples,) or (n_samples, n_tasks) with n_tasks >= 1.")
    from_list = dtype is None and isinstance(y, (list, tuple))
    read = [_read_column(name, values, missing_label, from_list) for name, values in zip(names, columns, strict=True)]
    return Targets(read, one_dimensional, named, dtype)


def _split(y):
    """Return (one column or a list of columns, names or None, array dtype or None)."""
    if y is None:
        raise ValueError(
            "requires y to be passed, but the target y is None: pass an array of shape (n_samples, n_tasks)."
        )
    if issparse(y):
        raise TypeError("y is a sparse matrix, but a dense target was expected: pass y.toarray().")
    if isinstance(y, dict):
        raise TypeError("y is a dict, but an array or a DataFrame was expected: pass pandas.DataFrame(y).")
    if isinstance(y, pd.DataFrame):
        return [_pandas_values(y.iloc[:, j]) for j in range(y.shape[1])], list(y.columns), None
    if isinstance(y, pd.Series):
        dtype = y.dtype if isinstance(y.dtype, np.dtype) else None
        return _pandas_values(y), (None if y.name is None else [y.name]), dtype
    if type(y).__module__.partition(".")[0] == "polars":
        if hasattr(y, "get_columns"):
            return [_polars_values(s) for s in y.get_columns()], list(y.columns), None
        return _polars_values(y), ([y.name] if y.name else None), None
    return _split_array(y)


def _split_array(y):
    is_list = isinstance(y, (list, tuple))
    try:
        # Through object: NumPy would turn the integers of a mixed list into strings.
        array = np.array(y, dtype=object) if is_list else np.asarray(y)
    except ValueError as error:
        raise ValueError(f"y is ragged: every row needs the same number of labels ({error}).") from error
    if array.ndim == 1 and is_list and any(isinstance(v, (list, tuple, np.ndarray)) for v in array):
        raise ValueError("y is ragged: every row needs the same number of labels; mark missing ones with None.")
    if array.ndim not in (1, 2):
        raise ValueError(
            f"y should be a 1d array (one task) or a 2d array of shape (n_samples, n_tasks). "
            f"Got an array of shape {array.shape} instead."
        )
    dtype = None if is_list else array.dtype
    return (array if array.ndim == 1 else [array[:, j] for j in range(array.shape[1])]), None, dtype


def _pandas_values(series):
    if isinstance(series.dtype, np.dtype):
        return series.to_numpy()
    return series.astype(object).to_numpy()


def _polars_values(series):
    if series.null_count() == 0 and series.dtype.is_numeric():
        return series.to_numpy()
    values = np.empty(len(series), dtype=object)
    values[:] = series.to_list()
    return values


def _read_column(name, values, missing_label, from_list):
    labelled = ~np.asarray(pd.isna(values), dtype=bool)
    if missing_label is not None:
        with np.errstate(all="ignore"):
            labelled &= (
                ~np.array([_same(v, missing_label) for v in values], dtype=bool)
                if values.dtype == object
                else (~np.broadcast_to(_equals(values, missing_label), values.shape))
            )
    labels = values[labelled]
    if labels.dtype == object:
        labels = _own_dtype(name, labels, from_list)
    return TargetColumn(name, labels, labelled)


def _same(value, marker):
    return isinstance(value, str) == isinstance(marker, str) and bool(value == marker)


def _equals(values, marker):
    if (values.dtype.kind in "US") != isinstance(marker, str):
        return np.False_
    return values == marker


def _own_dtype(name, labels, from_list):
    """Give an object column the dtype its labels share; strings stay objects unless from a list."""
    kinds = {_kind(v) for v in labels}
    if kinds == {"int", "float"}:
        kinds = {"float"}
    if len(kinds) > 1:
        raise ValueError(
            f"The labels of task {name!r} mix {' and '.join(sorted(kinds))}: give each task labels of one type."
        )
    if not kinds or kinds & {"int", "float", "bool"} or from_list:
        return np.array(labels.tolist())
    return labels


def _kind(value):
    if isinstance(value, (bool, np.bool_)):
        return "bool"
    if isinstance(value, Integral):
        return "int"
    if isinstance(value, Real):
        return "float"
    return "str" if isinstance(value, str) else type(value).__name__


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

    Examples
    --------
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
        if classes is None:
            self.classes_ = [_classes(c) for c in targets.columns]
        else:
            self.classes_ = [_given_classes(c, k) for c, k in zip(targets.columns, classes, strict=True)]
        self.dtype_ = targets.dtype if targets.dtype is not None else _shared_dtype(self.classes_)
        return self

    def encode(self, targets):
        """Return codes of shape (n_samples, n_tasks), int64, `MISSING` for cells without a label."""
        targets = targets.aligned(self.task_names_)
        codes = np.full((targets.n_samples, len(self.classes_)), MISSING, dtype=np.int64)
        for t, (column, classes) in enumerate(zip(targets.columns, self.classes_, strict=True)):
            codes[column.labelled, t] = _codes(column, classes)
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
    assert_all_finite(column.labels, input_name="y")
    check_classification_targets(column.labels)
    classes = np.unique(column.labels)
    if len(classes) < 2:
        raise ValueError(
            f"Classifier can't train when only one class is present. Task {column.name!r} has only the "
            f"class {classes.tolist()[0]!r}: drop this column of y, or use partial_fit with classes=."
        )
    return classes


def _given_classes(column, classes):
    classes = read_targets(classes if isinstance(classes, (list, tuple)) else np.asarray(classes))
    labels = classes.columns[0].labels if classes.one_dimensional else ()
    if len(np.unique(labels)) < 2:
        raise ValueError(f"classes for task {column.name!r} must be a 1d array of at least two labels.")
    check_classification_targets(labels)
    return np.unique(labels)


def _codes(column, classes):
    if not len(column.labels):
        return np.empty(0, dtype=np.int64)
    try:
        positions = np.clip(np.searchsorted(classes, column.labels), 0, len(classes) - 1)
        known = classes[positions] == column.labels
    except TypeError:
        positions, known = None, np.zeros(len(column.labels), dtype=bool)
    if not np.all(known):
        unknown = column.labels[~np.asarray(known)].tolist()[0]
        raise ValueError(
            f"Task {column.name!r} has the label {unknown!r}, not among its classes {classes.tolist()[:10]!r}. "
            "Use the labels seen at fit; with partial_fit, name every class in the first call (classes=)."
            f"{did_you_mean(unknown, classes.tolist())}"
        )
    return positions


def _shared_dtype(classes):
    """Return the dtype in which all tasks' labels keep their own type, object if there is none."""
    kinds = {c.dtype.kind for c in classes}
    return np.result_type(*classes) if len(kinds) == 1 and kinds != {"O"} else np.dtype(object)
