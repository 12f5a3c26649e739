import numpy as np
import pytest

from skmtl._targets import read_targets
from skmtl.metrics._probability_cells import ProbabilityCells, check_known_labels

Y_PROB = [[0.6, 0.4], [0.5, 0.5], [0.9, 0.1], [0.2, 0.8]]


def test_cells_are_the_labelled_rows_of_positive_weight():
    column = read_targets(["a", None, "a", "b"]).columns[0]
    weight = np.array([0.5, 9, 0, 2])
    cells = ProbabilityCells.of("task", column, np.array(["a", "b"]), Y_PROB, weight)
    assert len(cells) == 2
    assert cells.y_true.tolist() == ["a", "b"]
    assert cells.y_prob.tolist() == [Y_PROB[0], Y_PROB[3]]
    assert cells.sample_weight.tolist() == [0.5, 2]


def test_confidence_is_that_of_the_most_probable_class_the_first_of_equals():
    column = read_targets(["b", "a", "a", "c"]).columns[0]
    cells = ProbabilityCells.of("task", column, np.array(["a", "b"]), Y_PROB, None)
    assert cells.confidence.tolist() == [0.6, 0.5, 0.9, 0.8]
    assert cells.correct.tolist() == [False, True, True, False]  # "c" is none of the classes


def test_labels_must_have_something_to_do_with_the_classes():
    check_known_labels("task", np.array(["a", "c"]), np.array(["a", "b"]))
    with pytest.raises(ValueError, match=r"Task 'odd' has true labels such as '0', but none of its classes \[0, 1\]"):
        check_known_labels("odd", np.array(["0", "1"]), np.array([0, 1]))
