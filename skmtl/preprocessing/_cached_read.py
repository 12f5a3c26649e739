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
    names, new = keys.tolist(), list(range(len(keys)))
    images, failures = None, {}
    # One part open at a time, and closed again: a stream of lists leaves more of them than a process may open.
    for stored, found in cache.parts():
        rows = _rows_of(found)
        hits = [i for i in new if names[i] in rows]
        if hits:
            images = np.empty((len(keys), *settings.shape), np.uint8) if images is None else images
            _copy(stored, [rows[names[i]] for i in hits], images, hits, chunk_length(settings))
            new = [i for i in new if names[i] not in rows]
    if not new:
        return images, {}
    part = cache.add(keys[new], _report(read(new), new, failures))
    if part is not None and len(new) == len(keys) and not failures:
        return part[0], {}
    images = np.empty((len(keys), *settings.shape), np.uint8) if images is None else images
    if part is not None:
        _copy(part[0], range(len(new)), images, new, chunk_length(settings))
    return images, failures


def _rows_of(keys):
    return {key: row for row, key in enumerate(keys.tolist()) if key}


def _report(chunks, new, failures):
    """Yield the images of every chunk and the places of the failures in `new`; add them to `failures`."""
    place = {row: i for i, row in enumerate(new)}
    for images, failed in chunks:
        failures.update(failed)
        yield images, [place[row] for row in failed]


def _copy(stored, rows, images, places, step):
    """Write the `rows` of a part to these `places`, `step` at a time: indexing with a list makes a copy on the way."""
    for start in range(0, len(places), step):
        images[places[start : start + step]] = stored[list(rows[start : start + step])]
