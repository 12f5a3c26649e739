import numpy as np
import pytest
from sklearn.utils._param_validation import InvalidParameterError

from skmtl.metrics._probability_cells import ProbabilityCells
from skmtl.metrics._reliability import check_bins, error_of_bins, reliability_bins


def of_confidence(confidence, correct, sample_weight=None):
    """Cells of a task whose most probable class is the first."""
    second = (1 - np.asarray(confidence)) / 9
    y_prob = np.column_stack([confidence, *[second] * 9])
    y_true = np.where(correct, 0, 5)
    weight = None if sample_weight is None else np.asarray(sample_weight, dtype=float)
    return ProbabilityCells("task", np.arange(10), y_true, y_prob, weight)


def test_uniform_bins_by_hand():
    cells = of_confidence([0.2, 0.4, 0.5, 0.9, 1.0], [True, False, True, True, False])
    bins = reliability_bins(cells, 4, "uniform")
    assert bins["lower"].tolist() == [0, 0.25, 0.5, 0.75]
    assert bins["upper"].tolist() == [0.25, 0.5, 0.75, 1]
    assert bins["count"].tolist() == [1, 2, 0, 2]
    assert bins["share"].tolist() == [0.2, 0.4, 0, 0.4]
    np.testing.assert_allclose(bins["confidence"], [0.2, 0.45, np.nan, 0.95])
    np.testing.assert_allclose(bins["accuracy"], [1, 0.5, np.nan, 0.5])
    # 1/5 |1 - .2| + 2/5 |.5 - .45| + 2/5 |.5 - .95|
    assert error_of_bins(bins) == pytest.approx(0.16 + 0.02 + 0.18)


@pytest.mark.parametrize("n_bins", [5, 10, 15, 20])
def test_a_bin_holds_its_upper_edge(n_bins):
    edges = np.array([0.2, 0.4, 0.6, 0.8, 1.0])
    bins = reliability_bins(of_confidence(edges, [True] * 5), n_bins, "uniform")
    filled = bins[bins["count"] > 0]
    assert filled["upper"].tolist() == edges.tolist()
    assert filled["confidence"].tolist() == edges.tolist()


def test_quantile_bins_hold_the_same_number_of_cells():
    confidence = np.random.default_rng(0).uniform(0.1, 1, 60)
    bins = reliability_bins(of_confidence(confidence, confidence > 0.5), 6, "quantile")
    assert bins["count"].tolist() == [10] * 6
    ordered = np.sort(confidence).reshape(6, 10)
    assert bins["upper"].tolist() == ordered[:, -1].tolist()
    np.testing.assert_allclose(bins["confidence"], ordered.mean(axis=1))


def test_equal_confidences_share_a_bin():
    bins = reliability_bins(of_confidence([0.5] * 4, [True, True, True, False]), 3, "quantile")
    assert sorted(bins["count"]) == [0, 0, 4]
    assert error_of_bins(bins) == 0.25


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_a_weight_of_two_is_two_cells(strategy):
    rng = np.random.default_rng(1)
    confidence, correct = rng.uniform(0.1, 1, 30), rng.random(30) < 0.5
    weight = rng.integers(1, 4, 30)
    weighted = reliability_bins(of_confidence(confidence, correct, weight), 5, strategy)
    repeated = reliability_bins(of_confidence(confidence.repeat(weight), correct.repeat(weight)), 5, strategy)
    np.testing.assert_allclose(weighted.drop(columns="count"), repeated.drop(columns="count"))
    assert weighted["count"].sum() == 30


@pytest.mark.parametrize(("n_bins", "strategy"), [(0, "uniform"), (2.5, "uniform"), (5, "even")])
def test_bad_bins(n_bins, strategy):
    with pytest.raises(InvalidParameterError, match=r"The '(n_bins|strategy)' parameter of caller must be .* Got"):
        check_bins(n_bins, strategy, "caller")
