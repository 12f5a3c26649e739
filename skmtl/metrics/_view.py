"""A fitted multi-task estimator seen as one classifier per task."""

from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.metaestimators import available_if

__all__ = ["TaskView"]


class TaskView(ClassifierMixin, BaseEstimator):
    """One task's classifier, restricted to some rows, for scikit-learn's scorers.

    Parameters
    ----------
    responses : Responses
        What the estimator says.
    task : int
        Column.
    rows : ndarray of shape (n_samples,), bool
        The rows to show.
    """

    def __init__(self, responses, task, rows):
        self.responses = responses
        self.task = task
        self.rows = rows

    @property
    def classes_(self):
        """Sorted labels."""
        return self.responses.classes[self.task]

    def predict(self, X):
        """Return the task's labels; `X` is known already."""
        return self.responses.labels(self.task)[self.rows]

    @available_if(lambda self: self.responses.has("predict_proba"))
    def predict_proba(self, X):
        """Return the task's probabilities; `X` is known already."""
        return self.responses.values("predict_proba", self.task)[self.rows]

    @available_if(lambda self: self.responses.has("decision_function"))
    def decision_function(self, X):
        """Return the task's decision values; `X` is known already."""
        return self.responses.values("decision_function", self.task)[self.rows]
