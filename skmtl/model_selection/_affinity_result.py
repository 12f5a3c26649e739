"""What task_affinity found."""

import reprlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from ._affinity_text import affinity_report
from ._repeats import mean_and_error

__all__ = ["LEAST_STABILITY", "TaskAffinity"]

LEAST_STABILITY = 0.5

# Of a training run, all gradients may share a direction that says nothing about the tasks.
ZERO_IS_NOTHING = ("transfer", "label_association")


@dataclass(frozen=True, eq=False, repr=False)
class TaskAffinity:
    """How much each task gives to each other one; result of `task_affinity`.

    Parameters
    ----------
    affinity : DataFrame of shape (n_tasks, n_tasks)
        The estimate: rows give, columns receive. NaN where no repeat could find anything out.
    standard_error : DataFrame of shape (n_tasks, n_tasks)
        Of the estimate, over the repeats that know an entry; NaN with a single one.
    repeats : ndarray of shape (n_repeats, n_tasks, n_tasks)
        The matrix of every repeat; for ``"label_association"``, of every resample of the rows.
    method : str
        What was measured.
    task_names : list
        The tasks, in the order of rows and columns.
    losses : dict or None
        For ``"transfer"`` with a negated loss as `scoring`: (task,) and (task, task), in the order of
        `task_names` -> task -> mean held-out loss of the model of these tasks. None otherwise.

    Attributes
    ----------
    stability : float
        Mean Spearman correlation between two repeats of what distinguishes the givers of a receiver: the entries
        off the diagonal, less the mean of their column. 1: all repeats rank them alike; 0: as chance would. NaN
        with one repeat, with two tasks, or where all givers are alike.
    nothing_seen : bool
        Whether chance explains all that the repeats see: `stability` is not 0.5 or more, and no entry stands out. For
        ``"transfer"`` and ``"label_association"`` one stands out that differs from 0; for the others, whose entries
        may all have the same cause, a giver that differs from the mean over its receiver's givers (two tasks: from
        0). To differ, it takes more standard errors than the largest of as many normally distributed numbers has in
        19 of 20 cases. False with one repeat.

    See Also
    --------
    task_affinity : Makes it.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmtl.model_selection import TaskAffinity
    >>> repeats = np.array([[[0, 1, 4], [3, 0, 2], [1, 2, 0]], [[0, 2, 4], [4, 0, 2], [1, 1, 0]]]) / 10
    >>> tasks = ["a", "b", "c"]
    >>> mean, error = (pd.DataFrame(m, tasks, tasks) for m in (repeats.mean(0), repeats.std(0, ddof=1) / 2**0.5))
    >>> result = TaskAffinity(mean, error, repeats, "lookahead", tasks)
    >>> float(result.affinity.loc["a", "c"]), round(result.stability, 2)
    (0.4, 0.91)
    >>> result
    TaskAffinity(method='lookahead', tasks=['a', 'b', 'c'], n_repeats=2, stability=0.91)
    >>> np.asarray(result).shape
    (3, 3)
    """

    affinity: pd.DataFrame
    standard_error: pd.DataFrame
    repeats: np.ndarray
    method: str
    task_names: list
    losses: dict | None = None

    @property
    def stability(self):
        """How alike the repeats rank the givers."""
        if len(self.task_names) < 3:
            return float("nan")
        # Rounded, so that givers alike but for the last digit are alike; pandas leaves out what is NaN.
        entries = pd.DataFrame(self._contrasts().T).round(15)
        correlations = entries.corr(method="spearman").to_numpy()
        pairs = correlations[np.triu_indices(len(correlations), 1)]
        return float(np.nanmean(pairs)) if np.isfinite(pairs).any() else float("nan")

    @property
    def nothing_seen(self):
        """Whether chance explains all that the repeats see."""
        if self.stability >= LEAST_STABILITY:
            return False
        if self.method in ZERO_IS_NOTHING or len(self.task_names) < 3:
            others = ~np.eye(len(self.task_names), dtype=bool)
            mean, error = (f.to_numpy(dtype=float)[others] for f in (self.affinity, self.standard_error))
        else:
            mean, error = mean_and_error(self._contrasts())
        known = np.isfinite(mean) & np.isfinite(error)
        # The more entries, the further the largest of them lies from 0 by chance.
        limit = norm.isf(0.025 / max(known.sum(), 1))
        return bool(known.any() and (np.abs(mean[known]) <= limit * error[known]).all())

    def _contrasts(self):
        """Return the entries off the diagonal, less the mean of their column; shape (n_repeats, n_entries)."""
        others = ~np.eye(len(self.task_names), dtype=bool)
        columns = np.where(others, self.repeats, np.nan)
        counts = np.isfinite(columns).sum(axis=1, keepdims=True)
        means = np.divide(
            np.nansum(columns, axis=1, keepdims=True), counts, where=counts > 0, out=np.zeros(counts.shape)
        )
        return (columns - means)[:, others]

    def __array__(self, dtype=None, copy=None):
        """Return the matrix, rows giving, columns receiving."""
        return np.array(self.affinity, dtype=dtype, copy=copy)

    def __str__(self):
        return affinity_report(self)

    def __repr__(self):
        tasks = reprlib.repr(list(self.task_names))
        return (
            f"TaskAffinity(method={self.method!r}, tasks={tasks}, n_repeats={len(self.repeats)}, "
            f"stability={self.stability:.2f})"
        )
