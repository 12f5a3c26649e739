import numpy as np
import pytest

from skmtl.nn import MLPHead
from skmtl.nn._spec import check_sizes, check_spec


@pytest.mark.parametrize(
    ("given", "expected"), [((3, 4), (3, 4)), ([3], (3,)), (5, (5,)), (np.array([2, 3]), (2, 3)), ((), ())]
)
def test_sizes(given, expected):
    sizes = check_sizes(MLPHead(), "hidden", given)
    assert sizes == expected
    assert all(type(s) is int for s in sizes)


@pytest.mark.parametrize("given", [(0,), (-3,), (2.0,), "ab", None, 0, ((2,),), True, (8, True)])
def test_bad_sizes(given):
    with pytest.raises(ValueError, match=r"The 'hidden' parameter of MLPHead must be a tuple of positive ints\. Got"):
        check_sizes(MLPHead(), "hidden", given)


def test_at_least_one_size():
    with pytest.raises(ValueError, match="must be a non-empty tuple"):
        check_sizes(MLPHead(), "hidden", (), at_least_one=True)


def test_declared_constraints_are_checked():
    check_spec(MLPHead(dropout=0.5))
    with pytest.raises(ValueError, match="The 'dropout' parameter of MLPHead must be a float in the range"):
        check_spec(MLPHead(dropout="much"))
