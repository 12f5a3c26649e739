"""Which class of every task is explained, image by image."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from .._targets import MISSING, TargetColumn, Targets, read_targets
from .._targets._labels import read_labels
from .._validation import resolve_task

__all__ = ["explained_codes"]


def explained_codes(target, classifier, picked, predicted):
    """Return the codes of the classes to explain, shape (n_samples, n_tasks).

    Parameters
    ----------
    target : "predicted", label, sequence, mapping or table
        See ``task_saliency``.
    classifier : MultiTaskCNNClassifier
        Fitted.
    picked : list of int
        The tasks that are explained; a single label is for these.
    predicted : ndarray of shape (n_samples, n_tasks)
        Codes of the predicted classes, which stand where `target` has no label.

    Raises
    ------
    ValueError
        If a label is unknown, or there is not one for every image or task.
    """
    if target is None or (isinstance(target, str) and target == "predicted"):
        return predicted
    try:
        targets = _read(target, classifier, picked, len(predicted))
        codes = classifier._encoder.encode(targets)
    except (TypeError, ValueError) as error:
        raise type(error)(f"target: {error}") from error
    return np.where(codes == MISSING, predicted, codes)


def _read(target, classifier, picked, n_samples):
    names, missing = classifier.task_names_, classifier.missing_label
    if _is_table(target):
        targets = read_targets(target, missing).aligned(names)
        if targets.n_samples != n_samples:
            raise ValueError(f"expected one row per image, {n_samples}. Got {targets.n_samples} rows instead.")
        columns = [replace(column, name=name) for column, name in zip(targets.columns, names, strict=True)]
        return Targets(columns, False, True, targets.dtype)
    given = _by_task(target, names, picked, n_samples)
    values = [_column(given.get(t), n_samples) for t in range(len(names))]
    columns = [TargetColumn(n, *read_labels(n, v, missing, True)) for n, v in zip(names, values, strict=True)]
    return Targets(columns, False, True, None)


def _is_table(target):
    if isinstance(target, (Mapping, str)):
        return False
    if isinstance(target, (list, tuple)):
        return any(isinstance(entry, (list, tuple, np.ndarray)) for entry in target)
    return len(getattr(target, "shape", ())) == 2


def _by_task(target, names, picked, n_samples):
    """Return a dict task index -> label, or labels of all images."""
    if isinstance(target, Mapping):
        return {resolve_task(task, names, "the mapping"): labels for task, labels in target.items()}
    if isinstance(target, str) or not hasattr(target, "__len__"):
        return dict.fromkeys(picked, target)
    if len(names) == 1 and len(target) == n_samples:
        return {0: target}
    if len(target) != len(names):
        raise ValueError(
            f"expected 'predicted', or one label for each of the {len(names)} tasks {list(names)!r}, or a table of "
            f"{n_samples} images and {len(names)} tasks. Got {len(target)} entries instead."
        )
    return dict(enumerate(np.asarray(target, dtype=object).tolist()))


def _column(labels, n_samples):
    column = np.empty(n_samples, dtype=object)
    if isinstance(labels, str) or not hasattr(labels, "__len__"):
        column[:] = [labels] * n_samples
        return column
    if len(labels) != n_samples:
        raise ValueError(f"expected one label, or one per image, {n_samples}. Got {len(labels)} labels instead.")
    column[:] = list(labels)
    return column
