"""Targets of any kind -> columns of values, with their names, orders and dtype."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from ._array import as_array

__all__ = ["is_frame", "split_columns"]


def is_frame(values):
    """Return whether `values` is a data frame of pandas or polars, whose columns have names."""
    return isinstance(values, pd.DataFrame) or (_is_polars(values) and hasattr(values, "get_columns"))


def _is_polars(values):
    return type(values).__module__.partition(".")[0] == "polars"


def split_columns(y):
    """Split a target into columns.

    Only pandas and polars give names and orders; all else is an array.

    Returns
    -------
    columns : list of ndarray, or one ndarray
        One alone for a 1-D target.
    names : list or None
        None if the columns have none.
    orders : list of (list or None), or None
        The levels of every ordered column; None if no column has any.
    dtype : dtype or None
        Of the array that the target is.
    """
    _refuse_others(y)
    if isinstance(y, (pd.Index, pd.api.extensions.ExtensionArray)) and not isinstance(y, pd.MultiIndex):
        y = pd.Series(y)
    if isinstance(y, pd.DataFrame):
        series = [y.iloc[:, j] for j in range(y.shape[1])]
        return [_pandas_values(s) for s in series], list(y.columns), [_levels(s.dtype) for s in series], None
    if isinstance(y, pd.Series):
        dtype = y.dtype if isinstance(y.dtype, np.dtype) else None
        return _pandas_values(y), (None if y.name is None else [y.name]), [_levels(y.dtype)], dtype
    if is_frame(y):
        series = y.get_columns()
        return [_polars_values(s) for s in series], list(y.columns), [_levels(s.dtype) for s in series], None
    if _is_polars(y):
        return _polars_values(y), ([y.name] if y.name else None), [_levels(y.dtype)], None
    array, dtype = _read_array(y)
    return (array if array.ndim == 1 else [array[:, j] for j in range(array.shape[1])]), None, None, dtype


def _refuse_others(y):
    if y is None:
        raise ValueError(
            "requires y to be passed, but the target y is None: pass an array of shape (n_samples, n_tasks)."
        )
    if issparse(y):
        raise TypeError("y is a sparse matrix, but a dense target was expected: pass y.toarray().")
    if isinstance(y, Mapping):
        kind = type(y).__name__
        raise TypeError(f"y is a {kind}, but an array or a DataFrame was expected: pass pandas.DataFrame(y).")
    if _is_polars(y) and hasattr(y, "collect"):
        raise TypeError(f"y is a {type(y).__name__}, which has no values yet: pass y.collect().")


def _levels(dtype):
    if isinstance(dtype, pd.CategoricalDtype):
        return dtype.categories.tolist() if dtype.ordered else None
    # Of polars' types, only this one has an order that someone gave.
    return list(dtype.categories) if type(dtype).__name__ == "Enum" else None


def _read_array(y):
    """Return (array of one axis or two, its own dtype or None)."""
    is_list = isinstance(y, (list, tuple))
    try:
        # Through object: NumPy would turn the integers of a mixed list into strings.
        array = as_array("y", y, object if is_list else None)
    except ValueError as error:
        if not is_list:
            raise
        raise ValueError(f"y is ragged: every row needs the same number of labels ({error}).") from error
    if array.ndim == 1 and is_list and any(isinstance(v, (list, tuple)) or getattr(v, "ndim", 0) for v in array):
        raise ValueError("y is ragged: every row needs the same number of labels; mark missing ones with None.")
    if array.ndim not in (1, 2):
        raise ValueError(
            "y should be a 1d array (one task) or a 2d array of shape (n_samples, n_tasks). "
            f"Got {_what_instead(y, array)}"
        )
    if array.dtype.names is not None:
        raise TypeError(f"y is a structured array with the fields {array.dtype.names}: pass pandas.DataFrame(y).")
    if array.dtype.kind == "T":
        # scikit-learn cannot read NumPy's own variable-width strings.
        array = array.astype(object)
    return array, None if is_list else array.dtype


def _what_instead(y, array):
    found = f"an array of shape {array.shape}"
    if array.ndim == 0:
        return f"{found} from {type(y).__name__} instead: pass an array, a list or a data frame."
    for axis in (-1, 0):
        if array.shape[axis] == 1:
            return f"{found} instead: pass numpy.asarray(y).squeeze({axis})."
    return (
        f"{found} instead: pass numpy.asarray(y).argmax(-1) if the last axis holds a one-hot label, or "
        ".reshape(len(y), -1) if every entry is a task."
    )


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
