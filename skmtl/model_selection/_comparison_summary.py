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
    metric : str or dict task -> str
        Name of the score.
    level : float
        Confidence level.
    """
    n_splits, n_tasks = len(splits), len(names)
    by_split = [runs[i : i + n_tasks + 1] for i in range(0, len(runs), n_tasks + 1)]
    multi = np.array([multi_run[0] for multi_run, *_ in by_split])
    single = np.array([[run[0][0] for run in single_runs] for _, *single_runs in by_split])
    gains = _gains(multi, single, names)
    interval, step = _interval_of(splits, n_repeats, level)
    numbers = np.array([[run[1:] for run in split_runs] for split_runs in by_split], dtype=float)
    costs = [numbers[:, 0].mean(axis=0), numbers[:, 1:].sum(axis=1).mean(axis=0)]
    repeat, split = np.divmod(np.arange(n_splits), n_splits // n_repeats)
    return SingleTaskComparison(
        table=_table(multi, single, names, lambda values: interval(values, step)),
        delta_m=_mean(gains),
        delta_m_interval=interval(gains, 100 * step / n_tasks / _typical(single)),
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
    """Return (the function from a difference for every split and a step to the interval, the step of scores)."""
    parts = [part for _, part in splits]
    share = float(np.mean([len(test) / len(train) for train, test in parts]))
    size = len(parts) // n_repeats
    independent = all(disjoint([test for _, test in parts[i : i + size]]) for i in range(0, len(parts), size))
    step = 1 / float(np.mean([max(len(test), 1) for _, test in parts]))
    return lambda values, step: split_interval(
        np.reshape(values, (n_repeats, size)), share, independent, level, step
    ), step


def _table(multi, single, names, interval):
    rows = []
    with np.errstate(invalid="ignore"):  # of scores that are infinite
        differences = multi - single
    for m, s, d in zip(multi.T, single.T, differences.T, strict=True):
        both = ~np.isnan(d)
        lower, upper = interval(d)
        rows.append([_mean(s[both]), _mean(m[both]), _mean(d), lower, upper, upper < 0])
    columns = ["single_task", "multi_task", "difference", "lower", "upper", "negative_transfer"]
    table = pd.DataFrame(rows, pd.Index(names, name="task", tupleize_cols=False), columns)
    return table.astype({"negative_transfer": bool})


def _gains(multi, single, names):
    """Return the mean relative gain of every split in percent, NaN where a score is missing or cannot be divided by."""
    undefined = (single == 0) | np.isinf(single) | np.isinf(multi)
    if undefined.any():
        tasks = [name for name, column in zip(names, undefined.T, strict=True) if column.any()]
        warnings.warn(
            f"Single-task models of {tasks!r} score 0 in some splits (or a score is infinite), to which no gain can be "
            "relative: delta_m leaves these splits out. Choose a metric that is finite and not 0 where a model fails, "
            "such as 'accuracy'.",
            UndefinedGainWarning,
            stacklevel=5,  # a decorator checks the parameters
        )
    splits = zip(multi, single, undefined.any(axis=1), strict=True)
    return np.array([np.nan if without else delta_m(m, s) for m, s, without in splits])


def _typical(scores):
    """Return the mean size of scores that something can be relative to."""
    sizes = np.abs(scores[np.isfinite(scores) & (scores != 0)])
    return sizes.mean() if len(sizes) else 1.0


def _mean(values):
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
