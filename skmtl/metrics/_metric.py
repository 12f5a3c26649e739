"""One metric of one task, computed by a scikit-learn scorer."""

from dataclasses import dataclass, replace
from functools import partial
from inspect import Parameter, signature

import numpy as np
from sklearn.metrics import get_scorer_names, make_scorer

__all__ = ["Metric", "accepts", "parameters_of", "remade", "whole"]


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

    def check_classes(self, task, n_classes):
        """Raise ValueError if a task has more classes than the metric is made for, as far as that can be told."""
        if n_classes > 2 and self._of_two_classes():
            raise ValueError(
                f"Task {task!r} cannot be scored with the metric {self.name!r}, which is one of two classes"
                f"{self._remedy(n_classes)}"
            )

    def of_classes(self, classes):
        """Return the metric for a task with these labels, given in order.

        Where the positive class is left to scikit-learn, that is the label 1. Of two labels without a 1 it is the
        second one, as in the metrics of ranks (``"roc_auc"``).
        """
        labels = list(classes)
        if len(labels) != 2 or 1 in labels or not self._takes_1_for_positive():
            return self
        positive = labels[1] if self._has_positive() else None
        return replace(self, scorer=remade(self.scorer, {**self.scorer._kwargs, "pos_label": positive}))

    def on_classifier(self, classifier, task, y_true, sample_weight):
        """Score a one-task classifier, whose responses belong to the rows of `y_true`."""
        scorer = self.of_classes(classifier.classes_).scorer
        if self._lacks_classes(y_true, classifier.classes_):
            scorer = remade(scorer, scorer._kwargs | {"labels": classifier.classes_})
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return self._number(task, len(classifier.classes_), partial(scorer, classifier, None, y_true, **weights))

    def on_labels(self, task, y_true, y_pred, sample_weight):
        """Score predicted labels; the classes of the task are those that occur on one side or the other."""
        if not self._takes_1_for_positive():
            return self._of_labels(task, 0, y_true, y_pred, sample_weight)
        classes = np.union1d(y_true, y_pred)
        return self.of_classes(classes)._of_labels(task, len(classes), y_true, y_pred, sample_weight)

    def _of_labels(self, task, n_classes, y_true, y_pred, sample_weight):
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        call = partial(self.scorer._score_func, y_true, y_pred, **self.scorer._kwargs, **weights)
        return self._number(task, n_classes, lambda: self.scorer._sign * call())

    def _takes_1_for_positive(self):
        """Whether there is a positive class, which nobody has named."""
        known = parameters_of(self.scorer._score_func).get("pos_label")
        return known is not None and known.default in (None, 1) and "pos_label" not in self.scorer._kwargs

    def _has_positive(self):
        # Where an average is taken over classes instead, each of them is the positive one in turn.
        known = parameters_of(whole(self.scorer._score_func)).get("average")
        return known is None or known.default != "binary" or self._is_default("average", "binary")

    def _lacks_classes(self, y_true, classes):
        # Few labelled rows need not show every class. scikit-learn then refuses a metric of
        # probabilities unless it is told the classes; where all are there it needs no help.
        return (
            "predict" not in self.responses
            and self.scorer._kwargs.get("labels") is None
            and "labels" in signature(self.scorer._score_func).parameters
            and len(np.unique(y_true)) < len(classes)
        )

    def _number(self, task, n_classes, call):
        try:
            return float(call())
        except (ValueError, TypeError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            reason = str(error).removesuffix(".") + (self._remedy(n_classes) or ".")
            raise kind(f"Task {task!r} cannot be scored with the metric {self.name!r}: {reason}") from error

    def _remedy(self, n_classes):
        """Return what to choose for a task of more classes than a metric of two can take, else ""."""
        if n_classes < 3 or not (self._of_two_classes() or self._takes_1_for_positive()):
            return ""
        known = [name for name in (f"{self.name}_macro", f"{self.name}_ovr") if name in get_scorer_names()]
        return (
            f". It has {n_classes} classes: choose a metric of several, such as {(known or ['f1_macro'])[0]!r}, or "
            "give each task its own: in scikit-learn's tools scoring={task: task_scorer(task, metric), ...}, in those "
            "of skmtl scoring={task: metric, ...}."
        )

    def _of_two_classes(self):
        return self._is_default("average", "binary") or self._is_default("multi_class", "raise")

    def _is_default(self, parameter, default):
        known = parameters_of(self.scorer._score_func).get(parameter)
        return known is not None and known.default == default == self.scorer._kwargs.get(parameter, default)


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


def whole(function):
    """Return the function of which some arguments are given already."""
    while isinstance(function, partial):
        function = function.func
    return function


def accepts(function, name):
    """Whether the function takes a keyword of this name."""
    parameters = parameters_of(function)
    return name in parameters or any(p.kind is Parameter.VAR_KEYWORD for p in parameters.values())
