"""How often a row is drawn, so that small tasks are not drowned by large ones."""

from numbers import Real

import numpy as np

from .._targets import MISSING
from .._validation import did_you_mean

__all__ = ["check_task_sampling", "corrected_weights", "expected_draws"]

_TEMPERATURES = {"proportional": 1.0, "uniform": np.inf}


def check_task_sampling(task_sampling):
    """Return the temperature that `task_sampling` stands for.

    Parameters
    ----------
    task_sampling : {"proportional", "uniform"} or real number >= 1
        1 and "proportional" draw every row once an epoch; "uniform" is an infinite temperature.

    Returns
    -------
    float
        From 1 to infinity.

    Examples
    --------
    >>> [check_task_sampling(value) for value in ("proportional", "uniform", 5)]
    [1.0, inf, 5.0]
    """
    if isinstance(task_sampling, str) and task_sampling in _TEMPERATURES:
        return _TEMPERATURES[task_sampling]
    if isinstance(task_sampling, Real) and not isinstance(task_sampling, (bool, np.bool_)) and task_sampling >= 1:
        return float(task_sampling)
    near = did_you_mean(task_sampling, _TEMPERATURES) if isinstance(task_sampling, str) else ""
    raise ValueError(
        "task_sampling must be 'proportional', 'uniform' or a temperature, a number >= 1 (1 is proportional, infinity "
        f"uniform). Got {task_sampling!r} instead.{near}"
    )


def expected_draws(codes, task_sampling, active=None):
    """Return how often each row is drawn in an epoch of as many rows as there are, on average.

    A draw picks a task with probability ``p_t``, proportional to ``n_t ** (1 / temperature)``, then
    one of its ``n_t`` labelled rows: row i is drawn ``n_rows * sum_t p_t / n_t`` times, over the
    tasks t of which it has a label. Just above a temperature of 1, rows thus come as often as they
    have labels; at 1, each comes once.

    Parameters
    ----------
    codes : ndarray of shape (n_rows, n_tasks)
        Target codes, -1 = missing.
    task_sampling : {"proportional", "uniform"} or real number >= 1
        The temperature, as from `check_task_sampling`.
    active : ndarray of bool, shape (n_tasks,), default=None
        Tasks that count, those of a positive task weight; all of them by default. A row without a
        label of any of these is never drawn.

    Returns
    -------
    ndarray of shape (n_rows,), float64, or None
        Sums to n_rows. None if every row is to be drawn once, whatever its task: for a temperature
        of 1, and if all rows have labels of the same tasks.

    References
    ----------
    Arivazhagan et al. (2019), Massively Multilingual Neural Machine Translation in the Wild,
    arXiv:1907.05019, section 4.2 (temperature-based sampling).

    Examples
    --------
    >>> expected_draws(np.array([[0, -1], [1, -1], [0, -1], [-1, 1]]), "uniform")
    array([0.66666667, 0.66666667, 0.66666667, 2.        ])
    """
    temperature = check_task_sampling(task_sampling)
    labelled = codes != MISSING
    if active is not None:
        labelled = labelled[:, active]
    n_labelled = labelled.sum(axis=0)
    if temperature == 1 or not n_labelled.any() or np.isin(n_labelled, (0, len(codes))).all():
        return None
    shares = np.where(n_labelled > 0, n_labelled ** (1 / temperature), 0.0)
    per_row = np.divide(shares / shares.sum(), n_labelled, out=np.zeros(len(shares)), where=n_labelled > 0)
    draws = np.zeros(len(codes))
    for column, share in zip(labelled.T, per_row, strict=True):
        # Not labelled @ per_row, which makes floats of all cells first.
        draws[column] += share
    return draws * (len(codes) / draws.sum())


def corrected_weights(weights, codes, draws):
    """Return cell weights under which batches drawn by `draws` estimate the same losses as before.

    A row drawn ``d`` times on average counts ``1 / d`` each time (Horvitz and Thompson): which rows
    are drawn changes the noise of the losses, not what is minimised.

    Parameters
    ----------
    weights : ndarray of shape (n_rows, n_tasks) or None
        Cell weights, 0 where the label is missing; None if every labelled cell has weight 1.
    codes : ndarray of shape (n_rows, n_tasks)
        Target codes, -1 = missing.
    draws : ndarray of shape (n_rows,) or None
        As from `expected_draws`; None leaves the weights as they are.

    Returns
    -------
    ndarray of shape (n_rows, n_tasks) or None
        In the dtype of `weights`, float64 without; 0 for rows that are never drawn.

    References
    ----------
    Horvitz and Thompson (1952), A Generalization of Sampling Without Replacement From a Finite
    Universe, JASA 47, pages 663-685 (the unbiased linear estimator of a total).

    Examples
    --------
    >>> corrected_weights(None, np.array([[0, -1], [1, 0]]), np.array([0.5, 1.5]))
    array([[2.        , 0.        ],
           [0.66666667, 0.66666667]])
    """
    if draws is None:
        return weights
    if weights is None:
        weights = (codes != MISSING).astype(np.float64)
    inverse = np.divide(1.0, draws, out=np.zeros_like(draws), where=draws > 0)
    return weights * inverse[:, None].astype(weights.dtype)
