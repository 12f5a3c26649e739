"""Checks that the specs of trunks and heads share."""

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import validate_parameter_constraints

__all__ = ["check_sizes", "check_spec"]


def check_spec(spec):
    """Check a spec's parameters against its declared constraints."""
    validate_parameter_constraints(spec._parameter_constraints, _declared(spec), caller_name=type(spec).__name__)


def _declared(spec):
    return {k: v for k, v in spec.get_params(deep=False).items() if k in spec._parameter_constraints}


def check_sizes(spec, name, sizes, at_least_one=False):
    """Return `sizes` as a tuple of positive ints; one int stands for a tuple of one."""
    sizes = (sizes,) if isinstance(sizes, Integral) else sizes
    if (
        isinstance(sizes, (tuple, list, np.ndarray))
        and all(isinstance(s, Integral) and not isinstance(s, bool) and s > 0 for s in sizes)
        and (len(sizes) or not at_least_one)
    ):
        return tuple(int(s) for s in sizes)
    few = "a non-empty" if at_least_one else "a"
    raise ValueError(
        f"The {name!r} parameter of {type(spec).__name__} must be {few} tuple of positive ints. Got {sizes!r} instead."
    )
