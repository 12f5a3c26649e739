"""The labels and weights of every (sample, task) cell, as meta-estimators read them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.utils.validation import _num_samples

from .._rows import distinct_images, image_cells
from .._targets import MISSING, TargetEncoder, read_targets
from ._cell_weights import read_sample_weight

__all__ = ["CodedCells", "read_cells"]


@dataclass(frozen=True)
class CodedCells:
    """A target in codes.

    Attributes
    ----------
    encoder : TargetEncoder
        Codes <-> labels.
    codes : ndarray of shape (n_samples, n_tasks)
        -1 (`MISSING`) where a cell has no label, no image or weight 0.
    weights : ndarray of shape (n_samples, n_tasks) or None
        Weights of the cells.
    """

    encoder: TargetEncoder
    codes: np.ndarray
    weights: np.ndarray | None

    def __len__(self):
        return len(self.codes)

    @property
    def tasks(self):
        """Tuples (index, name, classes) of the tasks."""
        return list(zip(range(self.codes.shape[1]), self.encoder.task_names_, self.encoder.classes_, strict=True))

    @property
    def labels(self):
        """Data frame of the labels, None in cells that have none."""
        columns = {}
        for t, name, classes in self.tasks:
            labelled = self.codes[:, t] != MISSING
            columns[name] = pd.Series(classes[self.codes[:, t]], dtype=None if labelled.all() else object)
            columns[name] = columns[name].where(labelled, None)
        return pd.DataFrame(columns)


def read_cells(X, y, sample_weight, missing_label, encoder=None):
    """Return the `CodedCells` of a target.

    Parameters
    ----------
    X : array-like, or mapping task -> array-like
        Input; only its length counts, and which rows of masked arrays hold no image.
    y : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Labels.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
        Weights of samples or cells.
    missing_label : scalar
        One more marker for "no label".
    encoder : TargetEncoder, default=None
        That of an estimator fitted before; None learns the classes from `y`.

    Raises
    ------
    ValueError, TypeError
        If `y` cannot be read, has labels the encoder does not know, or does not fit X and the weights in length.
    """
    targets = read_targets(y, missing_label)
    found = distinct_images(X)
    try:
        n_images = _num_samples(X if found is None else found[1][0])
    except TypeError as error:
        raise TypeError(f"X must hold one image per row of y. Got {type(X).__name__} instead.") from error
    if n_images != targets.n_samples:
        raise ValueError(
            f"X and y have inconsistent numbers of samples: {n_images} images, {targets.n_samples} rows of labels. "
            "Pass one row of y per image."
        )
    encoder = TargetEncoder().fit(targets) if encoder is None else encoder
    codes = encoder.encode(targets)
    weights = read_sample_weight(sample_weight, targets, encoder.task_names_)
    if weights is not None:
        weights = np.broadcast_to(weights.reshape(len(weights), -1), codes.shape)
    seen = image_cells(X, encoder.task_names_)
    for used in (weights, seen):
        if used is not None:
            codes = np.where(used > 0, codes, MISSING)
    return CodedCells(encoder, codes, weights)
