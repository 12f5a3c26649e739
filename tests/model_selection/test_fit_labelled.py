import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skmtl.datasets import TaskImages
from skmtl.model_selection._fit_labelled import fit_labelled
from skmtl.model_selection._task_subset import subset, task_frame

X = np.arange(12.0).reshape(6, 2)
Y = [[1, "a"], [None, None], [0, None], [1, "b"], [None, "b"], [0, "a"]]
WEIGHTS = np.arange(1.0, 7)


class Seeing(BaseEstimator):
    """Keeps what it is fitted with."""

    def fit(self, X, y, sample_weight=None, **params):
        self.seen = X, y, sample_weight, params
        return self


def test_rows_without_a_label_of_any_task_are_left_out():
    params = {"sample_weight": WEIGHTS, "kind": list("abcdef"), "note": "all"}
    frame = task_frame(Y)
    fitted = fit_labelled(Seeing(), X, frame, params)
    images, labels, weights, others = fitted.seen
    np.testing.assert_array_equal(images, X[[0, 2, 3, 4, 5]])
    assert labels.index.tolist() == [0, 2, 3, 4, 5]
    assert labels["task1"].fillna("?").tolist() == ["a", "?", "b", "b", "a"]
    np.testing.assert_array_equal(weights, [1, 3, 4, 5, 6])
    assert others == {"kind": list("acdef"), "note": "all"}
    labels = fit_labelled(Seeing(), X, frame["task0"], params, rows=np.array([5, 1, 2])).seen[1]
    assert labels.tolist() == [0, 0]
    assert labels.index.tolist() == [5, 2]


def test_nothing_is_copied_where_all_rows_have_a_label():
    y, images, params = task_frame([[1, "a"], [None, "b"]]), X[:2], {"sample_weight": WEIGHTS[:2], "kind": ["x", "y"]}
    seen = fit_labelled(Seeing(), images, y, params).seen
    assert all(a is b for a, b in zip(seen[:3], (images, y, params["sample_weight"]), strict=True))
    assert seen[3]["kind"] is params["kind"]


def test_an_input_per_task():
    for form in (TaskImages, dict):
        seen = fit_labelled(Seeing(), form({"task0": X, "task1": -X}), task_frame(Y), {}).seen[0]
        of_task = seen.images if form is TaskImages else seen
        np.testing.assert_array_equal(np.asarray(of_task["task1"]), -X[[0, 2, 3, 4, 5]])


@pytest.mark.parametrize("kind", ["int", "bool", "str", "Int64"])
def test_a_single_task_for_those_who_know_no_missing_labels(kind):
    labels = {"int": [3, 4], "bool": [True, False], "str": ["x", "y"], "Int64": [3, 4]}[kind]
    column = pd.Series(
        [labels[0], None, labels[1], labels[0], None, labels[1]], dtype="Int64" if kind == "Int64" else object
    )
    pipeline = make_pipeline(LogisticRegression())
    estimator, images, y = subset(pipeline, X, task_frame(pd.DataFrame({"a": column, "b": 1})), [0])
    clf = fit_labelled(estimator, images, y, {"sample_weight": WEIGHTS})
    kept = [0, 2, 3, 5]
    by_hand = LogisticRegression().fit(X[kept], np.array(labels)[[0, 1, 0, 1]], WEIGHTS[kept])
    np.testing.assert_array_equal(clf.predict_proba(X), by_hand.predict_proba(X))
    assert clf.predict(X).tolist() == by_hand.predict(X).tolist()


def test_a_split_without_any_label_of_a_task():
    y = pd.DataFrame({"a": [0, 1, 0, 1], "b": [0, 1, None, None]})
    for target in (y, y["b"]):
        with pytest.raises(ValueError, match="Task 'b' has no label in the 2 rows of a split to train on: use splits"):
            fit_labelled(LogisticRegression(), np.zeros((4, 1)), target, {}, np.array([2, 3]))
