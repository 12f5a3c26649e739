"""What a fitted multi-task estimator says, task by task."""

from functools import cached_property

import numpy as np
from sklearn.exceptions import NotFittedError

from .._targets import read_targets
from ._columns import predicted_labels
from ._nested import as_asked, as_steps, seen_cells

__all__ = ["Responses", "fitted_attribute", "fitted_classes"]


def fitted_attribute(estimator, name):
    """Return an attribute of the estimator, or of the model inside its search or pipeline, else None."""
    while estimator is not None:
        if hasattr(estimator, name):
            return getattr(estimator, name)
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            steps = as_steps(getattr(estimator, "steps", ()))
            estimator = steps[-1][1] if steps else None
    return None


def fitted_classes(estimator, names):
    """Return the labels of every task of a fitted classifier, a list of arrays.

    Parameters
    ----------
    estimator : fitted classifier
        Of one or more tasks.
    names : list
        Task names, in the estimator's order.
    """
    classes = fitted_attribute(estimator, "classes_")
    if classes is None:
        raise NotFittedError(
            f"{type(estimator).__name__} has no classes_, so it is no fitted classifier: fit one first."
        )
    if np.ndim(classes[0]) == 0:
        # With several tasks these are column numbers: a multi-label classifier of 0 and 1.
        classes = [classes] if len(names) == 1 else [np.array([0, 1])] * len(names)
    _check_tasks(estimator, names, len(classes), "classes_")
    # Integers of a mixed target come as objects, which scikit-learn's metrics refuse.
    return [read_targets(np.asarray(k)).columns[0].labels for k in classes]


def _check_tasks(estimator, names, n_tasks, method):
    if n_tasks != len(names):
        raise ValueError(
            f"y has {len(names)} columns {names!r}, but {method} of {type(estimator).__name__} "
            f"has {n_tasks} tasks: pass one column per task."
        )


class Responses:
    """What an estimator says about `X`, asked for once per method however many tasks and metrics read it.

    Parameters
    ----------
    estimator : fitted classifier
        Of one or more tasks.
    X : array-like
        Its input.
    names : list
        Task names, in the estimator's order.
    n_samples : int
        Rows of the target.
    """

    def __init__(self, estimator, X, names, n_samples):
        self.estimator = estimator
        self.X = X
        self.names = names
        self.n_samples = n_samples
        self.classes = fitted_classes(estimator, names)
        self._raw = {}
        self._predicted = None

    @cached_property
    def _asked(self):
        return as_asked(self.estimator, self.X)

    @cached_property
    def seen(self):
        """1 where a task has an image and 0 where it has none, (n_samples, n_tasks); None if all have one."""
        return seen_cells(*self._asked, self.names)

    def has(self, method):
        """Whether the estimator has this method."""
        return hasattr(self.estimator, method)

    def check(self, metric):
        """Raise AttributeError unless the estimator has a method the metric reads."""
        if not any(self.has(method) for method in metric.responses):
            raise AttributeError(
                f"The metric {metric.name!r} needs {' or '.join(metric.responses)}, which "
                f"{type(self.estimator).__name__} does not have: choose a metric of predicted labels, "
                "such as 'accuracy', or another estimator."
            )

    def labels(self, task):
        """Return predicted labels of shape (n_samples,)."""
        if self._predicted is None:
            targets = read_targets(self._ask("predict"))
            self._check_tasks(len(targets.columns), "predict")
            self._check_rows(targets.n_samples)
            self._predicted = targets
        return predicted_labels(self.names[task], self._predicted.columns[task])

    def values(self, method, task):
        """Return one task's probabilities or decision values."""
        raw = self._ask(method)
        if isinstance(raw, (list, tuple)):
            self._check_tasks(len(raw), method)
            values = np.asarray(raw[task])
        else:
            values = np.asarray(raw)
            # A chain of one gives P(1) as a column; that of a classifier of one class is all there is.
            if len(self.names) > 1 or (values.shape[1:] == (1,) and len(self.classes[task]) == 2):
                self._check_tasks(values.shape[1], method)
                values = values[:, task]
        self._check_rows(len(values))
        if method == "predict_proba" and values.ndim == 1:
            # Multi-label classifiers (MLPClassifier, ClassifierChain) only give P(1) per task.
            values = np.column_stack([1 - values, values])
        return values

    def _ask(self, method):
        if method not in self._raw:
            model, X = self._asked
            self._raw[method] = getattr(model, method)(X)
        return self._raw[method]

    def _check_tasks(self, n_tasks, method):
        _check_tasks(self.estimator, self.names, n_tasks, method)

    def _check_rows(self, n_rows):
        if n_rows != self.n_samples:
            raise ValueError(f"X gives {n_rows} predictions, but y has {self.n_samples} rows: pass matching X and y.")
