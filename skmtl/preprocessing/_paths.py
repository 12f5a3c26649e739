"""The column of paths that the user passed, as a list."""

import os
from collections.abc import Mapping
from reprlib import repr

import numpy as np

__all__ = ["list_paths"]


def list_paths(X, base_folder=None):
    """Return the paths in `X` as strings.

    Parameters
    ----------
    X : array-like of shape (n_samples,) or (n_samples, 1)
        Strings or path-like objects.
    base_folder : str or path-like, default=None
        Where relative paths start; None for the current folder.

    Returns
    -------
    list of str

    Raises
    ------
    TypeError, ValueError
        If X is no column of paths, or a row has none; the message names the row.
    """
    entries = _column(X)
    if not entries:
        raise ValueError("Found array with 0 sample(s): X has no paths, while a minimum of 1 is required.")
    base = "" if base_folder is None else os.path.expanduser(os.fspath(base_folder))
    return [os.path.join(base, _path(entry, row)) for row, entry in enumerate(entries)]


def _column(X):
    wanted = "X must be a column of paths of image files: a list, an array or a column of a data frame."
    if isinstance(X, Mapping):
        raise TypeError(
            f"{wanted} Got {type(X).__name__} instead: read the images of every task on their own, "
            "TaskImages({task: reader.transform(paths) for task, paths in X.items()})."
        )
    if isinstance(X, (str, bytes, os.PathLike)):
        raise TypeError(f"{wanted} Got one {type(X).__name__} instead: pass [path].")
    if isinstance(X, (list, tuple)):
        return list(X)
    array = X.to_numpy() if hasattr(X, "to_numpy") else X
    shape = tuple(getattr(array, "shape", ()))
    if len(shape) > 2:
        raise _already_images(f"an array of shape {shape}")
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{wanted} Got {type(X).__name__} instead.")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.dtype.kind in "biufc":
        images = ", images already? Then leave out ImageReader" if array.ndim == 2 else ""
        raise TypeError(f"{wanted} Got numbers ({array.dtype}) of shape {shape} instead{images}.")
    if array.ndim != 1:
        columns = f" {list(X.columns)!r}" if hasattr(X, "columns") else ""
        raise ValueError(
            f"{wanted} Got shape {shape}{columns} instead: choose one column, such as df['path']; "
            "for images of several tasks see the guide on an input per task."
        )
    return array.tolist()


def _already_images(found):
    return TypeError(
        f"X must be a column of paths of image files. Got {found} instead: these are images already, so pass them to "
        "the estimator without ImageReader."
    )


def _path(entry, row):
    if isinstance(entry, os.PathLike):
        entry = os.fspath(entry)
    if isinstance(entry, str) and entry:
        return entry
    if len(getattr(entry, "shape", ())) > 1 or hasattr(entry, "getpixel"):
        raise _already_images(f"{type(entry).__name__} in row {row}")
    # pandas' markers are told by their text: this floor knows no data frames.
    if entry is None or str(entry) in ("", "nan", "<NA>", "NaT"):
        raise ValueError(
            f"X[{row}] is {entry!r}: every row needs the path of a file. Drop the rows without one, from X and y alike."
        )
    remedy = "decode it with os.fsdecode" if isinstance(entry, bytes) else "pass strings or pathlib.Path objects"
    raise TypeError(
        f"X[{row}] must be the path of an image file. Got {repr(entry)} ({type(entry).__name__}): {remedy}."
    )
