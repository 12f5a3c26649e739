"""One model of some of the tasks, trained and scored in one split."""

import time

import numpy as np

from ..metrics._responses import fitted_attribute
from ..metrics._scorer_base import TaskScores
from ._fit_labelled import fit_labelled
from ._fit_params import fit_params_of
from ._task_subset import subset, take_rows

__all__ = ["evaluate", "stop_if_cancelled"]


def evaluate(estimator, X, frame, tasks, split, metrics, fit_params):
    """Return (scores, parameters, seconds to fit, seconds to predict and score) of one model in one split.

    Parameters
    ----------
    estimator : classifier
        Not changed.
    X : array-like, or mapping task -> array-like
        Input.
    frame : DataFrame of shape (n_samples, n_tasks)
        From `task_frame`.
    tasks : list of int
        Those that the model learns.
    split : tuple of (train, test)
        Rows.
    metrics : list of Metric
        Of all tasks of the frame.
    fit_params : dict
        From `read_fit_params`; what has one entry per row is cut with the rows. ``sample_weight`` counts in the
        scores too.
    """
    estimator, X, y = subset(estimator, X, frame, tasks)
    train, test = split
    own = fit_params_of(fit_params, tasks)
    start = time.perf_counter()
    fit_labelled(estimator, X, y, own, train)
    fitted = time.perf_counter()
    stop_if_cancelled(estimator)
    weights = own.get("sample_weight")
    held_out = TaskScores(estimator, take_rows(X, test), y.iloc[test], None if weights is None else weights[test], None)
    own_metrics = [metrics[t] for t in tasks]
    for metric in own_metrics:
        held_out.check(metric)
    scores = [held_out.score(t, metric) if held_out.has_labels(t) else np.nan for t, metric in enumerate(own_metrics)]
    return scores, _n_parameters(estimator), fitted - start, time.perf_counter() - fitted


def stop_if_cancelled(estimator):
    """Raise KeyboardInterrupt if the user broke the fit off, which on its own keeps what it has learned.

    Of many fits, the user wants all to stop; a callback that stops the training means its own fit only.

    Parameters
    ----------
    estimator : fitted estimator
        Whatever holds the network, if there is one.
    """
    if getattr(fitted_attribute(estimator, "net_"), "cancelled", False):
        raise KeyboardInterrupt("A fit was interrupted, and with it the comparison of models it is a part of.")


def _n_parameters(estimator):
    """Return the number of parameters, of all networks of a meta-estimator together; NaN where they do not tell."""
    net = fitted_attribute(estimator, "net_")
    if net is not None:
        return sum(p.numel() for p in net.module_.parameters())
    inner = fitted_attribute(estimator, "estimators_")
    inner = inner if isinstance(inner, list) else [fitted_attribute(estimator, "estimator_")]
    return np.nan if None in inner else sum(map(_n_parameters, inner))
