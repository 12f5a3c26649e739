import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as skm

from skmtl.exceptions import UnlabelledTaskWarning
from skmtl.metrics import exact_match_score, mean_task_score

LABEL_METRICS = ["accuracy", "balanced_accuracy", "f1_macro", "recall_weighted", "matthews_corrcoef"]


@pytest.mark.parametrize("metric", LABEL_METRICS)
@pytest.mark.parametrize("kind", ["int", "str", "mixed"])
def test_mean_of_scikit_learns_scores(digits, targets, forests, one_task, holes, kind, metric):
    y = pd.DataFrame(targets[kind])[200:].reset_index(drop=True)
    X, forest = digits[0][200:], forests[kind]
    scorer = skm.get_scorer(metric)
    singles = []
    for t, task in enumerate(y.columns):
        rows = ~holes[:, t]
        predicted = one_task(forest, t, X)[0]
        true = y[task].to_numpy()[rows].astype(predicted.dtype)
        singles.append(scorer._score_func(true, predicted[rows], **scorer._kwargs))
        # One column alone is scikit-learn's function itself.
        assert mean_task_score(true, predicted[rows], metric) == singles[-1]
    seen = y.astype(object).mask(holes)
    assert mean_task_score(seen, forest.predict(X), metric) == pytest.approx(np.mean(singles), rel=1e-14)
    weighted = mean_task_score(seen, forest.predict(X), metric, task_weights=[1, 0, 3])
    assert weighted == pytest.approx(np.average([singles[0], singles[2]], weights=[1, 3]), rel=1e-14)


def test_the_second_of_two_string_labels_is_the_positive_one():
    y_true, y_pred = [["no", 0], ["yes", 1], ["yes", 1]], [["no", 0], ["no", 0], ["yes", 1]]
    assert mean_task_score(y_true, y_pred, "recall") == 1 / 2
    assert mean_task_score(y_true, y_pred, "precision") == 1
    assert mean_task_score([["a"], ["b"], ["b"]], [["b"], ["b"], ["a"]], "recall", pos_label="a") == 0
    with pytest.raises(
        ValueError, match=r"Task 'task0' .* has 3 classes: choose a metric of several, such as 'f1_macr"
    ):
        mean_task_score([["a"], ["b"], ["c"]], [["b"], ["b"], ["a"]], "f1")


def test_function_keywords_and_weights():
    y_true, y_pred = np.array([[0, 1], [1, 1], [0, 0]]), np.array([[0, 1], [0, 1], [0, 1]])
    weights = np.array([[1.0, 2], [3, 1], [1, 4]])
    expected = np.mean([skm.accuracy_score(y_true[:, t], y_pred[:, t], sample_weight=weights[:, t]) for t in (0, 1)])
    assert mean_task_score(y_true, y_pred, sample_weight=weights) == expected
    expected = np.mean([skm.fbeta_score(y_true[:, t], y_pred[:, t], beta=2, zero_division=0) for t in (0, 1)])
    assert mean_task_score(y_true, y_pred, skm.fbeta_score, beta=2, zero_division=0) == expected


def test_frames_meet_by_name():
    y_true = pd.DataFrame({"a": [1, 2, 1], "b": ["x", None, "y"]})
    y_pred = pd.DataFrame({"b": ["x", "y", "y"], "a": [1, 2, 2]})
    assert mean_task_score(y_true, y_pred) == np.mean([2 / 3, 1])
    assert exact_match_score(y_true, y_pred) == 2 / 3
    # Names of one side only are still the tasks' names.
    assert mean_task_score(y_true.to_numpy(), y_pred[["a", "b"]], task_weights={"a": 0, "b": 1}) == 1.0


def test_unlabelled_task_is_left_out():
    y_true = [[1, None], [2, None]]
    with pytest.warns(UnlabelledTaskWarning, match="'task1'"):
        assert mean_task_score(y_true, [[1, 5], [1, 5]]) == 0.5
    with pytest.warns(UnlabelledTaskWarning):
        assert np.isnan(mean_task_score([[None], [None]], [[1], [1]]))
    assert mean_task_score([[1, -1], [2, 3]], [[1, 5], [1, 3]], missing_label=-1) == 0.75


def test_probability_metrics_are_sent_to_the_scorer():
    with pytest.raises(ValueError, match=r"'neg_log_loss' needs probabilities.*multi_task_scorer"):
        mean_task_score([0, 1], [0, 1], "neg_log_loss")


@pytest.mark.parametrize(
    ("y_true", "y_pred", "kwargs", "message"),
    [
        ([[1, 2]], [[1, 2, 3]], {}, r"same shape. Got \(1, 2\) and \(1, 3\)"),
        ([1, 2], [1, 2, 3], {}, r"same shape. Got \(2, 1\) and \(3, 1\)"),
        (["a", "b"], [1, 2], {}, "Task 'task0' has true labels such as 'a', but predicted ones such as 1"),
        ([1, 2], [1, None], {}, "y_pred has no label in 1 rows of task 'task0'"),
        ([1, 2], [1, 2], {"task_weights": [-1]}, "task_weights must be finite numbers >= 0. Got -1 for task 'task0'"),
        ([1, 2], [1, 2], {"task_weights": [0]}, "task_weights are all zero.*give at least one task a weight"),
        ([1, 2], [1, 2], {"task_weights": [1, 1]}, "task_weights has 2 entries, but y has 1 tasks"),
        ([[1, 2]], [[1, 2]], {"task_weights": {"task0": 1}}, r"must name every task; it lacks \['task1'\]"),
    ],
)
def test_bad_input_names_what_is_wrong(y_true, y_pred, kwargs, message):
    with pytest.raises(ValueError, match=message):
        mean_task_score(y_true, y_pred, **kwargs)


def test_exact_match_is_subset_accuracy(digits, targets, forests):
    y, predicted = targets["int"][200:], forests["int"].predict(digits[0][200:])
    binary, guess = y % 2, (predicted % 2).astype(int)
    weights = np.random.default_rng(0).random(200)
    assert exact_match_score(binary, guess) == skm.accuracy_score(binary, guess)
    assert exact_match_score(binary, guess, sample_weight=weights) == skm.accuracy_score(
        binary, guess, sample_weight=weights
    )
    assert exact_match_score(y, predicted) == (y == predicted).all(axis=1).mean()
    assert exact_match_score(y[:, 0], predicted[:, 0]) == skm.accuracy_score(y[:, 0], predicted[:, 0])


def test_exact_match_skips_cells_and_rows_without_labels():
    y_true = np.array([[1, np.nan], [np.nan, np.nan], [1, 0], [0, 0]])
    y_pred = np.array([[1, 1], [0, 0], [1, 1], [0, 0]])
    assert exact_match_score(y_true, y_pred) == 2 / 3
    assert exact_match_score(y_true, y_pred, sample_weight=[1, 9, 2, 1]) == 0.5
    with pytest.warns(UnlabelledTaskWarning, match="no labelled cell"):
        assert np.isnan(exact_match_score([[None]], [[1]]))
    with pytest.raises(ValueError, match=r"sample_weight must have shape \(4,\).*Got \(4, 2\)"):
        exact_match_score(y_true, y_pred, sample_weight=np.ones((4, 2)))


def test_the_mean_of_a_loss_is_no_score_to_maximise():
    y = [[0, 1], [1, 1], [1, 0], [0, 0]]
    assert mean_task_score(y, [[0, 1], [1, 1], [0, 0], [1, 1]], skm.zero_one_loss) == (0.5 + 0.25) / 2
