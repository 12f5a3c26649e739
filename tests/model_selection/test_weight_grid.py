from itertools import pairwise, product

import numpy as np
import pandas as pd
import pytest

from skmtl._weights import check_task_weights
from skmtl.model_selection import task_weight_grid


def by_enumeration(names, resolution, least):
    steps = product(range(least, resolution + 1), repeat=len(names))
    return [dict(zip(names, (s / resolution for s in k), strict=True)) for k in steps if sum(k) == resolution]


@pytest.mark.parametrize(("n_tasks", "resolution"), [(1, 1), (1, 5), (2, 3), (2, 7), (3, 6), (4, 8), (5, 6)])
@pytest.mark.parametrize("include_zero", [False, True])
def test_is_the_lattice_in_order(n_tasks, resolution, include_zero):
    names = [f"task{t}" for t in range(n_tasks)]
    grid = task_weight_grid(names, resolution, include_zero=include_zero)
    assert grid == by_enumeration(names, resolution, 0 if include_zero else 1)
    assert all(list(point) == names for point in grid)


def test_no_two_points_have_the_same_ratios():
    names = ["a", "b", "c"]
    grid = task_weight_grid(names, 12, include_zero=True)
    shares = np.array([(w := check_task_weights(point, names)) / w.sum() for point in grid])
    assert all(np.abs(a - b).max() > 0.01 for a, b in pairwise(shares))
    assert len(np.unique(shares.round(9), axis=0)) == len(grid) == 91


def test_equal_weights_where_they_are_on_the_grid():
    assert {"a": 0.5, "b": 0.5} in task_weight_grid(["a", "b"])
    third = 1 / 3
    assert {"a": third, "b": third, "c": third} in task_weight_grid(["a", "b", "c"])
    assert {"a": 0.5, "b": 0.5} not in task_weight_grid(["a", "b"], 5)


def test_zero_is_left_out_by_default():
    assert all(min(point.values()) > 0 for point in task_weight_grid(["a", "b", "c"]))
    assert {"a": 1.0, "b": 0.0} in task_weight_grid(["a", "b"], include_zero=True)


@pytest.mark.parametrize("names", [pd.Index([3, 1]), np.array([3, 1]), (3, 1)])
def test_names_are_pythons_own(names):
    point = task_weight_grid(names, 4)[1]
    assert point == {3: 0.5, 1: 0.5}
    assert {type(name) for name in point} == {int}


def test_explosion_names_the_way_out():
    names = [f"task{t}" for t in range(40)]
    with pytest.raises(ValueError, match=r"40 tasks with resolution=80 .* smaller resolution.*RandomizedSearchCV"):
        task_weight_grid(names, 80)
    with pytest.raises(ValueError, match="resolution must be above the number of tasks, 40"):
        task_weight_grid(names)


def test_a_single_point_is_no_grid():
    with pytest.raises(ValueError, match=r"tasks, 4, .* Got 4 instead: 5 makes 4 points, 8 is the next with equal"):
        task_weight_grid(list("abcd"), 4)
    assert len(task_weight_grid(list("abcd"), 5)) == 4
    assert dict.fromkeys("abcd", 0.25) in task_weight_grid(list("abcd"), 8)
    assert len(task_weight_grid(list("abcd"), 4, include_zero=True)) == 35


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        ("left", {}, "'task_names' parameter"),
        ([], {}, "task_names is empty"),
        (["a", "b", "a"], {}, "task_names has 'a' twice"),
        (["a"], {"resolution": 0}, "'resolution' parameter"),
        (["a"], {"include_zero": "yes"}, "'include_zero' parameter"),
    ],
)
def test_wrong_arguments(names, options, message):
    with pytest.raises(ValueError, match=message):
        task_weight_grid(names, **options)
