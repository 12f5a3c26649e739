import numpy as np
import pandas as pd
import polars as pl
import pytest

from skmtl.exceptions import UnlabelledTaskWarning
from skmtl.metrics import exact_match_score, mean_task_score, multi_task_report, multi_task_scorer
from skmtl.metrics._weights import check_task_weights, has_weight, spread_weights

Y = pd.DataFrame({"a": [1, 2, 1, 2], "b": [0, 1, 1, 0]})
PRED = np.array([[1, 0], [2, 0], [2, 0], [2, 0]])


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_weights_of_rows_serve_every_task_and_frames_meet_by_name(frame):
    assert [w.tolist() for w in spread_weights([1, 2], 2, ["a", "b"])] == [[1, 2], [1, 2]]
    weights = frame({"b": [3, 4], "a": [1, 2]})
    assert [w.tolist() for w in spread_weights(weights, 2, ["a", "b"])] == [[1, 2], [3, 4]]
    # Without names of its own, y says nothing but the order.
    assert [w.tolist() for w in spread_weights(weights, 2, ["task0", "task1"])] == [[3, 4], [1, 2]]
    with pytest.raises(ValueError, match=r"sample_weight has the columns \['b', 'a'\], but the tasks are .*'aa'"):
        spread_weights(weights, 2, ["aa", "b"])
    assert spread_weights(None, 2, ["a", "b"]) == [None, None]


def test_wrong_names_come_with_a_suggestion():
    with pytest.raises(ValueError, match=r"name its columns after the tasks. Did you mean 'left'?"):
        spread_weights(pd.DataFrame({"lefft": [1], "right": [1]}), 1, ["left", "right"])


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


def test_scorers_leave_out_a_task_without_weight():
    from sklearn.tree import DecisionTreeClassifier

    X = np.arange(4)[:, None]
    tree = DecisionTreeClassifier().fit(X, Y)
    weights = np.array([[1, 0]] * 4)
    with pytest.warns(UnlabelledTaskWarning, match="Task 'b' has no labelled cell in y_true with a positive"):
        scores = multi_task_scorer("accuracy")(tree, X, Y, sample_weight=weights)
    assert scores["a_accuracy"] == scores["mean_accuracy"] == scores["min_accuracy"] == 1
    assert np.isnan(scores["b_accuracy"])


def test_weight_of_labelled_cells():
    assert has_weight(2, None)
    assert not has_weight(0, None)
    assert has_weight(2, np.array([0, 0.1]))
    assert not has_weight(2, np.zeros(2))


def test_task_weights_as_a_series_meet_by_name():
    assert check_task_weights(pd.Series({"b": 3, "a": 1}), ["a", "b"]).tolist() == [1, 3]
