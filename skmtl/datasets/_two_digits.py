"""Two of scikit-learn's real 8x8 digits on one canvas: read the left one and the right one."""

from collections.abc import Mapping
from numbers import Integral, Real

import numpy as np
from sklearn.datasets import load_digits
from sklearn.utils._param_validation import Interval, validate_params

from .._validation import check_option, values_per_task
from ._amounts import check_amounts
from ._bunch import as_random_state, pack

__all__ = ["load_two_digits"]

TASKS = ("left", "right")
SIDE = 8

DESCR = """\
Two digits
----------
Pairs of handwritten 8x8 digits (1,797 digits, sklearn.datasets.load_digits) on one canvas.
Pixels: uint8, 0 (paper) to 255 (ink), scaled from the 0 to 16 of the source.
Tasks: left and right, the digits 0 to 9.
source: for every image, the row of its left and its right digit in load_digits.
Source: E. Alpaydin, C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI.
"""


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "overlap": [Interval(Real, 0, 1, closed="left")],
        "shift": [Interval(Integral, 0, None, closed="left")],
        "missing_rate": [Interval(Real, 0, 1, closed="both"), "array-like", Mapping],
        "random_state": ["random_state"],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def load_two_digits(
    n_samples=2000,
    *,
    overlap=0.0,
    shift=0,
    missing_rate=0.0,
    subset="all",
    random_state=0,
    return_X_y=False,
    as_frame=False,
):
    """Load pairs of real handwritten digits, one beside the other.

    Both digits of an image are drawn uniformly, with replacement, from the 1,797 digits of
    :func:`sklearn.datasets.load_digits`; nothing is downloaded.

    A digit appears in many images. A random split of the *images* therefore shows the network
    digits in training that it meets again in the test, with another neighbour. For an honest
    test load the two halves with ``subset="train"`` and ``subset="test"``, which share no digit,
    or group the split by ``source``.

    Parameters
    ----------
    n_samples : int, default=2000
        Number of images.
    overlap : float in [0, 1), default=0.0
        Share of a digit's width that it has in common with its neighbour, in whole pixels
        (rounded down). Where digits meet, the brighter pixel wins.
    shift : int, default=0
        Each digit is moved at random by up to this many pixels up or down and left or right.
        The canvas grows by `shift` on every side; neighbours may come closer by ``2 * shift``.
    missing_rate : float, sequence of two floats or mapping, default=0.0
        Share of the labels that are missing, for both tasks or for each: ``(left, right)`` or
        ``{"right": 0.6}`` (tasks not named keep all their labels). Exactly
        ``round(rate * n_samples)`` cells, spread at random; a higher rate with the same
        `random_state` removes the same cells and more. Missing labels are NaN.
    subset : {"all", "train", "test"}, default="all"
        Which digits to draw from. ``"test"`` is every third digit of each class, ``"train"``
        the rest, whatever the `random_state`.
    random_state : int, RandomState instance or None, default=0
        Seed of the pairs, of their position and of the missing labels. An int gives the same
        arrays in every call, None new ones.
    return_X_y : bool, default=False
        Whether to return ``(images, target)`` only.
    as_frame : bool, default=False
        Whether the target is a DataFrame with one column per task.

    Returns
    -------
    data : Bunch, or (images, target) if `return_X_y`
        images : ndarray of shape (n_samples, height, width), uint8
            0 to 255; ``height = 8 + 2 * shift``,
            ``width = 16 - int(8 * overlap) + 2 * shift``.
        target : ndarray or DataFrame of shape (n_samples, 2)
            int64; float64 with NaN where labels are missing.
        task_names : list
            ``["left", "right"]``.
        target_names : list of ndarray
            Every task's classes.
        source : ndarray of shape (n_samples, 2)
            Rows of the left and the right digit in ``load_digits()``.
        DESCR : str
            Description.
        frame : DataFrame
            Target, ``source_left`` and ``source_right``; with `as_frame` only.

    Raises
    ------
    ValueError
        If a parameter is outside its range; the message names it.

    Examples
    --------
    >>> from skmtl.datasets import load_two_digits
    >>> data = load_two_digits(100)
    >>> data.images.shape, data.target.shape, data.task_names
    ((100, 8, 16), (100, 2), ['left', 'right'])
    >>> X_test, y_test = load_two_digits(50, subset="test", return_X_y=True, as_frame=True)
    >>> list(y_test)
    ['left', 'right']
    """
    check_amounts(shift=shift, missing_rate=missing_rate)
    rng = as_random_state(random_state)
    rates = _rates(missing_rate)
    digits = load_digits()
    source = rng.choice(_pool(digits.target, subset), size=(n_samples, 2))
    # Drawn even where shift is 0: the missing cells then do not depend on the shift.
    offsets = ((2 * shift + 1) * rng.uniform(size=(n_samples, 2, 2))).astype(int)
    ink = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    images = _paste(ink[source], offsets, SIDE - int(SIDE * overlap), shift)
    columns = {task: _drop(digits.target[source[:, t]], rates[t], rng) for t, task in enumerate(TASKS)}
    return pack(images, columns, facts={"source": source}, descr=DESCR, return_X_y=return_X_y, as_frame=as_frame)


def _rates(missing_rate):
    if isinstance(missing_rate, Real):
        return [missing_rate] * len(TASKS)
    rates = [0.0 if r is None else r for r in values_per_task("missing_rate", missing_rate, TASKS)]
    for task, rate in zip(TASKS, rates, strict=True):
        if not isinstance(rate, Real) or not 0 <= rate <= 1:
            raise ValueError(f"missing_rate of task {task!r} must be a float in the range [0.0, 1.0]. Got {rate!r}.")
    return rates


def _pool(labels, subset):
    """Return the rows of `labels` that `subset` may use, every third one of each class for the test."""
    check_option("subset", subset, ("all", "train", "test"))
    if subset == "all":
        return np.arange(len(labels))
    test = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        test[np.flatnonzero(labels == label)[2::3]] = True
    return np.flatnonzero(test if subset == "test" else ~test)


def _paste(pairs, offsets, step, shift):
    """Lay pairs (n, 2, 8, 8) on canvases, the right digit `step` pixels after the left one."""
    n_samples = len(pairs)
    images = np.zeros((n_samples, SIDE + 2 * shift, SIDE + step + 2 * shift), dtype=np.uint8)
    sample = np.arange(n_samples)[:, None, None]
    for t in range(2):
        rows = (offsets[:, t, 0, None] + np.arange(SIDE))[:, :, None]
        columns = (offsets[:, t, 1, None] + t * step + np.arange(SIDE))[:, None, :]
        images[sample, rows, columns] = np.maximum(images[sample, rows, columns], pairs[:, t])
    return images


def _drop(labels, rate, rng):
    # The order is drawn at every rate, so that one task's rate leaves the other's cells alone.
    order = rng.permutation(len(labels))
    n_missing = round(rate * len(labels))
    if n_missing:
        labels = labels.astype(float)
        labels[order[:n_missing]] = np.nan
    return labels
