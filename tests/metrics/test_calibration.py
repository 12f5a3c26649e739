import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB

from skmtl.exceptions import UnlabelledTaskWarning
from skmtl.metrics import expected_calibration_error


def naive(y_true, y_prob, classes, n_bins=15, weight=None):
    """Guo et al., equation 3, as it is written."""
    weight = [1] * len(y_true) if weight is None else weight
    error = 0
    for m in range(n_bins):
        inside = [
            (max(p), classes[int(np.argmax(p))] == y, w)
            for y, p, w in zip(y_true, y_prob, weight, strict=True)
            if m / n_bins < max(p) <= (m + 1) / n_bins
        ]
        total = sum(w for _, _, w in inside)
        if total:
            accuracy = sum(w for _, right, w in inside if right) / total
            confidence = sum(w * c for c, _, w in inside) / total
            error += total / sum(weight) * abs(accuracy - confidence)
    return error


@pytest.fixture(scope="module")
def bayes():
    """Labels and over-confident probabilities of ten digits and of two kinds."""
    X, digit = load_digits(return_X_y=True)
    y = pd.DataFrame({"digit": digit, "kind": np.where(digit < 5, "low", "high")})
    models = [GaussianNB(var_smoothing=1e-3).fit(X[:600], y.loc[:599, task]) for task in y]
    return y[600:1000], [model.predict_proba(X[600:1000]) for model in models], [model.classes_ for model in models]


def test_by_hand():
    # Bins of width 1/2: (0.4, right), (0.5, wrong) and (0.8, right), (1, wrong).
    y_prob = [[0.4, 0.3, 0.3], [0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0, 0, 1]]
    found = expected_calibration_error([0, 1, 1, 0], y_prob, classes=[0, 1, 2], n_bins=2)
    assert found == pytest.approx(2 / 4 * abs(0.5 - 0.45) + 2 / 4 * abs(0.5 - 0.9))


@pytest.mark.parametrize("n_bins", [1, 10, 15])
def test_against_a_loop_over_the_definition(bayes, n_bins):
    y, y_prob, classes = bayes
    found = expected_calibration_error(y, y_prob, n_bins=n_bins)
    assert isinstance(found, pd.Series)
    assert found.index.tolist() == ["digit", "kind"]
    expected = [naive(y[task], p, k, n_bins) for task, p, k in zip(y, y_prob, classes, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert found.min() > 0.01
    for position, task in enumerate(y):
        alone = expected_calibration_error(y[task], y_prob[position], n_bins=n_bins)
        assert isinstance(alone, float)
        assert alone == found[task]


def test_weights_of_cells(bayes):
    y, y_prob, classes = bayes
    weight = np.random.default_rng(0).integers(0, 3, y.shape).astype(float)
    found = expected_calibration_error(y, y_prob, sample_weight=weight)
    expected = [naive(y.iloc[:, t], y_prob[t], classes[t], weight=weight[:, t]) for t in range(2)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    by_name = pd.DataFrame(weight, columns=y.columns)[["kind", "digit"]]
    assert expected_calibration_error(y, y_prob, sample_weight=by_name).tolist() == found.tolist()


def test_missing_labels_are_left_out(bayes):
    y, y_prob, classes = bayes
    holes = np.random.default_rng(0).random(y.shape) < 0.4
    found = expected_calibration_error(y.mask(holes), y_prob)
    marked = expected_calibration_error(y.astype(object).mask(holes, "?"), y_prob, missing_label="?")
    expected = [naive(y.iloc[:, t][~holes[:, t]], y_prob[t][~holes[:, t]], classes[t]) for t in range(2)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert marked.tolist() == found.tolist()


def test_a_task_without_labels_is_nan_and_warns(bayes):
    y, y_prob, _ = bayes
    with pytest.warns(UnlabelledTaskWarning, match="Task 'kind' has no labelled cell") as record:
        found = expected_calibration_error(y.assign(kind=None), y_prob)
    assert record[0].filename == __file__
    assert np.isnan(found["kind"])
    assert found["digit"] == expected_calibration_error(y["digit"], y_prob[0])
    with pytest.warns(UnlabelledTaskWarning, match="positive sample_weight"):
        assert np.isnan(expected_calibration_error([0, 1], [0.5, 0.5], sample_weight=[0, 0]))


def test_labels_of_every_kind(bayes):
    _, y_prob, _ = bayes
    second = y_prob[1][:, 0]  # "high" comes first
    low = np.random.default_rng(0).random(400) < 0.5
    expected = naive(low, np.column_stack([1 - second, second]), [False, True])
    for y in (low, low.astype(int), np.where(low, "b", "a"), np.where(low, "b", "a").astype(object)):
        assert expected_calibration_error(y, second) == pytest.approx(expected)
        assert expected_calibration_error(y[:, None], [second]).index.tolist() == ["task0"]
    frame = pl.DataFrame({"a": low, "b": low})
    assert expected_calibration_error(frame, [second, second]).tolist() == pytest.approx([expected] * 2)


def test_task_names_stay_what_they_are():
    y = pd.DataFrame([[0, 1], [1, 0]], columns=pd.Index([("left", 1), ("left", 2)], tupleize_cols=False))
    assert expected_calibration_error(y, np.array([[0, 1], [1, 0]])).to_dict() == {("left", 1): 0, ("left", 2): 0}


def test_limits():
    assert expected_calibration_error([3, 3], [[1], [1]]) == 0  # a single class is sure and right
    assert expected_calibration_error([0, 1], [[1, 0], [0, 1]]) == 0
    assert expected_calibration_error([0, 1], [[0, 1], [1, 0]]) == 1
    assert expected_calibration_error(["c", "a"], [0, 0], classes=["a", "b"]) == 0.5  # "c" is never right


def test_bad_bins_and_columns():
    with pytest.raises(ValueError, match="The 'n_bins' parameter of expected_calibration_error must be an int"):
        expected_calibration_error([0, 1], [0.1, 0.9], n_bins=0)
    with pytest.raises(ValueError, match="has 2 columns, but y_true has 1 different labels: pass classes"):
        expected_calibration_error([1, 1], [0.1, 0.9])
