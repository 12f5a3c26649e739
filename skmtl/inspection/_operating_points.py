"""Where on its curve a task of two classes decides."""

from collections.abc import Mapping
from typing import NamedTuple

from ..metrics._responses import fitted_attribute

__all__ = ["OperatingPoint", "operating_points"]


class OperatingPoint(NamedTuple):
    """What a threshold of the positive class's probability leads to.

    Attributes
    ----------
    threshold : float
        Of the positive class.
    x, y : float
        In the units of the curve; NaN where they are not defined.
    """

    threshold: float
    x: float
    y: float


def operating_points(estimator, cells, point_of):
    """Return the `OperatingPoint` of every task, None where the estimator has no threshold of its own.

    Parameters
    ----------
    estimator : fitted classifier
        Its ``thresholds_``, or those of the model inside its search or pipeline, map a task to the probability from
        which on the second of its classes is predicted.
    cells : list of TwoClassCells
        One per task, with probabilities as scores.
    point_of : callable (cells, chosen) -> (x, y)
        Where the curve is, if the `chosen` cells are taken for positive.
    """
    thresholds = fitted_attribute(estimator, "thresholds_")
    thresholds = thresholds if isinstance(thresholds, Mapping) else {}
    return [None if c.note or c.name not in thresholds else _point(thresholds[c.name], c, point_of) for c in cells]


def _point(threshold, cells, point_of):
    if cells.column:
        return OperatingPoint(threshold, *point_of(cells, cells.score >= threshold))
    # The other class's probability is the rest, and what is at the threshold is not of this one.
    return OperatingPoint(1 - threshold, *point_of(cells, 1 - cells.score < threshold))
