"""How much the labels of one task tell about those of another: no model, no training."""

import numpy as np
from scipy.sparse import csr_array
from sklearn.metrics import mutual_info_score
from sklearn.metrics.cluster import expected_mutual_information
from sklearn.utils.parallel import delayed

from .._targets import MISSING, read_targets
from ._repeats import deviation, run_jobs

__all__ = ["ASSOCIATIONS", "association_matrix", "label_association"]


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
    jobs = [delayed(_resampled_matrix)(codes, association, seed) for seed in seeds]
    resamples = np.stack(run_jobs(jobs, "resample", n_jobs, verbose))
    return resamples, association_matrix(codes, association), deviation(resamples)


def _label_codes(frame):
    """Return the labels of every task, numbered; shape (n_samples, n_tasks), int64, -1 = missing."""
    codes = np.full(frame.shape, MISSING, dtype=np.int64)
    for t, column in enumerate(read_targets(frame).columns):
        if len(column.labels):
            codes[column.labelled, t] = np.unique(column.labels, return_inverse=True)[1]
    return codes


def association_matrix(codes, association):
    """Return the association of every two tasks over the rows labelled for both.

    Parameters
    ----------
    codes : ndarray of shape (n_samples, n_tasks)
        The labels of every task, numbered; -1 = missing.
    association : {"cramers_v", "mutual_information"}
        The measure.

    Returns
    -------
    ndarray of shape (n_tasks, n_tasks)
        Rows give, columns receive; NaN where it is undefined.
    """
    n_tasks = codes.shape[1]
    matrix = np.empty((n_tasks, n_tasks))
    for giver in range(n_tasks):
        for receiver in range(giver, n_tasks):
            table = _table(codes[:, giver], codes[:, receiver])
            matrix[giver, receiver], matrix[receiver, giver] = ASSOCIATIONS[association](table)
    return matrix


def _resampled_matrix(codes, association, seed):
    """Return `association_matrix` of as many rows, drawn with replacement."""
    rows = np.random.default_rng(seed).integers(len(codes), size=len(codes))
    return association_matrix(codes[rows], association)


def _table(first, second):
    """Return how often every two labels meet, without labels that never occur."""
    both = (first != MISSING) & (second != MISSING)
    n_rows, n_columns = first.max(initial=MISSING) + 1, second.max(initial=MISSING) + 1
    cells = first[both] * n_columns + second[both]
    table = np.bincount(cells, minlength=n_rows * n_columns).reshape(n_rows, n_columns)
    return table[table.any(axis=1)][:, table.any(axis=0)]


def _cramers_v(table):
    """Return V both ways, without the bias by which independent labels have one (Bergsma 2013, section 2)."""
    n = table.sum()
    if n < 2:
        return np.nan, np.nan
    degrees = np.array(table.shape) - 1
    expected = table.sum(1)[:, None] * table.sum(0) / n
    phi2 = ((table - expected) ** 2 / expected).sum() / n
    phi2 = max(0.0, phi2 - degrees.prod() / (n - 1))
    # A label of its own in every row, or one label in all, leaves nothing to tell.
    sizes = (degrees - degrees**2 / (n - 1)).min()
    v = float(np.sqrt(phi2 / sizes)) if sizes > 1e-12 else np.nan
    return v, v


def _mutual_information(table):
    """Return the share of the receiver's entropy that the giver tells, above chance (after Vinh et al. 2010)."""
    n = table.sum()
    if not n:
        return np.nan, np.nan
    found = mutual_info_score(None, None, contingency=table)
    expected = expected_mutual_information(csr_array(table), n)
    return tuple(_share(found - expected, _entropy(table.sum(axis) / n) - expected) for axis in (0, 1))


def _share(above_chance, most):
    return float(above_chance / most) if most > 1e-12 else np.nan


def _entropy(shares):
    return -(shares * np.log(shares)).sum()


# Table of counts, a row per label of the giver -> (giver to receiver, receiver to giver).
ASSOCIATIONS = {"cramers_v": _cramers_v, "mutual_information": _mutual_information}
