"""Affinities from the gradients of a training run."""

import numpy as np
from sklearn.utils.parallel import delayed

from ..metrics._responses import fitted_attribute
from ..training import TaskProbe
from ._evaluate import stop_if_cancelled
from ._fit_params import passed_on
from ._models_inside import models_inside
from ._repeats import run_jobs
from ._task_subset import with_seed

__all__ = ["net_prefix", "probed"]

NAME = "skmtl_task_probe"


def probed(estimator, X, y, fit_params, method, every, seeds, n_jobs, verbose):
    """Return what the gradients said in every repeat, shape (n_repeats, n_tasks, n_tasks).

    Parameters
    ----------
    estimator : estimator
        Not changed.
    X, y : array-like
        Of its ``fit``.
    fit_params : dict
        From `read_fit_params`.
    method : {"lookahead", "gradient_cosine"}
        What to measure.
    every : int
        Probe each `every`-th batch.
    seeds : sequence of int
        One per repeat.
    n_jobs, verbose : int or None
        See `run_jobs`.
    """
    key = net_prefix(estimator, method) + "callbacks"
    jobs = [delayed(_probed_once)(with_seed(estimator, int(s)), X, y, fit_params, method, every, key) for s in seeds]
    return np.stack(run_jobs(jobs, "fit", n_jobs, verbose))


def net_prefix(estimator, method, name="method"):
    """Return what the parameters of the network inside an estimator start with, such as ``"clf__"``.

    Parameters
    ----------
    estimator : estimator
        A `MultiTaskCNNClassifier`, alone, as the last step of a pipeline, or inside a search.
    method : str
        Needs it.
    name : str, default="method"
        What the user calls that parameter, for the message.

    Raises
    ------
    TypeError
        If there is none.
    """
    for prefix, part in models_inside(estimator):
        if {"callbacks", "sharing"} <= set(part.get_params(deep=False)):
            return prefix
    raise TypeError(
        f"{name}={method!r} reads the gradients of a network in training: estimator must be a MultiTaskCNNClassifier, "
        "alone, as the last step of a pipeline or in a search. "
        f"Got {type(estimator).__name__} instead: use {name}='transfer' or 'label_association'."
    )


def _probed_once(estimator, X, y, fit_params, method, every, key):
    own = estimator.get_params()[key]
    probe = TaskProbe(every=every, ahead=method == "lookahead")
    estimator.set_params(**{key: [*(own or []), (NAME, probe)]})
    estimator.fit(X, y, **passed_on(estimator, fit_params))
    stop_if_cancelled(estimator)
    probe = dict(fitted_attribute(estimator, "net_").callbacks_).get(NAME)
    if probe is None:
        raise ValueError(f"{key} is searched over, which leaves no place for the probe: take it out of the search.")
    return probe.look_ahead_ if method == "lookahead" else probe.gradient_cosine_
