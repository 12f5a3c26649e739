"""Probabilities of rows by models that were not trained on them."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.utils import indexable
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_method_params

from .._rows import distinct_images
from .._targets import MISSING, read_targets
from ..metrics._nested import as_asked, seen_cells
from ..metrics._responses import fitted_attribute
from ..model_selection import MultiTaskStratifiedKFold
from ..model_selection._repeated_splits import split_rows
from ..model_selection._task_subset import take_rows

__all__ = ["HeldOut", "of_fitted", "out_of_fold", "task_probabilities"]


@dataclass(frozen=True)
class HeldOut:
    """Probabilities of held-out rows beside their labels.

    Attributes
    ----------
    proba : list of ndarray of shape (n_held_out, n_classes)
        One array per task; NaN for classes that the model of the fold has not seen.
    codes : ndarray of shape (n_held_out, n_tasks)
        Labels.
    weights : ndarray of shape (n_held_out, n_tasks) or None
        Weights of the cells.
    """

    proba: list
    codes: np.ndarray
    weights: np.ndarray | None

    def labelled(self, task):
        """Return (probabilities, codes, weights or None) of the task's labelled rows.

        A row whose label no model could have known, for want of it in the other folds, says nothing.
        """
        codes, proba = self.codes[:, task], self.proba[task]
        rows = np.flatnonzero(codes != MISSING)
        rows = rows[np.isfinite(proba[rows, codes[rows]])]
        weights = None if self.weights is None else self.weights[rows, task]
        return np.nan_to_num(proba[rows]), codes[rows], weights


def of_fitted(estimator, X, cells):
    """Return the `HeldOut` of an estimator that was fitted on other rows.

    Parameters
    ----------
    estimator : fitted classifier
    X : array-like, or mapping task -> array-like
    cells : CodedCells
        The labels of X.
    """
    proba, seen = _predict(estimator, X, cells.encoder)
    return HeldOut(proba, np.where(seen, cells.codes, MISSING), cells.weights)


def out_of_fold(estimator, X, y, cells, *, cv, n_jobs, fit_params, split_params):
    """Return the `HeldOut` of every row that `cv` holds out, as often as it does.

    Parameters
    ----------
    estimator : classifier
        Cloned and fitted for every fold.
    X : array-like, or mapping task -> array-like
        Input.
    y : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Labels.
    cells : CodedCells
        The same labels.
    cv : int, splitter, iterable of (train, test) or None
        An int stands for `MultiTaskStratifiedKFold`, None for five folds.
    n_jobs : int or None
        Folds fitted at the same time.
    fit_params, split_params : dict
        For ``fit`` and ``split``; what has one entry per row is cut with the rows.

    Raises
    ------
    ValueError
        If a fold leaves a task without two classes to train on; before any training.
    """
    splits = _splits(cv, y, cells, split_params)
    if distinct_images(X) is None:
        (X,) = indexable(X)
    (y,) = indexable(y)
    rows = np.zeros((len(cells), 1))
    found = Parallel(n_jobs=n_jobs)(
        delayed(_fit_and_predict)(
            clone(estimator), X, y, train, test, _check_method_params(rows, fit_params, train), cells.encoder
        )
        for train, test in splits
    )
    proba, seen = zip(*found, strict=True)
    held_out = np.concatenate([test for _, test in splits])
    weights = None if cells.weights is None else cells.weights[held_out]
    codes = np.where(np.concatenate(seen), cells.codes[held_out], MISSING)
    return HeldOut([np.concatenate(parts) for parts in zip(*proba, strict=True)], codes, weights)


def _splits(cv, y, cells, split_params):
    """Return the folds, a list of (train, test), both row numbers."""
    if cv is None or isinstance(cv, Integral):
        # Labels that do not count, such as those of weight 0, are as good as none for the folds too.
        cv, y = MultiTaskStratifiedKFold(5 if cv is None else cv), cells.labels
    splits = split_rows(cv, y, **split_params)
    if not splits:
        raise ValueError("cv gives no split: pass an int, a splitter or a list of (train, test).")
    for k, (train, _) in enumerate(splits):
        for t, name, classes in cells.tasks:
            found = classes[np.setdiff1d(cells.codes[train, t], MISSING)].tolist()
            if len(found) < 2:
                raise ValueError(
                    f"cv leaves the task {name!r} {f'no label but {found[0]!r}' if found else 'no label'} to train on "
                    f"in split {k}, but a classifier needs two classes: use fewer or other splits, give the task more "
                    "labels, or drop this column of y."
                )
    return splits


def _fit_and_predict(estimator, X, y, train, test, fit_params, encoder):
    estimator.fit(take_rows(X, train), take_rows(y, train), **fit_params)
    return _predict(estimator, take_rows(X, test), encoder)


def _predict(estimator, X, encoder):
    """Return the probabilities of every task, and whether its cells have an image."""
    model, X = as_asked(estimator, X)
    seen = seen_cells(model, X, encoder.task_names_)
    proba = task_probabilities(model, X, encoder.classes_)
    return proba, np.ones((len(proba[0]), len(proba)), bool) if seen is None else seen > 0


def task_probabilities(estimator, X, classes):
    """Return an array (n_samples, n_classes) per task, its columns in the order of `classes`.

    Parameters
    ----------
    estimator : fitted classifier
        Its ``predict_proba`` returns an array for one task, and for several a list, or, as multi-label
        classifiers do, the probability of the second class.
    X : array-like
        Input.
    classes : list of ndarray
        The labels of every task; those the estimator does not know get NaN.
    """
    raw = estimator.predict_proba(X)
    known = fitted_attribute(estimator, "classes_")
    if not isinstance(raw, (list, tuple)):
        # Of several tasks, or of one that came as a column, an array holds P(second class) of each.
        alone = len(classes) == 1 and np.ndim(known[0]) == 0
        raw, known = ([raw], known) if alone else (np.asarray(raw).T, classes)
    known = [known] if np.ndim(known[0]) == 0 else known
    if len(raw) != len(classes):
        raise ValueError(
            f"predict_proba of {type(estimator).__name__} has {len(raw)} tasks, but y has {len(classes)}: "
            "pass an estimator of several tasks."
        )
    return [_in_order(np.asarray(p), own, k) for p, own, k in zip(raw, known, classes, strict=True)]


def _in_order(proba, known, classes):
    if proba.ndim == 1:
        proba = np.column_stack([1 - proba, proba])
    if np.array_equal(known, classes):
        return proba
    ordered = np.full((len(proba), len(classes)), np.nan)
    # Labels of one task, whatever the dtype they come in.
    labels = read_targets(np.asarray(known)).columns[0].labels.tolist()
    column = {label: j for j, label in enumerate(classes.tolist())}
    ordered[:, [column[label] for label in labels]] = proba
    return ordered
