"""What a user calls a metric -> `Metric`."""

import re
from functools import cache

from sklearn.metrics import get_scorer, get_scorer_names, make_scorer

from .._validation import did_you_mean
from ._metric import Metric, accepts, parameters_of, remade, whole

__all__ = ["resolve_metric"]

_EXPECTED = (
    "a name in sklearn.metrics.get_scorer_names() that scores classifiers, a metric function f(y_true, y_pred), "
    "or a scorer from sklearn.metrics.make_scorer"
)


def resolve_metric(metric, kwargs, *, maximized=True):
    """Return the `Metric` for a scorer name, metric function or scorer; `kwargs` go to its function.

    Where more counts as better (`maximized`), functions that are losses by what is known of them, or by name, are
    refused unless a scorer negates them.
    """
    if isinstance(metric, str):
        name, scorer = metric, _named(metric)
    elif hasattr(metric, "_score_func"):
        name, scorer = _function_name(metric._score_func), metric
    elif callable(metric):
        name, scorer = _function_name(metric), _from_function(metric)
    else:
        raise TypeError(f"metric must be {_EXPECTED}. Got {metric!r} instead.")
    _check_kwargs(name, scorer._score_func, kwargs)
    scorer = remade(scorer, {**scorer._kwargs, **kwargs})
    if _foreign(scorer):
        raise ValueError(f"metric {name!r} does not score one task of a classifier; it must be {_EXPECTED}.")
    if maximized and scorer._sign > 0:
        _check_no_loss(name, scorer._score_func)
    return Metric(name, scorer)


def _check_no_loss(name, function):
    """Raise if less of a function is better, as it says by its name: log_loss, hamming_loss, rank_error."""
    function = whole(function)
    if re.search(r"(^|_)(loss|error)$", _function_name(function), re.IGNORECASE):
        known = _known(function)
        remedy = "make_scorer(..., greater_is_better=False)" if known is None else repr(known)
        raise ValueError(f"metric {name!r} is a loss, of which less is better: pass {remedy} to have its negative.")


def _named(name):
    if name in get_scorer_names():
        return get_scorer(name)
    # People write the function's name: accuracy_score, f1_score, log_loss.
    close = did_you_mean(name.removesuffix("_score"), _classifier_names())
    raise ValueError(f"metric must be {_EXPECTED}. Got {name!r} instead.{close}")


@cache
def _classifier_names():
    return tuple(name for name in get_scorer_names() if not _foreign(get_scorer(name)))


def _foreign(scorer):
    """Whether a scorer is for regression, clustering or whole multi-label rows."""
    module = getattr(scorer._score_func, "__module__", "") or ""
    return (
        module.startswith(("sklearn.metrics._regression", "sklearn.metrics.cluster"))
        or scorer._kwargs.get("average") == "samples"
    )


def _from_function(function):
    parameters = list(parameters_of(function))
    if parameters[:1] == ["estimator"]:
        raise TypeError(
            f"metric must be {_EXPECTED}. Got {function!r} instead, a scorer that takes (estimator, X, y): "
            "pass the function that compares labels."
        )
    known = _known(whole(function))
    return make_scorer(function, response_method="predict" if known is None else get_scorer(known)._response_method)


def _known(function):
    """Return the name of scikit-learn's first scorer by a function, None if there is none."""
    return next((name for name in _classifier_names() if get_scorer(name)._score_func is function), None)


def _function_name(function):
    return getattr(function, "__name__", None) or repr(function)


def _check_kwargs(name, function, kwargs):
    for key in kwargs:
        if not accepts(function, key):
            known = list(parameters_of(function))[2:]
            raise TypeError(
                f"{key!r} is not a parameter of the metric {name!r}; it takes {known!r}.{did_you_mean(key, known)}"
            )
