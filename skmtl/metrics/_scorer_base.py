"""What both scorers share: reading the target beside an estimator, and metadata routing."""

from dataclasses import replace
from functools import cached_property

from sklearn.utils.metadata_routing import MetadataRequest

from .._targets import read_targets
from ._columns import has_weight, spread_weights, warn_unlabelled
from ._responses import Responses, fitted_attribute
from ._view import TaskView

__all__ = ["NAN", "ScorerBase", "TaskScores"]

NAN = float("nan")


class TaskScores:
    """Scores of one call: one estimator, one `X`, one target.

    Parameters
    ----------
    estimator : fitted classifier
        Of one or more tasks.
    X, y : array-like
        Input and true labels. Rows of X masked as a whole, by the steps of a pipeline too, are no images, and their
        labels do not count.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
        Weights.
    missing_label : scalar
        Marker for "no label"; None means the estimator's own.
    """

    def __init__(self, estimator, X, y, sample_weight, missing_label):
        if missing_label is None:
            missing_label = fitted_attribute(estimator, "missing_label")
        targets = read_targets(y, missing_label)
        columns = targets.names if targets.named else None
        known = fitted_attribute(estimator, "task_names_")
        if known is not None:
            targets = targets.aligned(list(known))
        self.names = list(known) if known is not None and not targets.named else targets.names
        self._targets = targets
        self.weights = spread_weights(sample_weight, targets.n_samples, self.names, columns)
        self.responses = Responses(estimator, X, self.names, targets.n_samples)

    @cached_property
    def columns(self):
        """Labels of the tasks, those of images that are none left out, as in training."""
        seen, columns = self.responses.seen, self._targets.columns
        return columns if seen is None else [_seen(c, seen[:, t] > 0) for t, c in enumerate(columns)]

    def check(self, metric):
        """Raise unless the metric can be computed here."""
        self.responses.check(metric)
        metric.check_weights(self.weights[0])

    def has_labels(self, task):
        """Whether the task has a labelled cell of positive weight; warns if not."""
        column = self.columns[task]
        if has_weight(len(column.labels), self._weight(task)):
            return True
        warn_unlabelled(self.names[task], len(column.labels))
        return False

    def score(self, task, metric):
        """Return the metric of one task's labelled rows."""
        column = self.columns[task]
        view = TaskView(self.responses, task, column.labelled)
        return metric.on_classifier(view, self.names[task], column.labels, self._weight(task))

    def _weight(self, task):
        weight = self.weights[task]
        return None if weight is None else weight[self.columns[task].labelled]


def _seen(column, rows):
    kept = column.labelled & rows
    return replace(column, labels=column.labels[kept[column.labelled]], labelled=kept)


class ScorerBase:
    """A callable for ``scoring=`` that takes sample weights by metadata routing."""

    _request: object = None

    def set_score_request(self, *, sample_weight=None):
        """Say whether ``sample_weight`` is passed to this scorer, for scikit-learn's metadata routing.

        Parameters
        ----------
        sample_weight : bool, str or None, default=None
            True to take it, False to ignore it, a str to take it under that name, None to
            raise if it is given.

        Returns
        -------
        self : scorer
            The same scorer.
        """
        self._request = sample_weight
        return self

    def get_metadata_routing(self):
        """Return which metadata this scorer asks for (scikit-learn's protocol)."""
        request = MetadataRequest(owner=self)
        request.score.add_request(param="sample_weight", alias=self._request)
        return request

    def _accept_sample_weight(self):  # scikit-learn asks scorers this where routing is off
        return True
