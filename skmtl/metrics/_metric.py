"""One metric of one task, computed by a scikit-learn scorer."""

from dataclasses import dataclass
from functools import partial
from inspect import Parameter, signature

import numpy as np
from sklearn.metrics import make_scorer

__all__ = ["Metric", "accepts", "parameters_of", "remade"]


@dataclass(frozen=True)
class Metric:
    """A metric of one task.

    Attributes
    ----------
    name : str
        How messages call it.
    scorer : scikit-learn scorer
        Takes a one-task classifier.
    """

    name: str
    scorer: object

    @property
    def responses(self):
        """Estimator methods the metric can read, in order of preference."""
        methods = self.scorer._response_method
        return (methods,) if isinstance(methods, str) else tuple(methods)

    def check_weights(self, sample_weight):
        """Raise ValueError if there are weights and the metric cannot take them."""
        if sample_weight is not None and not accepts(self.scorer._score_func, "sample_weight"):
            raise ValueError(
                f"sample_weight was given, but the metric {self.name!r} takes none: "
                "leave sample_weight out or choose another metric."
            )

    def on_classifier(self, classifier, task, y_true, sample_weight):
        """Score a one-task classifier, whose responses belong to the rows of `y_true`."""
        scorer = self.scorer
        if self._lacks_classes(y_true, classifier.classes_):
            scorer = remade(scorer, scorer._kwargs | {"labels": classifier.classes_})
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return self._number(task, partial(scorer, classifier, None, y_true, **weights))

    def on_labels(self, task, y_true, y_pred, sample_weight):
        """Score predicted labels."""
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        call = partial(self.scorer._score_func, y_true, y_pred, **self.scorer._kwargs, **weights)
        return self._number(task, lambda: self.scorer._sign * call())

    def _lacks_classes(self, y_true, classes):
        # Few labelled rows need not show every class. scikit-learn then refuses a metric of
        # probabilities unless it is told the classes; where all are there it needs no help.
        return (
            "predict" not in self.responses
            and self.scorer._kwargs.get("labels") is None
            and "labels" in signature(self.scorer._score_func).parameters
            and len(np.unique(y_true)) < len(classes)
        )

    def _number(self, task, call):
        try:
            return float(call())
        except (ValueError, TypeError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"Task {task!r} cannot be scored with the metric {self.name!r}: {error}") from error


def remade(scorer, kwargs):
    """Return the scorer with other keywords for its function."""
    return make_scorer(
        scorer._score_func,
        response_method=scorer._response_method,
        greater_is_better=scorer._sign > 0,
        **kwargs,
    )


def parameters_of(function):
    """Return the function's parameters by name, none if it does not tell."""
    try:
        return signature(function).parameters
    except (TypeError, ValueError):  # builtins need not tell
        return {}


def accepts(function, name):
    """Whether the function takes a keyword of this name."""
    parameters = parameters_of(function)
    return name in parameters or any(p.kind is Parameter.VAR_KEYWORD for p in parameters.values())
