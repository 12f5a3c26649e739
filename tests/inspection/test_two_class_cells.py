import numpy as np
import pytest
from sklearn.exceptions import UndefinedMetricWarning

from skmtl.exceptions import UnlabelledTaskWarning
from skmtl.inspection._estimator_cells import EstimatorCells
from skmtl.inspection._two_class_cells import two_class_cells
from skmtl.metrics._probabilities import TaskProbabilities


@pytest.fixture
def source(told, labels):
    return EstimatorCells(told(labels), np.arange(200), labels, None, None, ("predict_proba",), "Display")


def test_every_task_of_two_classes_and_its_second_class(source, told, labels):
    cells = two_class_cells(source, None, None, "Display")
    assert [(c.name, c.pos_label) for c in cells] == [("odd", True), (7, 2), ("kind", "yes")]
    for c, t in zip(cells, (1, 2, 3), strict=True):
        assert c.score.tolist() == told(labels).probabilities[t][:, 1].tolist()
        assert c.positive.tolist() == (labels[c.name] == c.pos_label).tolist()


@pytest.mark.parametrize(
    ("pos_label", "expected"),
    [({"kind": "no", "odd": False}, [False, 2, "no"]), ({7: 1}, [True, 1, "yes"]), ({2: 1}, [True, 1, "yes"])],
)
def test_other_positive_classes(source, told, labels, pos_label, expected):
    cells = two_class_cells(source, None, pos_label, "Display")
    assert [c.pos_label for c in cells] == expected
    for c, t in zip(cells, (1, 2, 3), strict=True):
        column = told(labels).classes_[t].tolist().index(c.pos_label)
        assert c.score.tolist() == told(labels).probabilities[t][:, column].tolist()
        assert c.positive.tolist() == (labels[c.name] == c.pos_label).tolist()


def test_one_label_stands_for_every_task_drawn(source):
    assert two_class_cells(source, ["kind"], "no", "Display")[0].pos_label == "no"
    with pytest.raises(
        ValueError, match=r"pos_label of task 'odd' must be one of its classes \[False, True\]. Got 'no'"
    ):
        two_class_cells(source, None, "no", "Display")


@pytest.mark.parametrize(
    ("tasks", "pos_label", "message"),
    [
        (
            ["odd", "letter"],
            None,
            "tasks names 'letter', which has 4 classes, but Display draws tasks of two: leave it",
        ),
        (None, {"kind": "noo"}, r"pos_label of task 'kind' .*\['no', 'yes'\]. Got 'noo' instead. Did you mean 'no'"),
        (None, {"kid": "no"}, "Did you mean 'kind'"),
    ],
)
def test_bad_options(source, tasks, pos_label, message):
    with pytest.raises(ValueError, match=message):
        two_class_cells(source, tasks, pos_label, "Display")


def test_no_task_of_two_classes():
    source = TaskProbabilities([0, 1, 2], np.eye(3), None, None, None)
    with pytest.raises(ValueError, match=r"Display draws tasks of two classes, .* none: 'task0' \(3 classes\)"):
        two_class_cells(source, None, None, "Display")


def test_labels_that_are_no_class():
    source = TaskProbabilities(["a", "b", "c"], [0.1, 0.2, 0.3], ["a", "b"], None, None)
    with pytest.raises(ValueError, match=r"has the labels \['c'\] in y, which are not among its classes \['a', 'b'\]"):
        two_class_cells(source, None, None, "Display")


def test_tasks_without_a_curve_say_why():
    y = np.array([[None, 1, 0], [None, 1, 1]], dtype=object)
    source = TaskProbabilities(y, np.array([[0.5, 0.2, 0.1], [0.5, 0.3, 0.4]]), [[0, 1]] * 3, None, None)
    with (
        pytest.warns(UnlabelledTaskWarning, match="Task 'task0'"),
        pytest.warns(UndefinedMetricWarning, match="Task 'task1' has labels of one class only in y"),
    ):
        cells = two_class_cells(source, None, None, "Display")
    assert [c.note for c in cells] == ["no labels in y", "only one class in y", None]
