"""From the scores of all fits to tables with intervals."""

import warnings

import numpy as np
import pandas as pd

from ..exceptions import UndefinedGainWarning
from ..metrics import delta_m
from ._comparison_result import SingleTaskComparison
from ._interval import disjoint, split_interval

__all__ = ["summarize"]


def summarize(runs, splits, names, n_repeats, metric, level):
    """Return the `SingleTaskComparison` of a list of runs.

    Parameters
    ----------
    runs : list of (scores, parameters, seconds to fit, seconds to predict)
        For every split that of the multi-task model, then that of every task alone.
    splits : list of (seed, (train, test))
        All repeats, one after the other.
    names : list
        The tasks.
    n_repeats : int
        Of how many times the same number of splits.
    metric : str
        Name of the score.
    level : float
        Confidence level.
    """
    n_splits, n_tasks = len(splits), len(names)
    by_split = [runs[i : i + n_tasks + 1] for i in range(0, len(runs), n_tasks + 1)]
    multi = np.array([multi_run[0] for multi_run, *_ in by_split])
    single = np.array([[run[0][0] for run in single_runs] for _, *single_runs in by_split])
    gains = _gains(multi, single, names)
    interval = _interval_of(splits, n_repeats, level)
    numbers = np.array([[run[1:] for run in split_runs] for split_runs in by_split], dtype=float)
    costs = [numbers[:, 0].mean(axis=0), numbers[:, 1:].sum(axis=1).mean(axis=0)]
    repeat, split = np.divmod(np.arange(n_splits), n_splits // n_repeats)
    return SingleTaskComparison(
        table=_table(multi, single, names, interval),
        delta_m=_mean(gains),
        delta_m_interval=interval(gains),
        costs=pd.DataFrame(costs, ["multi_task", "single_task"], ["parameters", "fit_time", "predict_time"]),
        scores=pd.DataFrame(
            {
                "repeat": repeat.repeat(n_tasks),
                "split": split.repeat(n_tasks),
                "task": names * n_splits,
                "single_task": single.ravel(),
                "multi_task": multi.ravel(),
            }
        ),
        metric=metric,
        confidence_level=level,
    )


def _interval_of(splits, n_repeats, level):
    """Return the function from a difference for every split to its interval."""
    parts = [part for _, part in splits]
    share = float(np.mean([len(test) / len(train) for train, test in parts]))
    size = len(parts) // n_repeats
    independent = all(disjoint([test for _, test in parts[i : i + size]]) for i in range(0, len(parts), size))
    return lambda values: split_interval(np.reshape(values, (n_repeats, size)), share, independent, level)


def _table(multi, single, names, interval):
    rows = []
    for m, s in zip(multi.T, single.T, strict=True):
        both = ~np.isnan(m - s)
        lower, upper = interval(m - s)
        rows.append([_mean(s[both]), _mean(m[both]), _mean((m - s)[both]), lower, upper, upper < 0])
    columns = ["single_task", "multi_task", "difference", "lower", "upper", "negative_transfer"]
    table = pd.DataFrame(rows, pd.Index(names, name="task"), columns)
    return table.astype({"negative_transfer": bool})


def _gains(multi, single, names):
    """Return the mean relative gain of every split in percent, NaN where a score is missing or cannot be divided by."""
    zero = [name for name, scores in zip(names, single.T, strict=True) if (scores == 0).any()]
    if zero:
        warnings.warn(
            f"Single-task models of {zero!r} score 0 in some splits, to which no gain can be relative: delta_m leaves "
            "these splits out. Choose a metric that is not 0 where a model fails, such as 'accuracy'.",
            UndefinedGainWarning,
            stacklevel=4,
        )
    return np.array([delta_m(m, s) if (s != 0).all() else np.nan for m, s in zip(multi, single, strict=True)])


def _mean(values):
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
