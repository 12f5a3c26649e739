"""A confidence interval for the mean of differences that resampling has made dependent."""

import numpy as np
from scipy.stats import t as student

__all__ = ["disjoint", "split_interval"]


def split_interval(differences, test_share, independent, confidence_level, step=0.0):
    """Return (lower, upper) of the expected difference between two models, from paired scores in repeated splits.

    Parameters
    ----------
    differences : array-like of shape (n_repeats, n_splits)
        One of every split; NaN where there is none.
    test_share : float
        Number of test rows divided by number of training rows.
    independent : bool
        Whether the test parts of a repeat have no row in common.
    confidence_level : float
        Between 0 and 1.
    step : float, default=0.0
        By how much a score changes if one row more is right: about 1 / number of test rows.

    Returns
    -------
    lower, upper : float
        NaN with fewer than two differences, or if one is infinite.

    Notes
    -----
    Folds of one repeat are all but independent: the variance of their mean is :math:`s_w^2 / k`, with the variance
    :math:`s_w^2` within repeats. Of this, the part :math:`s_b^2` that the drawing of folds and seeds adds is what
    the means of R repeats vary by, and what averaging over them takes away: :math:`s_w^2 / k - (1 - 1/R) s_b^2`,
    with :math:`R (k - 1)` degrees of freedom. Treating all ``R k`` folds as independent would make the interval
    the shorter the more often one and the same data is split anew.

    Where test parts overlap, or there is one split a repeat, it is the corrected resampled t interval, with the
    variance :math:`s^2 (1 / n + n_{test} / n_{train})` and n - 1 degrees of freedom, which is on the safe side.

    Few folds of few rows may tie by chance, which would make an interval without length of them. Scores are rounded
    to steps of one row, and ties say no more than that; the variance of such rounding, step^2 / 12, takes the place
    of theirs.

    References
    ----------
    Nadeau and Bengio (2003), Inference for the Generalization Error, Machine Learning 52, section 3.

    Examples
    --------
    >>> lower, upper = split_interval([[0.1, 0.2, 0.3, 0.2]], 1 / 3, False, 0.95)
    >>> round(lower, 3), round(upper, 3)
    (0.002, 0.398)
    >>> lower, upper = split_interval([[0.1, 0.2, 0.3, 0.2]], 1 / 3, True, 0.95)
    >>> round(lower, 3), round(upper, 3)
    (0.07, 0.33)
    """
    repeats = [row[~np.isnan(row)] for row in np.asarray(differences, dtype=float)]
    known = np.concatenate(repeats)
    if len(known) < 2 or not np.isfinite(known).all():
        return float("nan"), float("nan")
    if independent and min(map(len, repeats)) > 1:
        variance, freedom = _of_folds(repeats, step)
    else:
        freedom = len(known) - 1
        variance = _untied(known.var(ddof=1), step) * (1 / len(known) + test_share)
    half = float(student.ppf((1 + confidence_level) / 2, freedom) * np.sqrt(variance))
    return float(known.mean()) - half, float(known.mean()) + half


def _of_folds(repeats, step):
    n_repeats = len(repeats)
    freedom = sum(len(row) - 1 for row in repeats)
    within = _untied(sum(row.var() * len(row) for row in repeats) / freedom, step)
    size = (freedom + n_repeats) / n_repeats
    between = np.var([row.mean() for row in repeats], ddof=1) if n_repeats > 1 else 0.0
    # Two estimates that may contradict each other by chance; all folds being independent is the least it can be.
    return max(within / size - (1 - 1 / n_repeats) * between, within / (size * n_repeats)), freedom


def _untied(variance, step):
    # Equal differences of scores are so up to their last bits.
    return variance if variance > 1e-9 * step**2 else step**2 / 12


def disjoint(test_parts):
    """Whether no row is in two of the parts.

    Parameters
    ----------
    test_parts : list of ndarray of int
        Rows.
    """
    rows = np.concatenate(test_parts)
    return len(np.unique(rows)) == len(rows)
