"""The score of predicted labels, over cells that have a label and an image."""

import pandas as pd

from .._targets import read_targets
from ..metrics import mean_task_score
from ..metrics._nested import seen_cells
from ._cell_weights import read_sample_weight

__all__ = ["mean_accuracy"]


def mean_accuracy(estimator, X, y, sample_weight):
    """Return the unweighted mean of the tasks' accuracies.

    Parameters
    ----------
    estimator : fitted MultiTaskCNNClassifier or meta-estimator
        With the encoder of its tasks.
    X : array-like, or mapping task -> array-like
        Of which rows that come to the model masked as a whole are no images.
    y : array-like of shape (n_samples,) or (n_samples, n_tasks)
        True labels.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
        Weights of samples or cells.
    """
    predicted, encoder, missing_label = estimator.predict(X), estimator._encoder, estimator.missing_label
    seen = seen_cells(estimator, X, encoder.task_names_)
    if seen is not None:
        sample_weight = _weight_of_images(seen, y, sample_weight, encoder, missing_label)
    if encoder.named_ and (hasattr(y, "columns") or hasattr(sample_weight, "columns")):
        # Labels and weights are matched by name, so that the order of their columns does not matter.
        predicted = pd.DataFrame(predicted.reshape(len(predicted), -1), columns=encoder.task_names_)
    return mean_task_score(y, predicted, sample_weight=sample_weight, missing_label=missing_label)


def _weight_of_images(seen, y, sample_weight, encoder, missing_label):
    """Return sample weights in which images that are none count as 0."""
    names = encoder.task_names_
    given = read_sample_weight(sample_weight, read_targets(y, missing_label), names, allow_zero=True)
    weights = seen if given is None else seen * given.reshape(len(seen), -1)
    return pd.DataFrame(weights, columns=names) if encoder.named_ else weights
