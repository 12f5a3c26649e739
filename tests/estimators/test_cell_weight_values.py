"""The functions of ``estimators/_cell_weights.py`` by themselves, without training a model."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from skmtl._weights import check_sample_weight
from skmtl.estimators._cell_weights import cell_weights, resolve_class_weight

NAMES = ["digit", "side"]
CLASSES = [np.array([1, 2, 3]), np.array(["left", "right"])]
CODES = np.array([[0, 0], [0, 1], [1, -1], [2, 0], [-1, 0], [0, 0]])


def weigh(class_weight=None, sample_weight=None, codes=CODES, **kwargs):
    spread = resolve_class_weight(class_weight, NAMES, CLASSES)
    sample_weight = check_sample_weight(sample_weight, len(codes), NAMES)
    return cell_weights(codes, sample_weight, spread, CLASSES, NAMES, **kwargs)


def normed(weights):
    return weights * len(weights) / weights.sum(0)


def test_without_weights_labelled_cells_share_n_samples():
    weights = weigh()
    np.testing.assert_allclose(weights, np.where(CODES >= 0, 6 / 5, 0), rtol=1e-15)
    np.testing.assert_allclose(weights.mean(0), 1)


@pytest.mark.parametrize("sample_weight", [None, [1, 2, 3, 0, 1, 0.5], np.arange(12).reshape(6, 2)])
@pytest.mark.parametrize("class_weight", [None, "balanced", {1: 5, "left": 2}, [None, "balanced"]])
def test_average_one_for_every_task_and_zero_where_missing(class_weight, sample_weight):
    weights = weigh(class_weight, sample_weight)
    np.testing.assert_allclose(weights.mean(0), 1, rtol=1e-14)
    assert (weights[CODES < 0] == 0).all()
    assert (weights >= 0).all()


BALANCED = ["balanced", ["balanced", "balanced"], {"digit": "balanced", "side": "balanced"}]


@pytest.mark.parametrize("class_weight", BALANCED)
def test_balanced_is_scikit_learns_on_the_labelled_cells(class_weight):
    weights = weigh(class_weight)
    for t in range(2):
        rows = CODES[:, t] >= 0
        expected = compute_sample_weight("balanced", CLASSES[t][CODES[rows, t]])
        np.testing.assert_allclose(weights[rows, t], expected * len(CODES) / expected.sum(), rtol=1e-14)
        totals = [weights[CODES[:, t] == k, t].sum() for k in range(len(CLASSES[t]))]
        np.testing.assert_allclose(totals, len(CODES) / len(CLASSES[t]))


def test_balanced_over_the_classes_that_are_there():
    # Label 2 has no row left, as when its rows have sample_weight 0.
    weights = weigh("balanced", codes=CODES[[0, 1, 3, 5]])
    np.testing.assert_allclose(weights[:, 0], [2 / 3, 2 / 3, 2, 2 / 3])


@pytest.mark.parametrize(
    ("class_weight", "digit", "side"),
    [
        ({1: 3, 2: 0.5}, [3, 0.5, 1], [1, 1]),
        ({1: 3, "left": 2}, [3, 1, 1], [2, 1]),
        ({"digit": {1: 3}}, [3, 1, 1], [1, 1]),
        ({"side": {"right": 4}, 0: {3: 7}}, [1, 1, 7], [1, 4]),
        ([None, {"left": 0.25}], [1, 1, 1], [0.25, 1]),
    ],
)
def test_class_weights_by_label(class_weight, digit, side):
    expected = np.zeros(CODES.shape)
    for t, by_class in enumerate([digit, side]):
        rows = CODES[:, t] >= 0
        expected[rows, t] = np.array(by_class)[CODES[rows, t]]
    np.testing.assert_allclose(weigh(class_weight), normed(expected), rtol=1e-14)


def test_sample_weights_of_rows_and_of_cells():
    rows = np.array([1.0, 2, 3, 4, 5, 0])
    labelled = CODES >= 0
    np.testing.assert_allclose(weigh(sample_weight=rows), normed(rows[:, None] * labelled), rtol=1e-14)
    cells = np.column_stack([rows, rows[::-1]])
    np.testing.assert_allclose(weigh(sample_weight=cells), normed(cells * labelled), rtol=1e-14)


def test_sample_weight_of_two_equals_the_row_twice():
    twice = np.r_[CODES, CODES[[1]]]
    weighted, repeated = weigh(sample_weight=[1, 2, 1, 1, 1, 1]), weigh(codes=twice)
    np.testing.assert_allclose(weighted[1] / len(CODES), 2 * repeated[1] / len(twice), rtol=1e-14)


def test_users_arrays_are_left_alone():
    cells = np.ones((6, 2))
    cells.flags.writeable = False
    weigh("balanced", cells)
    assert (cells == 1).all()


def test_a_task_without_weight():
    codes = np.where([True, False], CODES, -1)
    with pytest.raises(ValueError, match="Every labelled cell of task 'side' has weight zero"):
        weigh(codes=codes)
    weights = weigh(codes=codes, allow_empty=True)
    assert (weights[:, 1] == 0).all()
    np.testing.assert_allclose(weights[:, 0].mean(), 1)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ("balance", "class_weight must be None, 'balanced',.*Got 'balance' instead. Did you mean 'balanced'"),
        (3, "class_weight must be None, 'balanced'.* Got 3"),
        ([None], "class_weight has 1 entries, but y has 2 tasks"),
        ([None, 5], "class_weight must be None, 'balanced'.* Got 5"),
        ({9: 1.0}, "class_weight names the label 9,.* not among"),
        ({"lefft": 1.0}, "class_weight names the label 'lefft'.*Did you mean 'left'"),
        ({"digit": {"left": 1}}, r"class_weight names the label 'left',.* not among \[1, 2, 3\]"),
        ({"digits": {1: 1}}, "class_weight names the task 'digits'.*Did you mean 'digit'"),
        ({"digit": {1: -1}}, "class_weight must be finite numbers >= 0. Got -1 for label 1"),
        ({1: np.nan}, "class_weight must be finite numbers >= 0. Got nan for label 1"),
    ],
)
def test_bad_class_weights(given, match):
    with pytest.raises(ValueError, match=match):
        resolve_class_weight(given, NAMES, CLASSES)
