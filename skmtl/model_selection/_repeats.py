"""Measurements that are repeated: how they are run, and how far they differ."""

import pandas as pd
from sklearn.utils.parallel import Parallel
from tqdm.auto import tqdm

__all__ = ["deviation", "mean_and_error", "run_jobs"]


def run_jobs(jobs, unit, n_jobs, verbose, desc="affinity"):
    """Return the results of delayed calls, in their order.

    Parameters
    ----------
    jobs : list
        As ``sklearn.utils.parallel.delayed`` makes them.
    unit : str
        What a job is called on the bar.
    n_jobs : int or None
        How many run at the same time.
    verbose : int
        Whether to show a bar.
    desc : str, default="affinity"
        What stands before the bar.
    """
    done = Parallel(n_jobs=n_jobs, return_as="generator")(jobs)
    return list(tqdm(done, total=len(jobs), unit=unit, desc=desc, disable=not verbose, leave=False))


def mean_and_error(repeats):
    """Return the mean of repeats, shape (n_repeats, ...), and its standard error, over those that are not NaN."""
    return _over_known(repeats, "mean"), _over_known(repeats, "sem")


def deviation(repeats):
    """Return the standard deviation of repeats, shape (n_repeats, ...), over those that are not NaN."""
    return _over_known(repeats, "std")


def _over_known(repeats, statistic):
    # pandas leaves out NaN, and has no warning of its own where it leaves nothing, or a single one.
    found = getattr(pd.DataFrame(repeats.reshape(len(repeats), -1)), statistic)()
    return found.to_numpy().reshape(repeats.shape[1:])
