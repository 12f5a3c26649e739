"""What a fitted estimator says about the labelled rows of each task."""

import numpy as np

from ..metrics._columns import Cells
from ..metrics._probability_cells import ProbabilityCells, check_known_labels
from ..metrics._scorer_base import TaskScores

__all__ = ["EstimatorCells"]


class EstimatorCells:
    """Predictions of a fitted estimator beside the true labels, those of rows without image left out.

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
        return len(self.classes(task))

    def classes(self, task):
        """Return the classes of a task."""
        return self._scores.responses.classes[task]

    def cells(self, task):
        """Return the `ProbabilityCells` of a task; decision values have a column for either of two classes."""
        values = self._scores.responses.values(self._method, task)
        if values.ndim == 1:
            values = np.column_stack([-values, values])
        weight = self._scores.weights[task]
        return ProbabilityCells.of(self.names[task], self._column(task), self.classes(task), values, weight)

    def label_cells(self, task):
        """Return the `Cells` of a task: true and predicted labels."""
        predicted, column, weight = self._scores.responses.labels(task), self._column(task), self._scores.weights[task]
        rows = column.labelled
        weight = None if weight is None else weight[rows]
        return Cells(self.names[task], column.labels, predicted[rows], rows, weight, column.order)

    def _column(self, task):
        column = self._scores.columns[task]
        if len(column.labels):
            check_known_labels(self.names[task], column.labels, self.classes(task))
        return column
