"""Weights of single (sample, task) cells: sample weights, class weights, missing labels."""

from collections.abc import Mapping
from numbers import Real

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from .._targets import MISSING
from .._validation import did_you_mean, values_per_task
from .._weights import check_sample_weight

__all__ = ["cell_weights", "read_sample_weight", "resolve_class_weight"]


def read_sample_weight(sample_weight, targets, task_names, *, allow_zero=False):
    """Return sample weights as float64 of shape (n_samples,) or (n_samples, n_tasks), or None.

    Parameters
    ----------
    sample_weight : array-like or None
        Weights of samples or cells; see `check_sample_weight`.
    targets : Targets
        The labels they weigh.
    task_names : list
        The tasks as the model knows them, in the order of the result.
    allow_zero : bool, default=False
        Whether all weights may be 0.
    """
    columns = targets.names if targets.named else None
    if columns is not None and set(columns) != set(task_names):
        task_names = columns  # named labels for a model that knows its tasks by position: so are their weights
    return check_sample_weight(sample_weight, targets.n_samples, task_names, columns, allow_zero=allow_zero)


def resolve_class_weight(class_weight, task_names, classes):
    """Return one of None, "balanced" or a mapping label -> weight for every task."""
    if class_weight is None or isinstance(class_weight, str):
        per_task = [class_weight] * len(task_names)
    elif isinstance(class_weight, Mapping) and all(isinstance(v, Real) for v in class_weight.values()):
        _check_labels(class_weight, sorted({label for c in classes for label in c.tolist()}, key=str))
        return [{k: v for k, v in class_weight.items() if k in set(c.tolist())} or None for c in classes]
    elif isinstance(class_weight, (Mapping, list, tuple)):
        per_task = values_per_task("class_weight", class_weight, task_names)
    else:
        per_task = [class_weight]
    for entry, known in zip(per_task, [*classes, *classes[:1]], strict=False):
        if isinstance(entry, Mapping):
            _check_labels(entry, known.tolist())
        elif not (entry is None or (isinstance(entry, str) and entry == "balanced")):
            raise ValueError(
                "class_weight must be None, 'balanced', a mapping label -> weight, or one of these per task "
                f"(list, or mapping task -> ...). Got {entry!r} instead.{did_you_mean(entry, ['balanced'])}"
            )
    return per_task


def _check_labels(mapping, known):
    for label, weight in mapping.items():
        if label not in known:
            raise ValueError(
                f"class_weight names the label {label!r}, not among {known[:10]!r}.{did_you_mean(label, known)}"
            )
        if not isinstance(weight, Real) or not np.isfinite(weight) or weight < 0:
            raise ValueError(f"class_weight must be finite numbers >= 0. Got {weight!r} for label {label!r} instead.")


def cell_weights(codes, sample_weight, class_weights, classes, task_names, allow_empty=False):
    """Return the weight of every cell, averaging 1 over the samples for each task.

    Parameters
    ----------
    codes : ndarray of shape (n_samples, n_tasks)
        -1 = missing.
    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_tasks), or None
        As from `skmtl._weights.check_sample_weight`.
    class_weights : list of None, "balanced" or mapping
        As from `resolve_class_weight`.
    classes : list of ndarray
        Labels of every task.
    task_names : list
        For messages.
    allow_empty : bool, default=False
        Whether a task may have no weight at all (a chunk in ``partial_fit``).

    Returns
    -------
    ndarray of shape (n_samples, n_tasks), float64
    """
    weights = (codes != MISSING).astype(np.float64)
    if sample_weight is not None:
        weights *= sample_weight if sample_weight.ndim == 2 else sample_weight[:, None]
    for t, (entry, labels) in enumerate(zip(class_weights, classes, strict=True)):
        if entry is not None:
            labelled = codes[:, t] != MISSING
            by_class = _weight_by_class(entry, labels, codes[labelled, t])
            weights[labelled, t] *= by_class[codes[labelled, t]]
    totals = weights.sum(axis=0)
    if not allow_empty:
        for t in np.flatnonzero(totals == 0):
            raise ValueError(
                f"Every labelled cell of task {task_names[t]!r} has weight zero (sample_weight or class_weight), "
                "so it has no class to learn from: drop the task or raise a weight."
            )
    weights *= np.divide(len(codes), totals, out=np.zeros_like(totals), where=totals > 0)
    return weights


def _weight_by_class(entry, labels, codes):
    # scikit-learn balances only classes it sees; one may lie in rows of sample_weight 0 alone.
    seen = np.unique(codes) if isinstance(entry, str) else np.arange(len(labels))
    by_class = np.ones(len(labels))
    by_class[seen] = compute_class_weight(entry, classes=labels[seen], y=labels[codes])
    return by_class
