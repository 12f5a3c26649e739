import numpy as np
import pandas as pd
import pytest

from skmtl.metrics._probabilities import TaskProbabilities, entry_per_task

Y = pd.DataFrame({"digit": [0, 1, 2], "odd": [True, False, True]})
DIGIT = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0, 0.25, 0.75]])
ODD = np.array([[0.1, 0.9], [0.6, 0.4], [0.3, 0.7]])


def read(y_true, y_prob, classes=None, sample_weight=None):
    return TaskProbabilities(y_true, y_prob, classes, sample_weight, None)


@pytest.mark.parametrize(
    "y_prob",
    [
        [DIGIT, ODD],
        (DIGIT.tolist(), ODD.tolist()),
        [DIGIT, ODD[:, 1]],
        {"odd": ODD, "digit": DIGIT},
        {"odd": ODD[:, 1], 0: DIGIT},
    ],
)
def test_several_tasks_in_every_form(y_prob):
    tasks = read(Y, y_prob)
    assert tasks.names == ["digit", "odd"]
    assert [tasks.n_classes(t) for t in range(2)] == [3, 2]
    assert tasks.cells(0).classes.tolist() == [0, 1, 2]
    assert tasks.cells(1).classes.tolist() == [False, True]
    np.testing.assert_allclose(tasks.cells(0).y_prob, DIGIT, rtol=0, atol=0)
    np.testing.assert_allclose(tasks.cells(1).y_prob, ODD, rtol=1e-15)


@pytest.mark.parametrize("y_prob", [DIGIT, DIGIT.tolist(), [DIGIT], {"task0": DIGIT}, pd.DataFrame(DIGIT)])
def test_one_task_in_every_form(y_prob):
    tasks = read([0, 1, 2], y_prob)
    assert tasks.one_dimensional
    assert tasks.cells(0).y_prob.tolist() == DIGIT.tolist()


def test_two_class_tasks_of_multi_label_classifiers():
    y = pd.DataFrame({"a": [0, 1, 1], "b": ["x", "x", "y"]})
    second = np.array([[0.25, 0.5], [0.75, 0], [1, 0.5]])
    expected = [[[0.75, 0.25], [0.25, 0.75], [0, 1]], [[0.5, 0.5], [1, 0], [0.5, 0.5]]]
    by_position = read(y, second)
    by_name = read(y, pd.DataFrame(second, columns=["a", "b"])[["b", "a"]])
    unnamed = read(y.to_numpy(), pd.DataFrame(second))
    for tasks in (by_position, by_name, unnamed):
        assert [tasks.cells(t).y_prob.tolist() for t in range(2)] == expected


def test_unlabelled_rows_need_no_probabilities():
    tasks = read([0, None, 1], [[0.5, 0.5], [np.nan, 7], [0, 1]])
    assert tasks.cells(0).y_prob.tolist() == [[0.5, 0.5], [0, 1]]
    assert len(read([None, None], [[np.nan, 1], [2, 3]]).cells(0)) == 0
    assert tasks.n_labelled(0) == 2


def test_classes_are_given_where_labels_do_not_show_them():
    assert read([0, 1, 1], DIGIT, [0, 1, 2]).cells(0).classes.tolist() == [0, 1, 2]
    tasks = read(Y.iloc[:2], [DIGIT[:2], ODD[:2]], {"digit": [2, 1, 0]})
    assert tasks.cells(0).classes.tolist() == [2, 1, 0]
    assert tasks.cells(1).classes.tolist() == [False, True]
    with pytest.raises(
        ValueError, match=r"task 'task0' has 3 columns, but y_true has 2 different labels: pass classes"
    ):
        read([0, 1, 1], DIGIT).cells(0)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([0, 1], r"classes of task 'task0' must hold 3 different labels.*Got \[0, 1\]"),
        ([0, 1, 1], r"must hold 3 different labels.*Got \[0, 1, 1\]"),
        (["0", "1", "2"], r"true labels such as 0, but none of its classes \['0', '1', '2'\]"),
        ([[0, 1, 2], [0, 1]], r"classes has 2 entries, but y has 1 tasks"),
    ],
)
def test_bad_classes(classes, message):
    with pytest.raises(ValueError, match=message):
        read([0, 1, 2], DIGIT, classes).cells(0)


@pytest.mark.parametrize("row", [[2.0, -1.0, 0.0], [0.5, 0.3, 0.1], [np.nan, 0.5, 0.5], [30, 60, 10]])
def test_labelled_rows_must_hold_probabilities(row):
    with pytest.raises(ValueError, match=r"probabilities from 0 to 1 that sum to 1 in every row.* 1 such rows"):
        read([0, 1, 2], [DIGIT[0], DIGIT[1], row]).cells(0)


def test_rounded_and_half_precision_probabilities_pass():
    wide = np.random.default_rng(0).dirichlet(np.ones(62), 62)
    for y_prob in (wide.astype(np.float16), wide.astype(np.float32), wide.round(5)):
        assert len(read(range(62), y_prob).cells(0)) == 62


@pytest.mark.parametrize(
    ("y_prob", "message"),
    [
        ([DIGIT], r"for each of the 2 tasks \['digit', 'odd'\]. Got 1 entries"),
        (DIGIT, "Got 3 entries"),
        ([0.5, 0.5], "Got 2 entries"),
        ({"digit": DIGIT}, r"y_prob must name every task; it lacks \['odd'\]"),
        ({"digit": DIGIT, "ood": ODD}, "Did you mean 'odd'"),
        ([DIGIT, ODD[:2]], r"task 'odd' must have shape .* the 3 rows of y_true. Got \(2, 2\)"),
        ([DIGIT, "xyz"], "Got 2 entries"),
        ([DIGIT, [["x", "y"]] * 3], "task 'odd' must hold numbers"),
        ([DIGIT, np.empty((3, 0))], r"Got \(3, 0\) instead"),
    ],
)
def test_bad_probabilities(y_prob, message):
    with pytest.raises(ValueError, match=message):
        read(Y, y_prob)


def test_entry_per_task():
    assert entry_per_task("labels", None, ["a", "b"]) == [None, None]
    assert entry_per_task("labels", [1, 2], ["a"]) == [[1, 2]]
    assert entry_per_task("labels", [[1, 2]], ["a"]) == [[1, 2]]
    assert entry_per_task("labels", {"b": [1]}, ["a", "b"]) == [None, [1]]
    assert entry_per_task("labels", [[0, 1], [1]], ["a", "b"]) == [[0, 1], [1]]
