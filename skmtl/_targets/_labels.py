"""A column of values -> the labels in it, and where they are."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite

__all__ = ["check_labels", "check_missing_label", "read_labels"]


def check_missing_label(missing_label):
    """Raise TypeError unless `missing_label` is None or a scalar."""
    if hasattr(missing_label, "__len__") and not isinstance(missing_label, (str, bytes)):
        raise TypeError(
            f"missing_label must be None or one scalar, such as -1 or '?'. Got {type(missing_label).__name__} "
            "instead: for several markers, replace the others in y by None."
        )


def read_labels(name, values, missing_label, from_list):
    """Return the labels of a column in their own dtype, and which rows have one.

    Parameters
    ----------
    name : object
        Task name, for messages.
    values : ndarray of shape (n_samples,)
        The column; masked cells of a masked array have no label.
    missing_label : scalar
        One more marker for "no label"; None for none.
    from_list : bool
        Whether objects are what came of a list, so that strings may get a string dtype.

    Returns
    -------
    labels : ndarray of shape (n_labelled,)
    labelled : ndarray of shape (n_samples,), bool
    """
    masked = np.ma.getmaskarray(values)
    values = np.ma.getdata(values)
    labelled = ~(np.asarray(pd.isna(values), dtype=bool) | masked)
    if missing_label is not None and not pd.isna(missing_label):
        labelled &= ~_marked(values, missing_label)
    labels = values[labelled]
    if labels.dtype == object:
        labels = _own_dtype(name, labels, from_list)
    return labels, labelled


def _marked(values, marker):
    if values.dtype == object:
        return np.array([_same(v, marker) for v in values], dtype=bool)
    # 0 == False, but a marker among numbers is no label of a yes-no column.
    if (values.dtype.kind in "US") != isinstance(marker, str) or (values.dtype.kind == "b") != _is_bool(marker):
        return np.zeros(len(values), dtype=bool)
    with np.errstate(all="ignore"):
        return np.broadcast_to(values == marker, values.shape)


def _same(value, marker):
    return (
        isinstance(value, str) == isinstance(marker, str)
        and _is_bool(value) == _is_bool(marker)
        and bool(value == marker)
    )


def _is_bool(value):
    return isinstance(value, (bool, np.bool_))


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
    if _is_bool(value):
        return "bool"
    if isinstance(value, Integral):
        return "int"
    if isinstance(value, Real):
        return "float"
    return "str" if isinstance(value, str) else type(value).__name__


def check_labels(name, labels):
    """Raise, naming the task, unless scikit-learn's classifiers could learn these labels.

    Parameters
    ----------
    name : object
        Task name.
    labels : ndarray of shape (n_labelled,)
        Its labels.
    """
    try:
        assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"Task {name!r}: {_what_is_wrong(labels, error)}") from error


def _what_is_wrong(labels, error):
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all():
            return f"{error} Mark cells without a label with NaN."
        return f"{error} To learn classes, bin the values (numpy.digitize) or round them."
    if labels.dtype.kind == "O" and not isinstance(labels[0], bytes):
        return (
            f"Unknown label type: {type(labels[0]).__name__}. Labels must be integers, strings, booleans or NumPy "
            "dates: convert them, with [str(v) for v in labels] for instance."
        )
    return str(error)
