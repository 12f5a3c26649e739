"""The score of predicted labels, over cells that have a label and an image."""

import pandas as pd

from .._rows import image_cells
from .._targets import read_targets
from ..metrics import mean_task_score
from ._cell_weights import read_sample_weight

__all__ = ["mean_accuracy"]


def mean_accuracy(predicted, encoder, X, y, sample_weight, missing_label):
    """Return the unweighted mean of the tasks' accuracies.

    Parameters
    ----------
    predicted : ndarray of shape (n_samples,) or (n_samples, n_tasks)
        Labels.
    encoder : TargetEncoder
        The fitted tasks.
    X : array-like, or mapping task -> array-like
        Of which rows masked as a whole are no images.
    y : array-like of shape (n_samples,) or (n_samples, n_tasks)
        True labels.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
        Weights of samples or cells.
    missing_label : scalar
        One more marker for "no label".
    """
    sample_weight = _weight_of_images(X, y, sample_weight, encoder, missing_label)
    if encoder.named_ and (hasattr(y, "columns") or hasattr(sample_weight, "columns")):
        # Labels and weights are matched by name, so that the order of their columns does not matter.
        predicted = pd.DataFrame(predicted.reshape(len(predicted), -1), columns=encoder.task_names_)
    return mean_task_score(y, predicted, sample_weight=sample_weight, missing_label=missing_label)


def _weight_of_images(X, y, sample_weight, encoder, missing_label):
    """Return sample weights in which images that are none count as 0."""
    names = encoder.task_names_
    seen = image_cells(X, names)
    if seen is None:
        return sample_weight
    given = read_sample_weight(sample_weight, read_targets(y, missing_label), names, allow_zero=True)
    weights = seen if given is None else seen * given.reshape(len(seen), -1)
    return pd.DataFrame(weights, columns=names) if encoder.named_ else weights
