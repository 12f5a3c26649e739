import numpy as np
import pandas as pd
import pytest

from skmtl._validation import check_option, did_you_mean, resolve_task, values_per_task

NAMES = ["left", "right", 0]


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("lefft", ["left", "right"], " Did you mean 'left'?"),
        ("banana", ["left", "right"], ""),
        (11, [1, 2], " Did you mean 1?"),
        ("x", [], ""),
        ("ADAM", ["sgd", "adam"], " Did you mean 'adam'?"),
        ("Ab", ["AB", "Ab "], " Did you mean 'Ab '?"),
    ],
)
def test_did_you_mean(name, known, expected):
    assert did_you_mean(name, known) == expected


def test_check_option():
    assert check_option("optimizer", "sgd", {"sgd": 1, "adam": 2}) == "sgd"
    with pytest.raises(
        ValueError, match=r"optimizer must be one of 'adam', 'sgd'\. Got 'adan' instead\. Did you mean 'adam'\?"
    ):
        check_option("optimizer", "adan", {"sgd": 1, "adam": 2})


@pytest.mark.parametrize(
    ("task", "names", "index"),
    [
        ("right", NAMES, 1),
        (0, NAMES, 2),  # a name wins over an index
        (1, NAMES, 1),
        (-3, NAMES, 0),
        (np.int64(1), ["a", "b"], 1),
        (np.int64(7), [7, 8], 0),
        (np.str_("b"), ["a", "b"], 1),
        (np.int64(0), [("x", 1), ("y", 2)], 0),
        ("b", [np.str_("a"), np.str_("b")], 1),
    ],
)
def test_resolve_task(task, names, index):
    assert resolve_task(task, names) == index


@pytest.mark.parametrize("task", ["lefft", 3, -4, True, 1.0, None])
def test_resolve_unknown_task(task):
    with pytest.raises(
        ValueError, match=r"monitor names the task .*, but the tasks are \['left', 'right', 0\]: use one"
    ):
        resolve_task(task, NAMES, "monitor")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1, 2], [1, 2]),
        ((3, None), [3, None]),
        ({"b": 5}, [None, 5]),
        ({"a": 1, 1: 2}, [1, 2]),
        ({}, [None, None]),
        (pd.Series({"b": 1, "a": 2}), [2, 1]),
        (pd.Series([5, 6]), [5, 6]),
        (pd.Series({"b": 1}), [None, 1]),
    ],
)
def test_values_per_task(value, expected):
    assert values_per_task("head", value, ["a", "b"]) == expected


@pytest.mark.parametrize(
    ("value", "complete", "match"),
    [
        ([1], False, r"head has 1 entries, but y has 2 tasks \['a', 'b'\]: give one entry per task"),
        ({"a": 1}, True, r"head must name every task; it lacks \['b'\]"),
        ({"a": 1, 0: 2}, False, "head names the task 'a' twice, as 'a' and 0: keep one"),
        (pd.Series([1, 2], index=["a", "a"]), False, "head names the task 'a' twice"),
        (pd.Series({"a": 1, "c": 2}), True, "head names the task 'c', but the tasks are"),
        ({"aa": 1}, False, "head names the task 'aa'.* Did you mean 'a'?"),
    ],
)
def test_values_per_task_errors(value, complete, match):
    with pytest.raises(ValueError, match=match):
        values_per_task("head", value, ["a", "b"], complete=complete)
