"""What task_affinity found."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["TaskAffinity"]


@dataclass(frozen=True, eq=False)
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
        n_tasks = len(self.task_names)
        others = ~np.eye(n_tasks, dtype=bool)
        if n_tasks < 3:
            return float("nan")
        columns = np.where(others, self.repeats, np.nan)
        counts = np.isfinite(columns).sum(axis=1, keepdims=True)
        means = np.divide(
            np.nansum(columns, axis=1, keepdims=True), counts, where=counts > 0, out=np.zeros(counts.shape)
        )
        # Rounded, so that givers alike but for the last digit are alike; pandas leaves out what is NaN.
        entries = pd.DataFrame((columns - means)[:, others].T).round(15)
        correlations = entries.corr(method="spearman").to_numpy()
        pairs = correlations[np.triu_indices(len(correlations), 1)]
        return float(np.nanmean(pairs)) if np.isfinite(pairs).any() else float("nan")

    def __array__(self, dtype=None, copy=None):
        """Return the matrix, rows giving, columns receiving."""
        return np.array(self.affinity, dtype=dtype, copy=copy)
