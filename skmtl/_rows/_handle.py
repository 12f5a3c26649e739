"""Data sets of HDF5 files, sent to another process by their name."""

import os
import sys

__all__ = ["H5Handle", "check_open", "to_handle"]


class H5Handle:
    """What it takes to open a data set again, read-only.

    Parameters
    ----------
    path : str
        Absolute path of the file.
    name : str
        Name of the data set in the file.
    """

    def __init__(self, path, name):
        self.path, self.name = path, name

    def open(self):
        """Return the data set, from the file opened anew."""
        import h5py

        return h5py.File(self.path, mode="r")[self.name]


def check_open(storage):
    """Raise ValueError if `storage` is a data set of an HDF5 file that is closed."""
    h5py = sys.modules.get("h5py")
    if h5py is not None and isinstance(storage, h5py.Dataset) and not storage:
        raise ValueError("X is a data set of an HDF5 file that is closed: keep the file open while it is used.")


def to_handle(storage):
    """Return `storage`, or a handle of it if it is an HDF5 data set, which does not pickle.

    Raises
    ------
    ValueError
        If nobody else can open the data set: no name, no file on disk, or a file open for writing.
    """
    h5py = sys.modules.get("h5py")
    if h5py is None or not isinstance(storage, h5py.Dataset):
        return storage
    if not storage:
        raise ValueError("LazyRows cannot be pickled: its HDF5 file is closed. Keep the file open.")
    path, mode = os.path.abspath(storage.file.filename), storage.file.mode
    if storage.name is None or not os.path.isfile(path):
        raise ValueError(f"LazyRows cannot be pickled: no file holds the HDF5 data set {storage.name!r}.")
    if mode != "r":
        raise ValueError(
            f"LazyRows cannot be pickled: {path} is open for writing (mode {mode!r}), so that no other process may "
            "read it. Open it with h5py.File(path, 'r')."
        )
    return H5Handle(path, storage.name)
