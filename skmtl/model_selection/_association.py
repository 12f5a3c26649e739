"""How much the labels of one task tell about those of another: no model, no training."""

import numpy as np
from sklearn.utils import gen_batches
from sklearn.utils.parallel import delayed

from .._targets import MISSING, read_targets
from ._association_measures import ASSOCIATIONS
from ._pair_counts import count_pairs
from ._repeats import deviation, run_jobs

__all__ = ["ASSOCIATIONS", "association_matrices", "label_association"]

# Resamples that are counted at once, and the numbers that they may take up.
TOGETHER, NUMBERS = 25, 2**25


def label_association(frame, association, seeds, n_jobs, verbose):
    """Return the matrices of all resamples, the one of all rows, and its standard error.

    Parameters
    ----------
    frame : DataFrame of shape (n_samples, n_tasks)
        Labels.
    association : {"cramers_v", "mutual_information"}
        The measure.
    seeds : sequence of int
        One per resample.
    n_jobs, verbose : int or None
        See `run_jobs`.
    """
    codes = _label_codes(frame)
    # Not by the number of workers, on which sums would depend in their last bits.
    size = min(TOGETHER, max(1, NUMBERS // max(len(codes), 1)))
    jobs = [delayed(_resampled)(codes, association, seeds[part]) for part in gen_batches(len(seeds), size)]
    matrices = run_jobs(jobs, "batch of resamples", n_jobs, verbose)
    resamples = np.concatenate([found[1:] for found in matrices])
    return resamples, matrices[0][0], deviation(resamples)


def _label_codes(frame):
    """Return the labels of every task, numbered; shape (n_samples, n_tasks), int64, -1 = missing."""
    codes = np.full(frame.shape, MISSING, dtype=np.int64)
    for t, column in enumerate(read_targets(frame).columns):
        if len(column.labels):
            codes[column.labelled, t] = np.unique(column.labels, return_inverse=True)[1]
    return codes


def _resampled(codes, association, seeds):
    """Return `association_matrices` of all rows, and of as many drawn with replacement for every seed."""
    n = len(codes)
    draws = [np.bincount(np.random.default_rng(seed).integers(n, size=n), minlength=n) for seed in seeds]
    return association_matrices(codes, association, np.stack([np.ones(n), *draws], axis=1).astype(np.int32))


def association_matrices(codes, association, weights):
    """Return the association of every two tasks over the rows labelled for both.

    Parameters
    ----------
    codes : ndarray of shape (n_samples, n_tasks)
        The labels of every task, numbered; -1 = missing.
    association : {"cramers_v", "mutual_information"}
        The measure.
    weights : ndarray of int, of shape (n_samples, n_matrices)
        How often every row counts, for each matrix: first all of them once, then in resamples.

    Returns
    -------
    ndarray of shape (n_matrices, n_tasks, n_tasks)
        Rows give, columns receive; NaN where it is undefined.
    """
    n_tasks = codes.shape[1]
    matrices = np.empty((weights.shape[1], n_tasks, n_tasks))
    for giver in range(n_tasks):
        for receiver in range(giver, n_tasks):
            counts = count_pairs(codes[:, giver], codes[:, receiver], weights)
            found = ASSOCIATIONS[association](counts)
            matrices[:, giver, receiver], matrices[:, receiver, giver] = found
    return matrices
