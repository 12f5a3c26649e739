"""One stratified split of several arrays."""

from sklearn.model_selection._split import _validate_shuffle_split
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.validation import _num_samples

from ._split import MultiTaskStratifiedShuffleSplit

__all__ = ["multi_task_train_test_split"]


def multi_task_train_test_split(
    *arrays, stratify, test_size=None, train_size=None, random_state=None, missing_label=None
):
    """Split arrays into a training and a test part in which every class of every task has its share.

    The counterpart of :func:`~sklearn.model_selection.train_test_split` for several label columns and missing labels.

    Parameters
    ----------
    *arrays : sequence of array-like of the same length
        Lists, arrays of any number of axes, sparse matrices, Series or DataFrames.
    stratify : array-like of shape (n_samples,) or (n_samples, n_tasks)
        The labels to stratify over, usually `y`.
    test_size : float or int, default=None
        Share (between 0 and 1) or number of test rows. None: what `train_size` leaves, 0.25 if that is None too.
    train_size : float or int, default=None
        Share (between 0 and 1) or number of training rows. None: what `test_size` leaves.
    random_state : int, RandomState instance or None, default=None
        Seed of the split.
    missing_label : scalar, default=None
        One more marker for "no label" in `stratify`, besides NaN, None, ``pd.NA`` and NaT.

    Returns
    -------
    list, length 2 * len(arrays)
        ``first_train, first_test, second_train, second_test, ...``, each of the type of its array.

    Raises
    ------
    ValueError
        If there is no array, if lengths differ, if a size does not fit or if a column of `stratify` is continuous.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.model_selection import multi_task_train_test_split
    >>> X, y = np.arange(8).reshape(8, 1), np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 2)
    >>> X_train, X_test, y_train, y_test = multi_task_train_test_split(X, y, stratify=y, test_size=0.5, random_state=0)
    >>> y_train.mean(axis=0), y_test.mean(axis=0)
    (array([0.5, 0.5]), array([0.5, 0.5]))
    """
    if not arrays:
        raise ValueError("No array to split: pass at least one, as in multi_task_train_test_split(X, y, stratify=y).")
    if stratify is None:
        raise ValueError(
            "stratify is None, but the labels to stratify over were expected: pass stratify=y, or use "
            "sklearn.model_selection.train_test_split for a split without stratification."
        )
    arrays = indexable(*arrays)
    n_train, n_test = _validate_shuffle_split(_num_samples(arrays[0]), test_size, train_size, default_test_size=0.25)
    cv = MultiTaskStratifiedShuffleSplit(
        n_splits=1, test_size=n_test, train_size=n_train, random_state=random_state, missing_label=missing_label
    )
    train, test = next(cv.split(arrays[0], stratify))
    return [_safe_indexing(array, rows) for array in arrays for rows in (train, test)]
