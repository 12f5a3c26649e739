"""Splitters that stratify over all label columns, in scikit-learn's splitter protocol."""

import warnings
from numbers import Integral

import numpy as np
from sklearn.model_selection import BaseShuffleSplit

# Private, but scikit-learn's own rules and messages for n_splits and sizes, unchanged since 0.18.
from sklearn.model_selection._split import _BaseKFold, _validate_shuffle_split
from sklearn.utils import check_random_state

from ._coverage import keep_classes
from ._label_cells import read_cells
from ._stratification import deal_rows

__all__ = ["MultiTaskStratifiedKFold", "MultiTaskStratifiedShuffleSplit"]


class MultiTaskStratifiedKFold(_BaseKFold):
    """K folds in which every class of every task has its share.

    Fold sizes are those of :class:`~sklearn.model_selection.KFold`: they differ by at most one row, the first folds
    being the larger. Cells without a label are spread evenly over the folds as well. A class with at least two labels
    is in the training part of every split; where the labels make that impossible, a warning names the class.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2 and at most `n_samples`.
    shuffle : bool, default=False
        Whether to shuffle the rows first. Without it the folds depend on the data alone.
    random_state : int, RandomState instance or None, default=None
        Seed of the shuffling. Only with ``shuffle=True``.
    missing_label : scalar, default=None
        One more marker for "no label", besides NaN, None, ``pd.NA`` and NaT.

    See Also
    --------
    MultiTaskStratifiedShuffleSplit : Random splits of a given size.

    References
    ----------
    Sechidis, Tsoumakas and Vlahavas (2011), On the Stratification of Multi-label Data, ECML PKDD.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.model_selection import MultiTaskStratifiedKFold
    >>> y = [["cat", 0], ["cat", 1], ["dog", 0], ["dog", None], ["cat", 1], ["dog", 0]]
    >>> for train, test in MultiTaskStratifiedKFold(n_splits=2).split(np.zeros((6, 1)), y):
    ...     print(train, test)
    [3 4 5] [0 1 2]
    [0 1 2] [3 4 5]
    """

    def __init__(self, n_splits=5, *, shuffle=False, random_state=None, missing_label=None):
        super().__init__(n_splits=_check_n_splits(n_splits), shuffle=shuffle, random_state=random_state)
        self.missing_label = missing_label

    def split(self, X, y, groups=None):
        """Generate train and test rows of every fold.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Only its length matters.
        y : array-like of shape (n_samples,) or (n_samples, n_tasks)
            Labels, one column per task; array, list, Series or DataFrame.
        groups : object
            Ignored, with a warning.

        Yields
        ------
        train : ndarray of int
            Training rows, ascending.
        test : ndarray of int
            Test rows, ascending.

        Raises
        ------
        ValueError
            If X and y differ in length, if there are fewer rows than folds, or if a column of y is continuous.
        """
        _warn_groups(self, groups)
        yield from super().split(X, y)

    def _iter_test_masks(self, X=None, y=None, groups=None):
        label_cells = read_cells(y, self.missing_label)
        n_samples = len(label_cells.cells)
        order = np.arange(n_samples)
        if self.shuffle:
            order = check_random_state(self.random_state).permutation(n_samples)
        sizes = np.full(self.n_splits, n_samples // self.n_splits)
        sizes[: n_samples % self.n_splits] += 1
        folds = np.empty(n_samples, dtype=np.int64)
        folds[order] = deal_rows(label_cells.cells[order], sizes, shares=np.ones(self.n_splits))
        folds = keep_classes(label_cells, folds, held_out=np.arange(self.n_splits))
        for fold in range(self.n_splits):
            yield folds == fold


class MultiTaskStratifiedShuffleSplit(BaseShuffleSplit):
    """Random splits in which every class of every task has its share.

    The sizes are exactly those of :class:`~sklearn.model_selection.ShuffleSplit`. Cells without a label are spread in
    proportion as well. A class with at least two labels is in the training part of every split; where the labels or
    the sizes make that impossible, a warning names the class.

    Parameters
    ----------
    n_splits : int, default=10
        Number of splits, at least 1.
    test_size : float or int, default=None
        Share (between 0 and 1) or number of test rows. None: what `train_size` leaves, 0.1 if that is None too.
    train_size : float or int, default=None
        Share (between 0 and 1) or number of training rows. None: what `test_size` leaves.
    random_state : int, RandomState instance or None, default=None
        Seed of the splits.
    missing_label : scalar, default=None
        One more marker for "no label", besides NaN, None, ``pd.NA`` and NaT.

    See Also
    --------
    multi_task_train_test_split : One such split of several arrays.

    References
    ----------
    Sechidis, Tsoumakas and Vlahavas (2011), On the Stratification of Multi-label Data, ECML PKDD.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.model_selection import MultiTaskStratifiedShuffleSplit
    >>> y = np.array([["cat", "in"], ["cat", "out"], ["dog", "in"], ["dog", "out"]] * 3)
    >>> cv = MultiTaskStratifiedShuffleSplit(n_splits=1, test_size=4, random_state=0)
    >>> train, test = next(cv.split(y, y))
    >>> sorted(y[test].tolist())
    [['cat', 'in'], ['cat', 'out'], ['dog', 'in'], ['dog', 'out']]
    """

    def __init__(self, n_splits=10, *, test_size=None, train_size=None, random_state=None, missing_label=None):
        super().__init__(
            _check_n_splits(n_splits), test_size=test_size, train_size=train_size, random_state=random_state
        )
        self.missing_label = missing_label

    def split(self, X, y, groups=None):
        """Generate train and test rows of every split.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Only its length matters.
        y : array-like of shape (n_samples,) or (n_samples, n_tasks)
            Labels, one column per task; array, list, Series or DataFrame.
        groups : object
            Ignored, with a warning.

        Yields
        ------
        train : ndarray of int
            Training rows, in random order.
        test : ndarray of int
            Test rows, in random order.

        Raises
        ------
        ValueError
            If X and y differ in length, if the sizes do not fit, or if a column of y is continuous.
        """
        _warn_groups(self, groups)
        yield from super().split(X, y)

    def _iter_indices(self, X, y=None, groups=None):
        label_cells = read_cells(y, self.missing_label)
        n_samples = len(label_cells.cells)
        n_train, n_test = _validate_shuffle_split(
            n_samples, self.test_size, self.train_size, default_test_size=self._default_test_size
        )
        sizes = [n_train, n_test, n_samples - n_train - n_test]
        random_state = check_random_state(self.random_state)
        for _ in range(self.n_splits):
            order = random_state.permutation(n_samples)
            parts = np.empty(n_samples, dtype=np.int64)
            parts[order] = deal_rows(label_cells.cells[order], sizes)
            parts = keep_classes(label_cells, parts, held_out=np.array([-1, 0, 0]))
            yield order[parts[order] == 0], order[parts[order] == 1]


def _check_n_splits(n_splits):
    if not isinstance(n_splits, Integral) or isinstance(n_splits, bool) or n_splits < 1:
        raise ValueError(f"n_splits must be a positive integer. Got {n_splits!r} instead.")
    return int(n_splits)


def _warn_groups(splitter, groups):
    if groups is not None:
        warnings.warn(
            f"The groups parameter is ignored by {type(splitter).__name__}: rows of one group may be on both sides.",
            UserWarning,
            stacklevel=3,
        )
