"""What a fitted estimator says about the labelled rows of each task."""

import numpy as np

from ..metrics._probability_cells import ProbabilityCells, check_known_labels
from ..metrics._scorer_base import TaskScores

__all__ = ["EstimatorCells"]


class EstimatorCells:
    """Probabilities, or decision values, of a fitted estimator beside the true labels.

    It has the names and methods that displays ask of `TaskProbabilities`.

    Parameters
    ----------
    estimator : fitted classifier
        Of one or more tasks.
    X, y : array-like
        Input and true labels.
    sample_weight : array-like or None
        Weights of rows or cells.
    missing_label : scalar
        Marker for "no label"; None means the estimator's own.
    methods : tuple of str
        Methods to ask, of which the first that the estimator has counts.
    display : str
        Who asks, for messages.
    """

    def __init__(self, estimator, X, y, sample_weight, missing_label, methods, display):
        found = [method for method in methods if hasattr(estimator, method)]
        if not found:
            raise AttributeError(
                f"{display} needs {' or '.join(methods)}, which {type(estimator).__name__} does not have: "
                "use another estimator, or MultiTaskConfusionMatrixDisplay, which needs predict only."
            )
        self._method = found[0]
        self._scores = TaskScores(estimator, X, y, sample_weight, missing_label)
        self.names = self._scores.names

    def n_classes(self, task):
        """Return the number of a task's classes."""
        return len(self._scores.responses.classes[task])

    def rows(self, task):
        """Return the labelled rows of a task, of which without weights every one is a cell."""
        return np.flatnonzero(self._scores.columns[task].labelled)

    def predicted(self, task):
        """Return the predicted labels of these rows."""
        return self._scores.responses.labels(task)[self.rows(task)]

    def cells(self, task):
        """Return the `ProbabilityCells` of a task; decision values have a column for either of two classes."""
        responses = self._scores.responses
        values = responses.values(self._method, task)
        if values.ndim == 1:
            values = np.column_stack([-values, values])
        column, weight, classes = self._scores.columns[task], self._scores.weights[task], responses.classes[task]
        if len(column.labels):
            check_known_labels(self.names[task], column.labels, classes)
        return ProbabilityCells.of(self.names[task], column, classes, values, weight)
