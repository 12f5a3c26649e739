"""One file -> one array, or the reason why not."""

import os

import numpy as np
from PIL import Image, UnidentifiedImageError

from ._pixels import PixelError, shrink_early, to_mode, to_size

__all__ = ["UnreadableFileError", "read_file"]


class UnreadableFileError(Exception):
    """Why no image comes of a file.

    Parameters
    ----------
    reason : str
        What is wrong with the file, as the end of a sentence.
    remedy : str
        What to do, a sentence.
    missing : bool, default=False
        Whether there is no such file.
    """

    def __init__(self, reason, remedy, missing=False):
        super().__init__(reason, remedy, missing)
        self.reason, self.remedy, self.missing = reason, remedy, missing


def read_file(path, settings):
    """Read one image.

    Parameters
    ----------
    path : str
        Any file that Pillow reads.
    settings : Settings
        Size, mode and how to get there.

    Returns
    -------
    ndarray of shape `settings.shape`, uint8

    Raises
    ------
    UnreadableFileError
        If no image comes of the file.
    """
    try:
        with Image.open(path) as image:
            _check_pixels(image.size, settings.max_pixels)
            shrink_early(image, settings)
            return np.asarray(to_size(to_mode(image, settings), settings))
    except (UnreadableFileError, MemoryError):
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        where = "" if os.path.isabs(path) else f" from the current folder {os.getcwd()!r}"
        raise UnreadableFileError("there is no such file", f"Check the path{where}, and base_folder.", True) from error
    # Decoders raise anything at damaged bytes: SyntaxError, struct.error, IndexError ...
    except Exception as error:
        raise _explain(error, path) from error


def _check_pixels(size, most):
    width, height = size
    if width * height > most:
        raise UnreadableFileError(
            f"it has {height} x {width} = {height * width} pixels, more than max_pixels={most}",
            "Raise max_pixels if you trust the file, or shrink it.",
        )


def _explain(error, path):
    if isinstance(error, Image.DecompressionBombError):
        return UnreadableFileError(
            f"it has more pixels than Pillow opens ({error})",
            "If you trust the file, raise PIL.Image.MAX_IMAGE_PIXELS and max_pixels.",
        )
    if isinstance(error, PixelError):
        return UnreadableFileError(str(error), "Scale them to 0 to 255, and save the file with 8 bits a channel.")
    if os.path.isdir(path):
        return UnreadableFileError("it is a folder", "Name the files in it.")
    if isinstance(error, UnidentifiedImageError):
        empty = os.path.exists(path) and not os.path.getsize(path)
        return UnreadableFileError("it is empty" if empty else "it is not an image that Pillow knows", "Replace it.")
    if isinstance(error, PermissionError):
        return UnreadableFileError("you may not read it", "Change its permissions.")
    return UnreadableFileError(f"it is truncated or damaged ({type(error).__name__}: {error})", "Replace it.")
