"""Images of a list of files, those read before from the cache."""

import numpy as np

from ._cache import file_keys
from ._read_files import chunk_length

__all__ = ["read_through"]


def read_through(cache, paths, settings, read):
    """Return the images of `paths`, and the failures; files not in the cache are read and added to it.

    Parameters
    ----------
    cache : ImageCache
        Of these settings.
    paths : list of str
        Files.
    settings : Settings
        Size, mode and how to get there.
    read : callable
        ``read(rows)`` yields chunks of the images of these rows, and a dict row -> failure, as
        ``read_chunks`` does.

    Returns
    -------
    images : ndarray or memmap of shape (len(paths), ...), uint8
        A read-only memory map where the list as a whole is one part of the cache.
    failures : dict of int -> UnreadableFileError
        Rows of the unreadable files. Their images hold anything.
    """
    keys = file_keys(paths)
    whole = cache.whole(keys)
    if whole is not None:
        return whole, {}
    parts = [(images, _rows_of(found)) for images, found in cache.parts()]
    known = set().union(*(rows for _, rows in parts))
    new = [row for row, key in enumerate(keys.tolist()) if key not in known]
    failures = {}
    if new:
        part = cache.add(keys[new], _report(read(new), new, failures))
        if part is not None and not failures and len(new) == len(paths):
            return part[0], {}
        parts += [] if part is None else [(part[0], _rows_of(part[1]))]
    return _gather(parts, keys.tolist(), settings), failures


def _rows_of(keys):
    return {key: row for row, key in enumerate(keys.tolist()) if key}


def _report(chunks, new, failures):
    """Yield the images of every chunk and the places of the failures in `new`; add them to `failures`."""
    place = {row: i for i, row in enumerate(new)}
    for images, failed in chunks:
        failures.update(failed)
        yield images, [place[row] for row in failed]


def _gather(parts, keys, settings):
    images = np.empty((len(keys), *settings.shape), np.uint8)
    step = chunk_length(settings)
    todo = list(range(len(keys)))
    for stored, rows in parts:
        hits = [i for i in todo if keys[i] in rows]
        # In steps, because indexing with a list makes a copy on the way.
        for start in range(0, len(hits), step):
            some = hits[start : start + step]
            images[some] = stored[[rows[keys[i]] for i in some]]
        todo = [i for i in todo if keys[i] not in rows]
    return images
