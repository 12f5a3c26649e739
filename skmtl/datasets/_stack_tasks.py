"""Data sets with a task each -> one data set with missing labels."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np

from .._resize import check_size
from .._validation import check_option
from ._image_form import MODES
from ._stack_images import read_images, stack_images
from ._stack_labels import name_columns, stack_labels

__all__ = ["stack_tasks"]


def stack_tasks(parts, *, size=None, mode=None, channel_axis="auto"):
    """Stack data sets that each have labels for their own task.

    The rows of all parts come one below the other; every row keeps the labels that its part has,
    and lacks those of the other tasks. A network trained on the result shares its trunk among data
    sets that have no image in common.

    Parameters
    ----------
    parts : mapping of key -> (X, y)
        X : array-like of shape (n_samples, ...), images, signals, volumes or flat rows; of one dtype in
        all parts, with any number of samples. y : array-like of shape (n_samples,) or (n_samples, n_tasks).
        A 1-D y, a Series included, is a task named by the key. Columns of a data frame keep their
        names, and columns of the same name in several parts are one task. Columns of an array are called
        ``"<key>_0"``, ``"<key>_1"``, ..., which must not be names of other parts' tasks; a single one has the
        key's name. NaN, None, ``pd.NA`` and NaT are missing labels here too.
    size : int or (height, width), default=None
        Size in pixels to resize all images to (see Notes). None demands images of one size.
    mode : {"L", "RGB"}, default=None
        What to convert all images to: grey ``(n, height, width)``, weighted by ITU-R BT.601 as in Pillow,
        or RGB, grey ones repeated. None demands the same channels. Channels come where the first
        part with channels has them, last if none has.
    channel_axis : {"auto"} or int, default="auto"
        Channel axis of X with four axes, the samples being axis 0; read with `size` or `mode` only, where
        ``"auto"`` takes the axis of an image of size at most 4.

    Returns
    -------
    X : ndarray of shape (n_samples, ...)
        A copy, in the dtype of the parts.
    y : DataFrame of shape (n_samples, n_tasks)
        Labels, predicted in the type they came in: integers and booleans with missing labels are
        pandas' nullable ones.
    origin : ndarray of shape (n_samples,)
        The key of every row's part, to stratify a split by or to look up a part's rows.

    Raises
    ------
    TypeError
        If `parts` is no mapping, or one of its values no pair.
    ValueError
        If there is no part, lengths, dtypes or shapes differ, a made-up name is another part's, or labels of one
        task are of different types.

    Notes
    -----
    Images are resized by Pillow's antialiased bilinear filter, each channel alone. All but uint8 pass through
    32-bit floats; the dtype and the range stay. Resized classes of images still differ in sharpness: where parts
    share a task, the network can tell them apart by it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from skmtl.datasets import load_two_digits, stack_tasks
    >>> digits, (X_pair, y_pair) = load_digits(), load_two_digits(100, return_X_y=True, as_frame=True)
    >>> X_digit = (digits.images * 15).astype(np.uint8)
    >>> X, y, origin = stack_tasks({"digit": (X_digit, digits.target), "pair": (X_pair, y_pair)}, size=(8, 16))
    >>> X.shape, X.dtype
    ((1897, 8, 16), dtype('uint8'))
    >>> y.groupby(origin).count()
           digit  left  right
    digit   1797     0      0
    pair       0   100    100
    """
    size = None if size is None else check_size(size)
    if mode is not None:
        check_option("mode", mode, tuple(MODES))
    _check_channel_axis(channel_axis, unused=size is None and mode is None)
    images, labels = {}, {}
    for key, (X, y) in _pairs(parts).items():
        try:
            images[key], labels[key] = read_images(X), name_columns(key, y)
            _check_lengths(len(images[key]), labels[key].n_samples)
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"parts[{key!r}]: {error}") from error
    y = stack_labels(labels)
    return stack_images(images, size, mode, channel_axis), y, _origin(images)


def _pairs(parts):
    if not isinstance(parts, Mapping):
        raise TypeError(
            f"parts must be a mapping from a name to (X, y). Got {type(parts).__name__} instead: "
            'pass {"a": (X_a, y_a), "b": (X_b, y_b)}.'
        )
    if not parts:
        raise ValueError('parts is empty: pass at least one data set, as in {"digit": (X, y)}.')
    for key, part in parts.items():
        if not isinstance(part, (tuple, list)) or len(part) != 2:
            found = f"{type(part).__name__} of {len(part)}" if isinstance(part, (tuple, list)) else type(part).__name__
            raise TypeError(f"parts[{key!r}] must be a pair (X, y), images and their labels. Got {found} instead.")
    return parts


def _check_channel_axis(channel_axis, unused):
    if isinstance(channel_axis, bool) or not (channel_axis == "auto" or isinstance(channel_axis, Integral)):
        raise ValueError(f"channel_axis must be 'auto' or an int. Got {channel_axis!r} instead.")
    if unused and channel_axis != "auto":
        raise ValueError(
            f"channel_axis={channel_axis} has no use without size or mode, since images of one shape are stacked as "
            "they are: leave it out, and give it to the estimator."
        )


def _check_lengths(n_images, n_labels):
    if n_images != n_labels:
        raise ValueError(f"X has {n_images} rows, but y has {n_labels}: pass one row of labels per image.")


def _origin(images):
    keys, counts = list(images), [len(rows) for rows in images.values()]
    if len({type(key) for key in keys}) == 1 and isinstance(keys[0], (str, int)):
        return np.repeat(np.array(keys), counts)
    as_they_are = np.empty(len(keys), dtype=object)
    for i, key in enumerate(keys):
        as_they_are[i] = key
    return np.repeat(as_they_are, counts)
