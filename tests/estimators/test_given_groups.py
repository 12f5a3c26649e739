import pytest

from skmtl.estimators._given_groups import groups_of_tasks, resolve_groups
from skmtl.model_selection import TaskAffinity, TaskGrouping

NAMES = ["a", "b", "c"]


def test_names_and_indices():
    assert resolve_groups([("c", "a"), (1,)], NAMES) == ([[0, 2], [1]], [0, 1, 0])
    assert resolve_groups([["a", -1], ["b"]], NAMES) == ([[0, 2], [1]], [0, 1, 0])


def test_the_first_of_overlapping_groups_serves():
    assert resolve_groups([("a", "b"), ("b", "c")], NAMES) == ([[0, 1], [1, 2]], [0, 0, 1])


def test_a_grouping_says_which_serves():
    groups = [("a", "b"), ("b", "c")]
    grouping = TaskGrouping(groups, {"a": ("a", "b"), "b": ("b", "c"), "c": ("b", "c")}, 1.0, 2)
    assert resolve_groups(grouping, NAMES) == ([[0, 1], [1, 2]], [0, 1, 1])


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ("Auto", "groups must be 'auto'.* Did you mean 'auto'"),
        (TaskAffinity(None, None, None, "transfer", NAMES), r"groups is an affinity.*pass select_task_groups\(affin"),
        ("all", "groups must be 'auto', a TaskGrouping or a list of tuples .* Got 'all'"),
        ([], r"groups must be 'auto'.* Got \[\]"),
        (3, "groups must be 'auto'.* Got 3"),
        (["a", "b", "c"], r"groups must hold a tuple of tasks for every group. Got 'a' instead: write \('a',\)"),
        ([("a", "b")], r"groups must name every task; no group has \['c'\]. Add a group, such as \('c',\)"),
        ([("a", "b"), ("c", "aa")], "groups names the task 'aa'.* Did you mean 'a'"),
        ([("a", "b", "a"), ("c",)], r"names the task 'a' twice in the group \('a', 'b', 'a'\)"),
        ([("a", "b", "c"), ("a", "b")], r"groups has \('a', 'b'\), whose tasks are all served by groups before it"),
        ([("a", "b", "c"), ()], "groups has an empty group"),
    ],
)
def test_bad_groups(groups, message):
    with pytest.raises((ValueError, TypeError), match=message):
        resolve_groups(groups, NAMES)


def test_groups_of_fewer_tasks_keep_who_serves_whom():
    groups = [("a", "b"), (1, 2)]
    assert groups_of_tasks(groups, NAMES, [2]) == [("c",)]
    assert groups_of_tasks(groups, NAMES, [1]) == [("b",)]
    assert groups_of_tasks(groups, NAMES, [2, 1]) == [("b",), ("b", "c")]
    grouping = TaskGrouping([("a", "b"), ("b", "c")], {"a": ("a", "b"), "b": ("b", "c"), "c": ("b", "c")}, 1.0, 2)
    fewer = groups_of_tasks(grouping, NAMES, [0, 1])
    assert fewer.groups == [("a", "b"), ("b",)]
    assert resolve_groups(fewer, NAMES[:2]) == ([[0, 1], [1]], [0, 1])


def test_groups_that_become_one_are_trained_once():
    listed = [("a", "b", "c"), ("a", "b", "d")]
    grouping = TaskGrouping(listed, {"a": listed[0], "b": listed[1], "c": listed[0], "d": listed[1]}, 1.0, 2)
    fewer = groups_of_tasks(grouping, [*NAMES, "d"], [0, 1])
    assert fewer.groups == [("a", "b")]
    assert fewer.assignment == {"a": ("a", "b"), "b": ("a", "b")}
