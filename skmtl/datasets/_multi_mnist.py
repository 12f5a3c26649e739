"""MultiMNIST as Sener and Koltun (2018) build it: two overlapping MNIST digits, left and right."""

import os
from numbers import Integral, Real

import numpy as np
from sklearn.datasets import fetch_openml
from sklearn.utils._param_validation import Interval, validate_params

from .._validation import check_option
from ._bunch import as_random_state, pack
from ._idx import read_split

__all__ = ["fetch_multi_mnist", "load_multi_mnist"]

SIDE = 28
CANVAS = 36
N_TRAIN, N_TEST = 60_000, 10_000

DESCR = """\
MultiMNIST
----------
Two MNIST digits on one 28x28 image. For every image i of the split a partner j is drawn uniformly
from the same split; i lies at rows and columns 0 to 27 of a 36x36 canvas, j at 6 to 33, the
brighter pixel wins, and nearest neighbours shrink the canvas to 28x28.
Pixels: uint8, 0 (paper) to 255 (ink). Tasks: left (digit i) and right (digit j), 0 to 9.
source: for every image, i and j, the rows of its digits in the MNIST split.
Sources: Y. LeCun, C. Cortes, C. Burges, the MNIST database; O. Sener, V. Koltun (2018),
Multi-Task Learning as Multi-Objective Optimization, NeurIPS.
"""


@validate_params(
    {
        "folder": [str, os.PathLike],
        "random_state": ["random_state"],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def load_multi_mnist(folder, *, subset="train", random_state=0, return_X_y=False, as_frame=False):
    """Build MultiMNIST from MNIST's IDX files.

    Parameters
    ----------
    folder : str or path-like
        Folder of the four MNIST files, such as ``train-images-idx3-ubyte``; a dot before
        ``idx3`` and gzip (``.gz``) are understood. Only the two files of `subset` are read.
    subset : {"train", "test"}, default="train"
        Which MNIST split to pair up: 60,000 or 10,000 images, as many as the split has.
    random_state : int, RandomState instance or None, default=0
        Seed of the partners. An int gives the same arrays in every call, None new ones.
    return_X_y : bool, default=False
        Whether to return ``(images, target)`` only.
    as_frame : bool, default=False
        Whether the target is a DataFrame with one column per task.

    Returns
    -------
    data : Bunch, or (images, target) if `return_X_y`
        images : ndarray of shape (n_samples, 28, 28), uint8
            0 to 255.
        target : ndarray or DataFrame of shape (n_samples, 2), int64
            The left and the right digit.
        task_names : list
            ``["left", "right"]``.
        target_names : list of ndarray
            Every task's classes.
        source : ndarray of shape (n_samples, 2)
            Rows of the left and the right digit in the MNIST split.
        DESCR : str
            Description.
        frame : DataFrame
            Target, ``source_left`` and ``source_right``; with `as_frame` only.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If the folder or a file is missing; the message says which.
    ValueError
        If a file is damaged or not MNIST.

    References
    ----------
    Sener and Koltun (2018), Multi-Task Learning as Multi-Objective Optimization, NeurIPS.

    Examples
    --------
    >>> from skmtl.datasets import load_multi_mnist
    >>> train = load_multi_mnist("mnist", subset="train")  # doctest: +SKIP
    >>> train.images.shape  # doctest: +SKIP
    (60000, 28, 28)
    """
    check_option("subset", subset, ("train", "test"))
    images, labels = read_split(folder, subset)
    if images.shape[1:] != (SIDE, SIDE) or not len(images):
        raise ValueError(
            f"folder {str(folder)!r} holds images of shape {images.shape}, but MNIST has (n_samples, {SIDE}, {SIDE}): "
            "pass a folder with MNIST files."
        )
    return _build(images, labels, random_state, return_X_y, as_frame)


@validate_params(
    {
        "data_home": [str, os.PathLike, None],
        "n_retries": [Interval(Integral, 1, None, closed="left")],
        "delay": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_multi_mnist(
    data_home=None,
    *,
    subset="train",
    n_retries=3,
    delay=1.0,
    random_state=0,
    return_X_y=False,
    as_frame=False,
):
    """Download MNIST from OpenML, once, and build MultiMNIST from it.

    Parameters
    ----------
    data_home : str, path-like or None, default=None
        Folder of the cache; None is scikit-learn's own, ``~/scikit_learn_data``.
    subset : {"train", "test"}, default="train"
        Which MNIST split to pair up: 60,000 or 10,000 images.
    n_retries : int, default=3
        Attempts when the network fails.
    delay : float, default=1.0
        Seconds between attempts.
    random_state : int, RandomState instance or None, default=0
        Seed of the partners. An int gives the same arrays in every call, None new ones.
    return_X_y : bool, default=False
        Whether to return ``(images, target)`` only.
    as_frame : bool, default=False
        Whether the target is a DataFrame with one column per task.

    Returns
    -------
    data : Bunch, or (images, target) if `return_X_y`
        As from :func:`load_multi_mnist`: the same images for the same `random_state`.

    Raises
    ------
    OSError
        If OpenML cannot be reached and the cache is empty.

    See Also
    --------
    load_multi_mnist : The same from MNIST's own files, without a network.

    References
    ----------
    OpenML data set 554, ``mnist_784`` version 1.

    Examples
    --------
    >>> from skmtl.datasets import fetch_multi_mnist
    >>> X, y = fetch_multi_mnist(subset="test", return_X_y=True)  # doctest: +SKIP
    >>> X.shape, y.shape  # doctest: +SKIP
    ((10000, 28, 28), (10000, 2))
    """
    check_option("subset", subset, ("train", "test"))
    images, labels = _fetch(data_home, n_retries, delay)
    # OpenML keeps MNIST's order: the training split first.
    part = slice(None, N_TRAIN) if subset == "train" else slice(N_TRAIN, None)
    return _build(images[part], labels[part], random_state, return_X_y, as_frame)


def _fetch(data_home, n_retries, delay):
    try:
        mnist = fetch_openml(
            "mnist_784", version=1, data_home=data_home, as_frame=False, n_retries=n_retries, delay=delay
        )
    except OSError as error:
        raise OSError(
            f"fetch_multi_mnist could not get MNIST from OpenML ({error}): check the network, or read MNIST's own "
            "files with load_multi_mnist(folder)."
        ) from error
    if mnist.data.shape != (N_TRAIN + N_TEST, SIDE * SIDE):
        raise ValueError(
            f"OpenML's mnist_784 has shape {mnist.data.shape}, but {(N_TRAIN + N_TEST, SIDE * SIDE)} was expected: "
            "clear the cache in data_home and fetch again."
        )
    return mnist.data.astype(np.uint8).reshape(-1, SIDE, SIDE), mnist.target.astype(np.int64)


def _build(images, labels, random_state, return_X_y, as_frame):
    partner = as_random_state(random_state).randint(len(images), size=len(images))
    source = np.column_stack([np.arange(len(images)), partner])
    columns = {"left": labels, "right": labels[partner]}
    return pack(
        _overlay(images, images[partner]),
        columns,
        facts={"source": source},
        descr=DESCR,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


def _overlay(left, right):
    """Return left and right digits (n, 28, 28) on one 36x36 canvas, shrunk to 28x28."""
    canvas = np.zeros((len(left), CANVAS, CANVAS), dtype=np.uint8)
    canvas[:, :SIDE, :SIDE] = left
    corner = canvas[:, 6 : 6 + SIDE, 6 : 6 + SIDE]
    np.maximum(corner, right, out=corner)
    nearest = ((np.arange(SIDE) + 0.5) * CANVAS / SIDE).astype(int)
    return canvas[:, nearest[:, None], nearest]
