import numpy as np

from skmtl.inspection._mistakes import find_mistakes
from skmtl.metrics._probabilities import ProbabilityCells

CLASSES = np.array(["b", "a"])  # not in order
PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.2, 0.8], [0.99, 0.01]])
CELLS = ProbabilityCells("task", CLASSES, np.array(["a", "b", "a", "b", "b"]), PROBABILITIES, None)
ROWS = np.array([1, 3, 4, 6, 9])


def test_the_most_confident_come_first_and_ties_in_row_order():
    found = find_mistakes(CELLS, ROWS, None, 10)
    assert found.rows.tolist() == [1, 3, 6]
    assert found.y_true.tolist() == ["a", "b", "b"]
    assert found.y_pred.tolist() == ["b", "a", "a"]
    assert found.probability.tolist() == [0.9, 0.8, 0.8]
    assert (found.n_mistakes, found.n_labelled) == (3, 5)


def test_as_many_as_asked_for():
    found = find_mistakes(CELLS, ROWS, None, 1)
    assert found.rows.tolist() == [1]
    assert found.n_mistakes == 3


def test_predictions_may_be_others_than_the_most_probable():
    # A threshold of 0.3 for class b.
    found = find_mistakes(CELLS, ROWS, np.array(["b", "a", "b", "a", "b"]), 10)
    assert found.rows.tolist() == [1, 3, 6, 4]
    assert found.probability.tolist() == [0.9, 0.8, 0.8, 0.4]


def test_rows_without_image_do_not_count():
    blank = np.isin(np.arange(10), [0, 1])
    found = find_mistakes(CELLS, ROWS, None, 10, blank)
    assert found.rows.tolist() == [3, 6]
    assert (found.n_mistakes, found.n_labelled) == (2, 4)


def test_a_label_the_model_does_not_know_is_a_mistake():
    cells = ProbabilityCells("task", CLASSES, np.array(["c"]), PROBABILITIES[:1], None)
    assert find_mistakes(cells, ROWS[:1], None, 1).y_true.tolist() == ["c"]


def test_no_cells_no_mistakes():
    cells = ProbabilityCells("task", None, CLASSES[:0], PROBABILITIES[:0], None)
    found = find_mistakes(cells, ROWS[:0], None, 3)
    assert (len(found.rows), found.n_mistakes, found.n_labelled) == (0, 0, 0)


def test_labels_are_written_as_the_classes_are():
    # Beside missing ones, integers come as floats.
    cells = ProbabilityCells("task", np.array([5, 4]), np.array([4.0, 5.0]), np.array([[0.7, 0.3], [0.9, 0.1]]), None)
    found = find_mistakes(cells, np.array([0, 2]), None, 2)
    assert [found.y_true.tolist(), found.y_pred.tolist()] == [[4], [5]]
    assert found.y_true.dtype.kind == "i"
