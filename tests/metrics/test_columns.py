import numpy as np
import pandas as pd
import pytest

from skmtl.exceptions import UnlabelledTaskWarning
from skmtl.metrics import exact_match_score, mean_task_score, multi_task_report
from skmtl.metrics._columns import has_weight, mean_of_tasks, pair, spread_weights

Y = pd.DataFrame({"a": [1, 2, 1, 2], "b": [0, 1, 1, 0]})
PRED = np.array([[1, 0], [2, 0], [2, 0], [2, 0]])


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


def test_weights_of_rows_serve_every_task_and_frames_meet_by_name():
    assert [w.tolist() for w in spread_weights([1, 2], 2, ["a", "b"])] == [[1, 2], [1, 2]]
    weights = pd.DataFrame({"b": [3, 4], "a": [1, 2]})
    assert [w.tolist() for w in spread_weights(weights, 2, ["a", "b"])] == [[1, 2], [3, 4]]
    assert spread_weights(None, 2, ["a", "b"]) == [None, None]


@pytest.mark.parametrize("y_true", [Y, Y.to_numpy()])
def test_frames_of_weights_meet_the_names_of_either_side(y_true):
    weights = pd.DataFrame({"b": [0, 0, 0, 1], "a": [4, 1, 3, 2]})
    y_pred = pd.DataFrame(PRED, columns=Y.columns)
    assert [c.sample_weight.tolist() for c in pair(y_true, y_pred, None, weights)] == [[4, 1, 3, 2], [0, 0, 0, 1]]
    assert mean_task_score(y_true, y_pred, sample_weight=weights) == (0.7 + 1) / 2
    with pytest.raises(ValueError, match=r"sample_weight has no column 'a'; its columns are .*Did you mean 'aa'"):
        mean_task_score(y_true, y_pred, sample_weight=weights.rename(columns={"a": "aa"}))


def test_masked_weights_count_as_zero():
    cells = np.ma.masked_array([[1, 2], [3, 4], [5, 6], [7, 8]], mask=[[0, 1], [0, 0], [1, 0], [0, 0]])
    assert mean_task_score(Y, PRED, sample_weight=cells) == (1 + 8 / 18) / 2
    assert multi_task_report(Y, PRED, sample_weight=cells, zero_division=0)["support"].tolist() == [1, 10, 8, 10]
    rows = np.ma.masked_array([1, 2, 3, 4], mask=[0, 1, 1, 0])
    assert exact_match_score(Y, PRED, sample_weight=rows) == 1


def test_negative_weights_are_refused():
    for score in (mean_task_score, exact_match_score, multi_task_report):
        with pytest.raises(ValueError, match=r"sample_weight must be >= 0. Got -1.0 instead"):
            score(Y, PRED, sample_weight=[1, -1, 1, 1])


def test_a_task_without_weight_is_left_out():
    weights = pd.DataFrame({"b": [0, 0, 0, 0], "a": [1, 1, 1, 1]})
    message = "Task 'b' has no labelled cell in y_true with a positive sample_weight, so its score is NaN"
    with pytest.warns(UnlabelledTaskWarning, match=message):
        assert mean_task_score(Y, PRED, sample_weight=weights) == 0.75
    with pytest.warns(UnlabelledTaskWarning, match=message):
        report = multi_task_report(Y, PRED, sample_weight=weights)
    assert report["task"].tolist() == ["a", "a", "b"]
    assert np.isnan(report["f1"].iloc[2])
    with pytest.warns(UnlabelledTaskWarning, match=message):
        text = multi_task_report(Y, PRED, sample_weight=weights, output="text")
    assert "b\n  no weight\n" in text
    with pytest.warns(UnlabelledTaskWarning, match="y_true has no labelled cell with a positive sample_weight"):
        assert np.isnan(exact_match_score(Y, PRED, sample_weight=[0, 0, 0, 0]))


def test_weight_of_labelled_cells():
    assert has_weight(2, None)
    assert not has_weight(0, None)
    assert has_weight(2, np.array([0, 0.1]))
    assert not has_weight(2, np.zeros(2))
