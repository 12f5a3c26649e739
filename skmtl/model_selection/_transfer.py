"""Affinities from models of single tasks and of pairs."""

from itertools import combinations

import numpy as np
from sklearn.utils.parallel import delayed

from .._weights import check_task_weights
from ._evaluate import evaluate
from ._repeated_splits import repeated_splits
from ._repeats import mean_and_error, run_jobs
from ._split import MultiTaskStratifiedShuffleSplit
from ._task_metrics import read_metrics
from ._task_subset import with_seed

__all__ = ["mean_losses", "transfer", "transfer_matrices"]


def transfer(estimator, X, frame, fit_params, cv, scoring, seeds, n_jobs, verbose):
    """Return the gains of every repeat, shape (n_repeats, n_tasks, n_tasks), and the mean losses or None.

    Parameters
    ----------
    estimator : classifier
        Not changed.
    X : array-like, or mapping task -> array-like
        Input.
    frame : DataFrame of shape (n_samples, n_tasks)
        From `task_frame`.
    fit_params : dict
        As for `evaluate`.
    cv : int, splitter, iterable or None
        None: a quarter of the rows is held out.
    scoring : str, callable, scikit-learn scorer or mapping task -> one of these
        Metric of a task.
    seeds : sequence of int
        One per repeat.
    n_jobs, verbose : int or None
        See `run_jobs`.
    """
    names = list(frame.columns)
    _check_all_trained(estimator, names)
    if not (labelled := frame.notna().any()).all():
        raise ValueError(f"Task {labelled.idxmin()!r} has no label at all: drop this column of y.")
    metrics = read_metrics(scoring, estimator, frame, fit_params)
    cv = MultiTaskStratifiedShuffleSplit(1, test_size=0.25) if cv is None else cv
    splits = repeated_splits(cv, frame, None, seeds)
    if not splits:
        raise ValueError(f"cv must have a split into training and held-out rows. Got {cv!r}, which has none.")
    models = _models_of(len(names))
    jobs = [
        delayed(evaluate)(with_seed(estimator, seed), X, frame, list(tasks), split, metrics, fit_params)
        for seed, split in splits
        for tasks in models
    ]
    found = [scores for scores, *_ in run_jobs(jobs, "fit", n_jobs, verbose)]
    scores = [_per_repeat(found[m :: len(models)], len(seeds)) for m in range(len(models))]
    losses = mean_losses(scores, names) if all(metric.scorer._sign < 0 for metric in metrics) else None
    return transfer_matrices(scores, len(names)), losses


def _check_all_trained(estimator, names):
    for key, value in estimator.get_params().items():
        if key.rpartition("__")[2] == "task_weights" and value is not None:
            off = [name for name, weight in zip(names, check_task_weights(value, names), strict=True) if not weight]
            if off:
                raise ValueError(f"{key} is 0 for {off!r}, which are not trained: leave their columns out of y.")


def _per_repeat(scores, n_repeats):
    """Return the mean scores of every repeat, shape (n_repeats, n_tasks of the model), over splits that have one."""
    scores = np.reshape(scores, (n_repeats, len(scores) // n_repeats, -1))
    counts = np.isfinite(scores).sum(axis=1)
    return np.divide(np.nansum(scores, axis=1), counts, out=np.full(counts.shape, np.nan), where=counts > 0)


def _models_of(n_tasks):
    """Return the tasks of every model that is trained: single tasks first, then pairs."""
    return [(t,) for t in range(n_tasks)] + list(combinations(range(n_tasks), 2))


def transfer_matrices(scores, n_tasks):
    """Return how much better every task does in company, relative to its score alone.

    Parameters
    ----------
    scores : list of ndarray of shape (n_repeats, n_tasks of the model)
        Held-out scores, more is better, of the models of single tasks, then of pairs in the order of
        `itertools.combinations`.
    n_tasks : int
        Number of tasks.

    Returns
    -------
    ndarray of shape (n_repeats, n_tasks, n_tasks)
        ``(M_j(pair) - M_j(alone)) / |M_j(alone)|``, rows giving, columns receiving; 0 on the diagonal.
    """
    alone = np.stack([scores[t][:, 0] for t in range(n_tasks)], axis=1)
    matrices = np.zeros((len(alone), n_tasks, n_tasks))
    for pair, together in zip(_models_of(n_tasks)[n_tasks:], scores[n_tasks:], strict=True):
        for giver, receiver, score in zip(pair[::-1], pair, together.T, strict=True):
            size = np.abs(alone[:, receiver])
            gain = np.divide(score - alone[:, receiver], size, out=np.full(len(size), np.nan), where=size > 0)
            matrices[:, giver, receiver] = gain
    return matrices


def mean_losses(scores, task_names):
    """Return the losses of every model, means over the repeats of negated scores.

    Parameters
    ----------
    scores : list of ndarray
        As for `transfer_matrices`.
    task_names : list
        The tasks.

    Returns
    -------
    dict
        Tuple of task names -> task -> loss.
    """
    losses = {}
    for tasks, found in zip(_models_of(len(task_names)), scores, strict=True):
        names = tuple(task_names[t] for t in tasks)
        losses[names] = dict(zip(names, (-mean_and_error(found)[0]).tolist(), strict=True))
    return losses
