"""Targets of any kind -> columns of values, their names and dtype."""

import numpy as np
import pandas as pd
from scipy.sparse import issparse

__all__ = ["column_orders", "split_columns"]


def split_columns(y):
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


def column_orders(y):
    """Return, of a frame or series, the levels of every ordered column, None of the others; None of all else."""
    if isinstance(y, pd.DataFrame):
        dtypes = list(y.dtypes)
    elif type(y).__module__.partition(".")[0] == "polars" and hasattr(y, "get_columns"):
        dtypes = y.dtypes
    elif hasattr(y, "dtype") and not isinstance(y, np.ndarray):
        dtypes = [y.dtype]
    else:
        return None
    return [_levels(dtype) for dtype in dtypes]


def _levels(dtype):
    if isinstance(dtype, pd.CategoricalDtype):
        return dtype.categories.tolist() if dtype.ordered else None
    # Of polars' types, only this one has an order that someone gave.
    return list(dtype.categories) if type(dtype).__name__ == "Enum" else None


def _split_array(y):
    is_list = isinstance(y, (list, tuple))
    try:
        # Through object: NumPy would turn the integers of a mixed list into strings.
        array = np.array(y, dtype=object) if is_list else _as_array(y)
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


def _as_array(y):
    if isinstance(y, np.ma.MaskedArray):
        return y.view(np.ma.MaskedArray)
    array = np.asarray(y)
    # scikit-learn cannot read NumPy's own variable-width strings.
    return array.astype(object) if array.dtype.kind == "T" else array


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
