"""Probabilities of one task beside its true labels."""

from dataclasses import dataclass

import numpy as np

__all__ = ["ProbabilityCells", "check_known_labels"]


def check_known_labels(name, labels, classes):
    """Raise ValueError if no label of a task is one of its classes: they are of another type, or another task's."""
    if not set(classes.tolist()) & set(labels.tolist()):
        raise ValueError(
            f"Task {name!r} has true labels such as {labels.tolist()[0]!r}, but none of its classes "
            f"{classes.tolist()!r}: pass both in the same type and in the order of the tasks."
        )


@dataclass(frozen=True)
class ProbabilityCells:
    """The labelled cells of one task, those of positive weight only.

    Attributes
    ----------
    name : object
        Task name.
    classes : ndarray of shape (n_classes,) or None
        The label of every column of `y_prob`; None if there is no cell.
    y_true : ndarray of shape (n_cells,)
        Labels.
    y_prob : ndarray of shape (n_cells, n_classes), float64
        Probabilities, or decision values.
    sample_weight : ndarray of shape (n_cells,) or None
        Weights, all positive.
    """

    name: object
    classes: np.ndarray | None
    y_true: np.ndarray
    y_prob: np.ndarray
    sample_weight: np.ndarray | None

    @classmethod
    def of(cls, name, column, classes, y_prob, sample_weight):
        """Cut the cells of a `TargetColumn` out of `y_prob` and `sample_weight`, which are of all rows."""
        rows = column.labelled
        y_prob = np.asarray(y_prob, dtype=np.float64)[rows]
        if sample_weight is None:
            return cls(name, classes, column.labels, y_prob, None)
        weight = sample_weight[rows]
        kept = weight > 0
        return cls(name, classes, column.labels[kept], y_prob[kept], weight[kept])

    def __len__(self):
        return len(self.y_true)

    @property
    def confidence(self):
        """Probability of the most probable class, of shape (n_cells,)."""
        return self.y_prob.max(axis=1)

    @property
    def correct(self):
        """Whether the most probable class (the first of equals) is the true one, of shape (n_cells,)."""
        return np.asarray(self.classes[self.y_prob.argmax(axis=1)] == self.y_true, dtype=bool)
