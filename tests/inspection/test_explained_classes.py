import numpy as np
import pandas as pd
import pytest

from skmtl import MultiTaskCNNClassifier
from skmtl.inspection._explained_classes import explained_codes
from skmtl.nn import ConvTrunk

PREDICTED = np.array([[0, 0, 0], [1, 1, 1], [2, 0, 1]])


@pytest.fixture(scope="module")
def clf():
    X = np.random.default_rng(0).random((12, 4, 4))
    y = pd.DataFrame({"shape": ["disc", "ring", "star"] * 4, "size": [10, 20] * 6, 7: [True, False] * 6})
    return MultiTaskCNNClassifier(ConvTrunk(channels=(2,), hidden=()), max_epochs=1, random_state=0).fit(X, y)


def codes(clf, target, picked=(0, 1, 2)):
    return explained_codes(target, clf, list(picked), PREDICTED).tolist()


@pytest.mark.parametrize("target", ["predicted", None])
def test_the_predicted_classes(clf, target):
    assert codes(clf, target) == PREDICTED.tolist()


def test_a_label_for_every_task(clf):
    assert codes(clf, ["star", 20, False]) == [[2, 1, 0]] * 3
    assert codes(clf, ("star", None, True)) == [[2, 0, 1], [2, 1, 1], [2, 0, 1]]
    assert codes(clf, np.array(["star", 20, False], dtype=object)) == [[2, 1, 0]] * 3


def test_a_mapping_of_some_tasks(clf):
    assert codes(clf, {"size": 20}) == [[0, 1, 0], [1, 1, 1], [2, 1, 1]]
    assert codes(clf, {0: ["ring", None, "disc"], 7: True}) == [[1, 0, 1], [1, 1, 1], [0, 0, 1]]


def test_one_label_of_the_explained_tasks(clf):
    assert codes(clf, "ring", picked=[0]) == [[1, 0, 0], [1, 1, 1], [1, 0, 1]]
    assert codes(clf, 20, picked=[1]) == [[0, 1, 0], [1, 1, 1], [2, 1, 1]]


def test_a_table_of_labels_with_missing_ones(clf):
    frame = pd.DataFrame({7: [True, None, False], "shape": ["disc", "star", None], "size": [20.0, np.nan, 10.0]})
    expected = [[0, 1, 1], [2, 1, 1], [2, 0, 0]]
    assert codes(clf, frame) == expected
    assert codes(clf, frame[["shape", "size", 7]].to_numpy(dtype=object)) == expected
    assert codes(clf, frame[["shape", "size", 7]].to_numpy(dtype=object).tolist()) == expected


def test_one_task_takes_one_label_or_those_of_all_images():
    X = np.random.default_rng(0).random((12, 4, 4))
    clf = MultiTaskCNNClassifier(ConvTrunk(channels=(2,), hidden=()), max_epochs=1, random_state=0)
    clf.fit(X, np.arange(12) % 3)
    predicted = np.array([[0], [1]])
    for target, expected in [(2, [2, 2]), ([2], [2, 2]), ([2, 0], [2, 0]), (pd.Series([1, 2]), [1, 2])]:
        assert explained_codes(target, clf, [0], predicted)[:, 0].tolist() == expected
    assert explained_codes(np.array([[2], [0]]), clf, [0], predicted)[:, 0].tolist() == [2, 0]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"shape": "rng"}, r"target: Task 'shape' has the label 'rng', not among .*Did you mean 'ring'\?"),
        ({"shpe": "ring"}, r"target: the mapping names the task 'shpe'.*Did you mean 'shape'\?"),
        ({"size": [10, 20]}, "target: expected one label, or one per image, 3. Got 2 labels"),
        (["ring", 10], r"target: expected 'predicted', or one label for each of the 3 tasks .* Got 2 entries"),
        ([["ring", 10, True]], "target: expected one row per image, 3. Got 1 rows"),
        (np.array([["ring", 11, True]] * 3, dtype=object), "target: Task 'size' has the label 11"),
        ("ring", "target: Task 'size' has the label 'ring'"),
        (np.zeros((3, 2)), "target: y has 2 columns"),
    ],
)
def test_what_is_no_label_of_the_tasks(clf, target, message):
    with pytest.raises(ValueError, match=message):
        codes(clf, target)
