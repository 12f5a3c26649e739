"""Images read before, on disk: one file for every list of files, found again image by image."""

import hashlib
import os
import uuid
from pathlib import Path

import numpy as np

__all__ = ["ImageCache", "file_keys"]

FORMAT = b"2"  # another one wherever the same file and parameters come to give other pixels
KEY_BYTES = 16
KEY = f"S{KEY_BYTES}"


def file_keys(paths):
    """Return a key for the content of every file, without opening it; empty where it cannot be told.

    Parameters
    ----------
    paths : list of str
        Files.

    Returns
    -------
    ndarray of shape (len(paths),), bytes
        Digests of the path without links, the size in bytes and the times of the last change, of content and of entry.
    """
    return np.array([_file_key(path) for path in paths], dtype=KEY)


def _file_key(path):
    try:
        path = os.path.realpath(path)
        facts = os.stat(path)
    except (OSError, ValueError):
        return b""
    # Renaming and copying with times can put another picture of equal size and time in a file's place; both move ctime.
    return _digest(os.fsencode(path), f"{facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns}".encode())


def _digest(*parts):
    return hashlib.blake2b(b"\0".join(parts), digest_size=KEY_BYTES).digest()


class ImageCache:
    """Images of one set of parameters.

    Each list of files that was read is a part: one ``.npy`` file of the images, with the keys of their
    files behind them, so that both appear at once, when the finished file gets its name. Parts are never changed
    after that, which lets any number of processes read and add at the same time.

    Parameters
    ----------
    folder : str or path-like
        Made if missing.
    settings : Settings
        What the pixels depend on, besides the files.

    Raises
    ------
    OSError
        If the folder cannot be made or written.
    """

    def __init__(self, folder, settings):
        self._shape = settings.shape
        self._folder = Path(folder).expanduser() / _digest(FORMAT, settings.identity).hex()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._cannot_write(error) from error

    def whole(self, keys):
        """Return the images of exactly these files as one memory map, or None."""
        part = self._open(self._file(keys)) if all(keys) else None
        return None if part is None else part[0]

    def parts(self):
        """Yield (images, keys) of every part."""
        for file in sorted(self._folder.glob("*.npy")):
            part = self._open(file)
            if part is not None:
                yield part

    def add(self, keys, chunks):
        """Write a part.

        Parameters
        ----------
        keys : ndarray of shape (n,), bytes
            Of the files of the images.
        chunks : iterable of (ndarray, list of int)
            The images, in order, and the places in `keys` of those not to be found again.

        Returns
        -------
        (images, keys) or None
            As `parts` yields them; None if no image is to be found again, and nothing was kept.
        """
        keys = keys.copy()
        unfinished = self._folder / f"{uuid.uuid4().hex}.tmp"
        try:
            with self._create(unfinished) as file:
                header = {"descr": "|u1", "fortran_order": False, "shape": (len(keys), *self._shape)}
                np.lib.format.write_array_header_1_0(file, header)
                for images, unreadable in chunks:
                    keys[unreadable] = b""
                    self._write(file, images)
                self._write(file, keys)
                # A name on disk whose bytes are not there yet would be read as black images after a power cut.
                file.flush()
                os.fsync(file.fileno())
            return self._publish(unfinished, keys) if any(keys) else None
        finally:
            unfinished.unlink(missing_ok=True)

    def _create(self, file):
        try:
            return open(file, "xb")
        except OSError as error:
            raise self._cannot_write(error) from error

    def _write(self, file, array):
        try:
            file.write(array.tobytes() if array.dtype == KEY else array.data)
        except OSError as error:
            raise self._cannot_write(error) from error

    def _publish(self, unfinished, keys):
        file = self._file(keys)
        try:
            os.replace(unfinished, file)
        except PermissionError:
            # Windows keeps the name of a mapped file: another process has added the same part and reads it.
            if self._open(file) is None:
                raise
        part = self._open(file)
        if part is None:
            raise OSError(f"The cache folder {str(self._folder)!r} was changed while it was written: try again.")
        return part

    def _file(self, keys):
        return self._folder / f"{_digest(keys.tobytes()).hex()}.npy"

    def _open(self, file):
        """Return (images, keys) of a part, or None unless it is there and whole."""
        try:
            images = np.load(file, mmap_mode="r")
            n, end = len(images), images.offset + images.nbytes
            if images.shape[1:] != self._shape or os.path.getsize(file) != end + n * KEY_BYTES:
                return None
            return images, np.fromfile(file, KEY, offset=end)
        except (OSError, ValueError, EOFError):
            return None

    def _cannot_write(self, error):
        return OSError(
            f"The cache folder {str(self._folder)!r} cannot be written ({error}): name a folder that can be, free some "
            "space or leave out cache."
        )
