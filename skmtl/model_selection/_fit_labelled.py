"""Training on the rows that have a label."""

import numpy as np
from sklearn.utils.validation import _check_method_params

from ._fit_params import passed_on
from ._task_subset import take_rows

__all__ = ["fit_labelled"]


def fit_labelled(estimator, X, y, fit_params, rows=None):
    """Fit on the rows with a label of any task, and return the estimator.

    Rows without one teach nothing, and most single-task classifiers refuse them.

    Parameters
    ----------
    estimator : classifier
        Is fitted.
    X : array-like, or mapping task -> array-like
        Input.
    y : Series or DataFrame of shape (n_samples,) or (n_samples, n_tasks)
        From `subset`.
    fit_params : dict
        From `read_fit_params`; what has one entry per row is cut with the rows.
    rows : ndarray of int, default=None
        Those to train on; None: all, as they are where all have a label.

    Raises
    ------
    ValueError
        If a task has no label in them; whatever the estimator raises.
    """
    labelled = y.notna().to_numpy().reshape(len(y), -1)
    _check_labels(y, labelled if rows is None else labelled[rows])
    labelled = labelled.any(axis=1)
    if rows is None and labelled.all():
        return estimator.fit(X, y, **passed_on(estimator, fit_params))
    rows = np.flatnonzero(labelled) if rows is None else rows[labelled[rows]]
    own = _check_method_params(labelled, fit_params, rows)
    # Objects for want of another way to have no label; scikit-learn's classifiers refuse numbers among them.
    y = y.iloc[rows].infer_objects()
    return estimator.fit(take_rows(X, rows), y, **passed_on(estimator, own))


def _check_labels(y, labelled):
    for name, known in zip(y.columns if y.ndim == 2 else [y.name], labelled.any(axis=0), strict=True):
        if not known:
            raise ValueError(
                f"Task {name!r} has no label in the {len(labelled)} rows of a split to train on: use splits such as "
                "MultiTaskStratifiedKFold, which share out the labels of every task, or drop this column of y."
            )
