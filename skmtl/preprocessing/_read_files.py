"""Many files -> one array, some at a time, in threads."""

import math
import warnings

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from PIL import Image
from tqdm.auto import tqdm

from ._read_file import UnreadableFileError, read_file

__all__ = ["chunk_length", "read_chunks"]

MOST_BYTES = 32 * 2**20
FEWEST_ROWS, MOST_ROWS = 32, 256


def chunk_length(settings):
    """Return how many images to hold at a time: enough for all threads, few enough for memory and progress."""
    return int(np.clip(MOST_BYTES // math.prod(settings.shape), FEWEST_ROWS, MOST_ROWS))


def read_chunks(paths, rows, settings, images=None, *, n_jobs=None, verbose=0):
    """Read files chunk by chunk.

    Parameters
    ----------
    paths : list of str
        All files.
    rows : sequence of int
        Which of them to read.
    settings : Settings
        Size, mode and how to get there.
    images : ndarray of shape (len(rows), ...), uint8, default=None
        Where to write. None: into one buffer, which the next chunk overwrites.
    n_jobs : int, default=None
        Number of threads.
    verbose : int, default=0
        Whether to show a progress bar.

    Yields
    ------
    chunk : ndarray of shape (n, ...), uint8
        The next images; those of unreadable files are zeros.
    failures : dict of int -> UnreadableFileError
        Rows of the unreadable files in this chunk.
    """
    step = chunk_length(settings)
    buffer = np.empty((min(step, len(rows)), *settings.shape), np.uint8) if images is None else None
    # Processes would write into copies. effective_n_jobs keeps the number of a surrounding context of processes.
    threads = Parallel(effective_n_jobs(n_jobs), require="sharedmem")
    with threads, tqdm(total=len(rows), desc="read", unit="image", disable=not verbose, leave=False) as bar:
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            chunk = buffer[: len(part)] if images is None else images[start : start + step]
            # Once for all threads, whose filters are the same in Python before 3.14.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
                errors = threads(delayed(_read_into)(chunk, i, paths[row], settings) for i, row in enumerate(part))
            bar.update(len(part))
            yield chunk, {row: error for row, error in zip(part, errors, strict=True) if error is not None}


def _read_into(chunk, i, path, settings):
    try:
        chunk[i] = read_file(path, settings)
    except UnreadableFileError as error:
        chunk[i] = 0
        # The frames of the tracebacks would keep the images of the decoder alive.
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)
    return None
