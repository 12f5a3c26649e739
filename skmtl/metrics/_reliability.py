"""Bins of confidence: how sure a task's predictions are, and how often they are right."""

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints

__all__ = ["check_bins", "error_of_bins", "reliability_bins"]

_CONSTRAINTS = {
    "n_bins": [Interval(Integral, 1, None, closed="left")],
    "strategy": [StrOptions({"uniform", "quantile"})],
}


def check_bins(n_bins, strategy, caller):
    """Raise `InvalidParameterError` unless there are such bins."""
    validate_parameter_constraints(_CONSTRAINTS, {"n_bins": n_bins, "strategy": strategy}, caller_name=caller)


def reliability_bins(cells, n_bins, strategy):
    """Return accuracy and mean confidence of every bin.

    Parameters
    ----------
    cells : ProbabilityCells
        At least one.
    n_bins : int
        Number of bins.
    strategy : {"uniform", "quantile"}
        Bins of the same width, or of the same weight.

    Returns
    -------
    pandas.DataFrame
        A row per bin; columns ``lower`` (itself outside the bin, but for the first),
        ``upper`` (inside), ``count`` (cells), ``share`` (of all weight), ``confidence`` and
        ``accuracy`` (means, NaN in an empty bin).
    """
    confidence, correct = cells.confidence, cells.correct
    weight = np.ones(len(cells)) if cells.sample_weight is None else cells.sample_weight
    # The quotients are exact where a step times a number is not: 0.2 belongs to the bin that ends there.
    edges = np.arange(n_bins + 1) / n_bins
    if strategy == "quantile":
        # This method counts a cell of weight 2 as two cells.
        edges = np.quantile(confidence, edges, weights=weight, method="inverted_cdf")
    bins = np.searchsorted(edges[1:-1], confidence, side="left")
    total = np.bincount(bins, weight, n_bins)
    with np.errstate(invalid="ignore"):
        columns = {
            "lower": edges[:-1],
            "upper": edges[1:],
            "count": np.bincount(bins, minlength=n_bins),
            "share": total / total.sum(),
            "confidence": np.bincount(bins, weight * confidence, n_bins) / total,
            "accuracy": np.bincount(bins, weight * correct, n_bins) / total,
        }
    return pd.DataFrame(columns)


def error_of_bins(bins):
    """Return the expected calibration error of the table that `reliability_bins` returns."""
    return float(((bins["accuracy"] - bins["confidence"]).abs() * bins["share"]).sum())
