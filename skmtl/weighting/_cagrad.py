"""CAGrad: near the mean gradient, the direction that is best for the task worst off."""

from numbers import Real

import numpy as np
from scipy.optimize import brentq
from sklearn.utils._param_validation import Interval

from ._base import GramianWeighting
from ._gramian import gradient_columns, min_norm_point

__all__ = ["CAGrad"]

# Relative to the gradients: a shorter combination of them is rounding.
_ZERO = 1e-6


class CAGrad(GramianWeighting):
    """Follow the direction best for the task worst off among those near the mean gradient.

    Near means at most ``c`` times the mean gradient's norm away. The weights are 1/T for every task
    plus a non-negative part for those worst off; unlike the authors' code,
    this does not divide them by ``1 + c ** 2``, since the trainer scales them anyway.

    Where a combination of gradients worst off vanishes (a Pareto-stationary point, or a zero
    gradient), no direction near the mean improves all tasks: the weights are zeros, no step. A mean
    gradient of zero gives equal weights.

    Parameters
    ----------
    c : float, default=0.5
        Radius of the search around the mean gradient, relative to the mean's norm, at least 0. 0 is
        equal weights; below 1 the mean loss decreases; from 1 on every task improves, as with MGDA.

    Examples
    --------
    >>> import numpy as np
    >>> J = np.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])
    >>> CAGrad(c=0.5).build(2).weights(J @ J.T).round(5)
    array([0.70412, 0.5    ])

    References
    ----------
    Liu et al. (2021), Conflict-averse gradient descent for multi-task learning, NeurIPS,
    algorithm 1.
    """

    _parameter_constraints = {"c": [Interval(Real, 0, np.inf, closed="left")]}

    def __init__(self, c=0.5):
        self.c = c

    def weights(self, gramian):
        """Return weights >= 1/T, or zeros."""
        columns = gradient_columns(gramian)
        equal = np.full(len(columns), 1 / len(columns))
        radius = self.c * np.linalg.norm(columns @ equal)
        if radius == 0:
            return equal
        worst = _worst_off(columns, radius)
        length = np.linalg.norm(columns @ worst)
        if length <= _ZERO * (np.linalg.norm(columns, axis=0) @ worst):
            return np.zeros(len(columns))
        return equal + radius / length * worst


def _worst_off(columns, radius):
    """Return the w on the simplex that minimises ``mean @ g_w + radius * |g_w|``, or zeros where g_w vanishes.

    With a known length l = |g_w|, ``|g_w| ** 2 / (2 * l)`` has the gradient of ``|g_w|``, and w is the
    shortest combination of the columns, each moved by ``l / radius * mean``: so look for the l that
    the result has itself. ``|g_w| / l`` never increases with l.
    """
    mean = columns.mean(axis=1, keepdims=True)

    def mixture(log_length):
        return min_norm_point(columns + np.exp(log_length) / radius * mean)

    def excess(log_length):
        return np.log(np.linalg.norm(columns @ mixture(log_length)) + 1e-300) - log_length

    lengths = np.linalg.norm(columns, axis=0)
    shortest = np.linalg.norm(columns @ min_norm_point(columns))
    floor = _ZERO * lengths[lengths > 0].min()
    low, high = np.log(max(shortest, floor)), np.log(lengths.max()) + 1e-6
    if excess(low) <= 0:
        return mixture(low) if shortest > floor else np.zeros(len(lengths))
    return mixture(brentq(excess, low, high, xtol=1e-10))
