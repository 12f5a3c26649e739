"""Rows that stay where they are while scikit-learn splits them."""

import numpy as np

from ._blank import split_blank, with_blank
from ._handle import H5Handle, check_open, to_handle
from ._keys import row_indices
from ._read import pick_rows, read_rows

__all__ = ["LazyRows", "to_numpy"]


class LazyRows:
    """Images that are picked without being read.

    ``X[key]`` of an array copies the rows, so that every split of ``cross_val_score``,
    ``GridSearchCV`` or ``train_test_split`` holds a copy of most of the images, and many array
    stores do not understand what scikit-learn asks of them. Wrapped in LazyRows, a split is a list
    of row numbers; the estimators of skmtl read the images one batch at a time.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        NumPy array, ``numpy.memmap``, PyTorch tensor, zarr array, HDF5 data set (h5py) or another
        object with ``shape``, a NumPy ``dtype`` and ``__getitem__`` for slices and increasing
        integer arrays. Read, never changed. Of a masked array, rows that are no image are masked as a
        whole, and stay so.
    rows : int array, mask, list or slice, default=None
        The rows to keep, in this order, repeated or not; negative ones count from the end. All of
        them by default.

    Attributes
    ----------
    shape : tuple of int
        (n_rows, ...).
    dtype : numpy.dtype
        In native byte order; float32 for tensors of a dtype that NumPy lacks, such as bfloat16.
    ndim : int
        Number of axes.

    Raises
    ------
    TypeError
        If rows of `X` cannot be picked, as those of lists and frames.
    IndexError
        If `rows` are out of range or no integers.
    ValueError
        If rows of `X` are masked in part, or when pickled around an HDF5 data set that no other
        process can open.

    Notes
    -----
    ``X[key]`` is another LazyRows on the same storage for a slice, a list, an array of ints or a
    mask, and the image itself for an int. ``numpy.asarray(X)`` reads everything;
    ``numpy.asanyarray(X)`` too, and keeps rows masked that are no image.

    With ``n_jobs``, joblib sends a ``numpy.memmap`` to other processes by the name of its file; so
    do zarr arrays on disk, and HDF5 data sets, which the other process opens anew, read-only.
    Private changes of a copy-on-write map (``mode="c"``) do not reach other processes.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import train_test_split
    >>> from skmtl.datasets import LazyRows
    >>> images = np.arange(16 * 64, dtype=np.uint8).reshape(16, 8, 8)  # or np.load(path, mmap_mode="r")
    >>> X = LazyRows(images)
    >>> X_train, X_test = train_test_split(X, random_state=0)
    >>> X_test
    LazyRows(shape=(4, 8, 8), dtype=uint8, storage=ndarray)
    >>> X_test[0].shape, np.asarray(X_test).shape
    ((8, 8), (4, 8, 8))
    """

    # By which NumPy makes masked arrays of what `__array__` returns.
    _baseclass = np.ndarray

    def __init__(self, X, rows=None):
        if isinstance(X, LazyRows):
            storage, source, indices, blank = X._storage, X._source, X._indices, X._blank
        else:
            storage, blank = _unmasked(X)
            source, indices = _source(storage), None
        if rows is not None:
            picked = row_indices(rows, len(source) if indices is None else len(indices))
            if isinstance(picked, int):
                raise IndexError(f"rows must be a 1d sequence of ints, a mask or a slice. Got {rows!r} instead.")
            indices = picked if indices is None else indices[picked]
        # The storage is an attribute of its own so that joblib finds maps in it.
        self._storage, self._source, self._indices = storage, source, indices
        # Of every row of the storage, so that splits share it.
        self._blank = blank

    def _blank_rows(self):
        """Return which rows are no image; None if all are one."""
        blank = self._blank if self._blank is None or self._indices is None else self._blank[self._indices]
        return blank if blank is not None and blank.any() else None

    def _lazy_rows(self):
        check_open(self._storage)
        return pick_rows(self._source, self._indices)

    @property
    def shape(self):
        """Number of rows, and the shape of one."""
        return (len(self), *self._source.shape[1:])

    @property
    def dtype(self):
        """NumPy dtype of the pixels, in native byte order."""
        return self._source.dtype

    @property
    def ndim(self):
        """Number of axes."""
        return len(self._source.shape)

    def __len__(self):
        return len(self._source) if self._indices is None else len(self._indices)

    def __getitem__(self, key):
        picked = row_indices(key, len(self))
        if isinstance(picked, int):
            image = to_numpy(self._lazy_rows().take(np.array([picked])), self.dtype)[0]
            blank = self._blank_rows()
            return image if blank is None or not blank[picked] else np.ma.MaskedArray(image, True)
        return LazyRows(self, picked)

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("LazyRows must be read to become an array, which copies them: leave out copy=False.")
        rows = self._lazy_rows()
        values = to_numpy(rows.read(0, len(rows)), self.dtype)
        # What was read from outside memory is a copy already.
        return with_blank(np.array(values, dtype=dtype, copy=None if rows.stored else copy), self._blank_rows())

    def __repr__(self):
        return f"LazyRows(shape={self.shape}, dtype={self.dtype}, storage={type(self._storage).__name__})"

    def __getstate__(self):
        return {"storage": to_handle(self._storage), "indices": self._indices, "blank": self._blank}

    def __setstate__(self, state):
        storage = state["storage"]
        self._storage = storage.open() if isinstance(storage, H5Handle) else storage
        self._source, self._indices, self._blank = _source(self._storage), state["indices"], state["blank"]


def _unmasked(X):
    """Return (storage, mask of its rows without image or None) of what may be a masked array."""
    if not isinstance(X, np.ma.MaskedArray):
        return X, None
    storage, blank = split_blank(X)
    if blank is None and np.ma.is_masked(X):
        raise ValueError(
            f"X has {np.ma.count_masked(X)} masked values, not all in rows that are masked as a whole, but every pixel "
            "of an image needs a value: fill them, with X.filled(0) for instance, or mask the whole row if it is none."
        )
    return np.ma.getdata(storage, subok=False), blank


def _source(X):
    source = read_rows(X)
    if source is None:
        found = f"an array of {X.dtype} of shape {X.shape}" if isinstance(X, np.ndarray) else type(X).__name__
        raise TypeError(
            "LazyRows needs an array of numbers whose first axis picks images: a NumPy array or memmap, a dense "
            f"tensor, a zarr array or an HDF5 data set. Got {found} instead: pass np.asarray(X) if it fits into memory."
        )
    return source


def to_numpy(values, dtype):
    """Return `values`, an ndarray or a tensor on any device, as an array of `dtype`, that of its rows."""
    if isinstance(values, np.ndarray):
        return values
    # NumPy has no bfloat16.
    values = values.float() if dtype == np.float32 else values
    return values.cpu().numpy()
