"""MNIST's own file format, IDX: a magic number, the shape, the bytes."""

import gzip
import os
import zlib
from pathlib import Path

import numpy as np

__all__ = ["read_split"]

PREFIXES = {"train": "train", "test": "t10k"}
# 0, 0, unsigned byte (8), number of axes: what the first four bytes say.
KINDS = {"images": ("idx3", 3), "labels": ("idx1", 1)}


def read_split(folder, subset):
    """Read the images and labels of one MNIST split.

    Parameters
    ----------
    folder : str or path-like
        Where the files are, named ``train-images-idx3-ubyte`` or ``train-images.idx3-ubyte``
        (and so on), plain or with ``.gz``.
    subset : {"train", "test"}
        Which split.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width), uint8
    labels : ndarray of shape (n_samples,), int64

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If the folder or a file is missing.
    ValueError
        If a file is not what it should be.
    """
    folder = Path(os.fspath(folder)).expanduser()
    if not folder.exists():
        raise FileNotFoundError(f"folder {str(folder)!r} does not exist: pass the folder that holds the IDX files.")
    if not folder.is_dir():
        raise NotADirectoryError(f"folder {str(folder)!r} is a file: pass the folder that holds the IDX files.")
    files = {kind: _find(folder, subset, kind) for kind in KINDS}
    images, labels = (_read(files[kind], axes) for kind, (_, axes) in KINDS.items())
    if len(images) != len(labels):
        raise ValueError(
            f"{files['images']} has {len(images)} images, but {files['labels']} has {len(labels)} labels: "
            "take both files from the same source."
        )
    return images, labels.astype(np.int64)


def _find(folder, subset, kind):
    stem, idx = f"{PREFIXES[subset]}-{kind}", KINDS[kind][0]
    names = [f"{stem}{mark}{idx}-ubyte{end}" for end in ("", ".gz") for mark in "-."]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(
        f"folder {str(folder)!r} has no {kind} of the {subset} split: expected one of the files {', '.join(names)}."
    )


def _read(file, n_axes):
    content = _content(file)
    magic = bytes([0, 0, 8, n_axes])
    if content[:4] != magic:
        raise ValueError(
            f"{file} is not an IDX file of unsigned bytes with {n_axes} axes: expected the magic number "
            f"0x{magic.hex()}, found 0x{content[:4].hex()}. Download the file again."
        )
    header = 4 + 4 * n_axes
    shape = tuple(np.frombuffer(content[4:header].ljust(4 * n_axes, b"\0"), dtype=">u4").tolist())
    expected = header + int(np.prod(shape))
    if len(content) != expected or len(content) < header:
        raise ValueError(
            f"{file} is damaged: for the shape {shape} expected {expected} bytes, found {len(content)}. "
            "Download the file again."
        )
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)


def _content(file):
    if file.suffix != ".gz":
        return file.read_bytes()
    try:
        return gzip.decompress(file.read_bytes())
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{file} is not a whole gzip file ({error}). Download the file again.") from error
