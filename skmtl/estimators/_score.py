"""The score of predicted labels, over cells that have a label and an image."""

import pandas as pd

from .._weights import check_sample_weight
from ..metrics import mean_task_score
from ._images import image_cells

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
    sample_weight = _weight_of_images(X, y, sample_weight, encoder)
    if encoder.named_ and (hasattr(y, "columns") or hasattr(sample_weight, "columns")):
        # Labels and weights are matched by name, so that the order of their columns does not matter.
        predicted = pd.DataFrame(predicted.reshape(len(predicted), -1), columns=encoder.task_names_)
    return mean_task_score(y, predicted, sample_weight=sample_weight, missing_label=missing_label)


def _weight_of_images(X, y, sample_weight, encoder):
    """Return sample weights in which images that are none count as 0."""
    names = encoder.task_names_
    seen = image_cells(X, names)
    if seen is None:
        return sample_weight
    columns = list(y.columns) if hasattr(y, "columns") else None
    if columns is not None and set(columns) != set(names):
        columns = None  # named labels for a model that knows its tasks by position: so are their weights
    given = check_sample_weight(sample_weight, len(seen), names, columns, allow_zero=True)
    weights = seen if given is None else seen * given.reshape(len(seen), -1)
    return pd.DataFrame(weights, columns=names) if encoder.named_ else weights
