import numpy as np
import pytest

from skmtl.metrics._columns import mean_of_tasks, pair


def test_pair_keeps_labelled_cells_in_their_own_dtype():
    left, right = pair([["a", 1], [None, 2], ["b", None]], [["a", 1], ["a", 1], ["a", 2]], sample_weight=[1, 2, 3])
    assert (left.name, right.name) == ("task0", "task1")
    assert left.y_true.tolist() == ["a", "b"]
    assert left.y_pred.tolist() == ["a", "a"]
    assert right.y_true.dtype == right.y_pred.dtype == np.int64
    assert left.sample_weight.tolist() == [1, 3]
    assert right.labelled.tolist() == [True, True, False]


def test_mean_leaves_out_what_does_not_count():
    scores, weights = [0.5, float("nan"), 1.0], np.array([1.0, 5.0, 3.0])
    assert mean_of_tasks(scores, [True, False, True], weights) == 0.875
    assert np.isnan(mean_of_tasks(scores, [False, False, False], weights))
    assert mean_of_tasks(scores, [True, True, True], np.array([1.0, 0.0, 0.0])) == 0.5


def test_predictions_without_labels_are_refused():
    with pytest.raises(ValueError, match="y_pred has no label in 2 rows of task 'task0': predict every row"):
        pair([1, 2, 1], [1, None, None])
