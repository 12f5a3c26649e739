"""What labels tell about labels."""

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy.stats import entropy
from sklearn.metrics import adjusted_mutual_info_score, mutual_info_score
from sklearn.metrics.cluster import contingency_matrix, expected_mutual_information

from skmtl.model_selection import task_affinity
from skmtl.model_selection._association import TOGETHER, association_matrices


def matrix(y, association="cramers_v", **options):
    return task_affinity(None, None, y, "label_association", association=association, **options).affinity


def bergsma(first, second):
    """Return V as the paper writes it, from scratch."""
    n, table = len(first), pd.crosstab(first, second).to_numpy().astype(float)
    r, c = table.shape
    chi2 = sum(
        (table[i, j] - table[i].sum() * table[:, j].sum() / n) ** 2 / (table[i].sum() * table[:, j].sum() / n)
        for i in range(r)
        for j in range(c)
    )
    phi2 = max(0, chi2 / n - (r - 1) * (c - 1) / (n - 1))
    r, c = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    return (phi2 / min(r - 1, c - 1)) ** 0.5


def test_cramers_v_without_its_bias():
    rng = np.random.default_rng(0)
    first = rng.integers(3, size=80)
    y = pd.DataFrame({"a": first, "b": np.where(rng.random(80) < 0.5, first, rng.integers(4, size=80))})
    found = matrix(y)
    assert found.loc["a", "b"] == found.loc["b", "a"] == pytest.approx(bergsma(y["a"], y["b"]))
    # By hand: [[3, 1], [1, 3]] has chi2 = 2, n = 8: phi2 = 1/4 - 1/7, both sizes 2 - 1/7.
    y = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [3, 1, 1, 3], axis=0)
    assert matrix(y).iloc[0, 1] == pytest.approx(((1 / 4 - 1 / 7) / (6 / 7)) ** 0.5)


def test_mutual_information_is_directed():
    rng = np.random.default_rng(0)
    digit = rng.integers(10, size=500)
    found = matrix(pd.DataFrame({"digit": digit, "odd": digit % 2}), "mutual_information")
    assert found.loc["digit", "odd"] == pytest.approx(1)
    assert 0.25 < found.loc["odd", "digit"] < 0.32  # one of log2(10) = 3.3 bits


def test_mutual_information_against_scikit_learn():
    rng = np.random.default_rng(1)
    first = rng.integers(4, size=60)
    second = np.where(rng.random(60) < 0.6, first, rng.integers(4, size=60))
    found = matrix(np.column_stack([first, second]), "mutual_information").to_numpy()
    mi, sizes = mutual_info_score(first, second), [entropy(np.bincount(part)) for part in (first, second)]
    # scikit-learn's is the same with the larger entropy, and that with the smaller one, of both directions.
    assert found.min() == pytest.approx(adjusted_mutual_info_score(first, second, average_method="max"))
    assert np.sort(found[~np.eye(2, dtype=bool)])[1] == pytest.approx(
        adjusted_mutual_info_score(first, second, average_method="min")
    )
    # Row 0 gives to task 1: the larger the receiver's entropy, the smaller the share.
    assert (found[0, 1] > found[1, 0]) == (sizes[1] < sizes[0])
    assert found[0, 1] < mi / sizes[1]


@pytest.mark.parametrize("association", ["cramers_v", "mutual_information"])
def test_identical_tasks_have_1_and_independent_ones_about_0(association):
    rng = np.random.default_rng(0)
    a, b = rng.integers(5, size=2000), rng.integers(3, size=2000)
    names = np.array(list("vwxyz"))
    found = matrix(pd.DataFrame({"a": a, "same": names[a], "b": b}), association)
    assert found.loc["a", "same"] == pytest.approx(1)
    assert abs(found.loc["a", "b"]) < 0.03
    np.testing.assert_allclose(np.diag(found), 1)


@pytest.mark.parametrize("association", ["cramers_v", "mutual_information"])
def test_only_rows_with_both_labels_count(association):
    rng = np.random.default_rng(0)
    a = rng.integers(3, size=60).astype(float)
    b = np.where(rng.random(60) < 0.7, a, 0)
    both = matrix(np.column_stack([a, b]), association)
    padded = np.column_stack([np.r_[a, a], np.r_[b, np.full(60, np.nan)]])
    found = matrix(padded, association)
    assert found.iloc[0, 1] == pytest.approx(both.iloc[0, 1])
    assert found.iloc[1, 0] == pytest.approx(both.iloc[1, 0])


NAN = float("nan")
ALTERNATING = np.tile([0.0, 1.0], 6)
HALF = np.r_[ALTERNATING[:6], np.full(6, NAN)]


@pytest.mark.parametrize(
    ("first", "second", "cramers_v", "given", "received"),
    [
        (ALTERNATING, np.ones(12), NAN, NAN, 0),  # a single label: nothing to tell of it, and it tells nothing
        (ALTERNATING, np.arange(12.0), NAN, 0, NAN),  # another label in every row tells all by chance
        (HALF, np.r_[np.full(6, NAN), ALTERNATING[:6]], NAN, NAN, NAN),  # no row in common
        (HALF, np.r_[np.ones(6), ALTERNATING[:6]], NAN, NAN, 0),  # a single label where both are there
    ],
    ids=["constant", "all different", "apart", "constant together"],
)
def test_nothing_to_find_out(first, second, cramers_v, given, received):
    y = np.column_stack([first, second])
    found = matrix(y, n_repeats=3, random_state=0).to_numpy()
    np.testing.assert_allclose(found[~np.eye(2, dtype=bool)], cramers_v)
    found = matrix(y, "mutual_information", n_repeats=3, random_state=0).to_numpy()
    np.testing.assert_allclose([found[0, 1], found[1, 0]], [given, received], atol=1e-12)


def test_standard_errors_are_those_of_resampled_rows():
    rng = np.random.default_rng(0)
    a = rng.integers(2, size=400)
    y = np.column_stack([a, np.where(rng.random(400) < 0.6, a, 1 - a)])
    result = task_affinity(None, None, y, "label_association", n_repeats=200, random_state=0)
    assert result.repeats.shape == (200, 2, 2)
    np.testing.assert_allclose(result.standard_error, result.repeats.std(axis=0, ddof=1), atol=1e-12)
    # The phi coefficient of two binary columns has a standard error of about (1 - phi^2) / sqrt(n).
    phi = np.corrcoef(y.T)[0, 1]
    assert result.standard_error.iloc[0, 1] == pytest.approx((1 - phi**2) / 20, rel=0.3)
    with joblib.parallel_config("threading"):
        again = task_affinity(None, None, y, "label_association", n_repeats=200, random_state=0, n_jobs=2)
    np.testing.assert_array_equal(again.repeats, result.repeats)


@pytest.fixture(scope="module")
def resampled():
    rng = np.random.default_rng(0)
    a = rng.integers(3, size=40).astype(float)
    y = np.column_stack([a, np.where(rng.random(40) < 0.6, a, rng.integers(4, size=40)), rng.integers(2, size=40)])
    y[rng.random(y.shape) < 0.1] = np.nan
    seeds = np.random.RandomState(5).randint(2**31 - 1, size=TOGETHER + 2)
    return y, [y[np.random.default_rng(seed).integers(40, size=40)] for seed in seeds]


def repeats(y, association):
    options = {"association": association, "n_repeats": TOGETHER + 2, "random_state": 5}
    return task_affinity(None, None, y, "label_association", **options).repeats


def test_resamples_are_those_rows_drawn_again(resampled):
    y, drawn = resampled
    for rows, found in zip(drawn, repeats(y, "cramers_v"), strict=True):
        np.testing.assert_allclose(matrix(rows, n_repeats=1), found, rtol=1e-9, atol=1e-12)


def test_chance_is_that_of_all_rows_in_every_resample(resampled):
    y, drawn = resampled
    both = ~np.isnan(y[:, :2]).any(axis=1)
    table = contingency_matrix(*y[both, :2].T)
    chance = expected_mutual_information(table, both.sum())
    for rows, found in zip(drawn, repeats(y, "mutual_information"), strict=True):
        rows = rows[~np.isnan(rows[:, :2]).any(axis=1)]
        shared = mutual_info_score(*rows[:, :2].T)
        entropies = [mutual_info_score(column, column) for column in rows[:, :2].T]
        assert found[0, 1] == pytest.approx((shared - chance) / (entropies[1] - chance))
        assert found[1, 0] == pytest.approx((shared - chance) / (entropies[0] - chance))


def test_of_many_rows_another_label_in_each_tells_nothing():
    # The logarithms of factorials of so many are known to 1e-9, not to the 1e-12 below which nothing is left to tell.
    y = np.column_stack([np.arange(200_000), np.arange(200_000) % 2])
    found = matrix(y, "mutual_information", n_repeats=1).to_numpy()
    assert np.isnan(found[0]).all()
    assert found[1, 0] == pytest.approx(0, abs=1e-6)


def test_mixed_labels_and_a_marker():
    y = [["a", 1], ["?", 2], ["b", 2], ["a", 1], ["b", 2], ["a", 2]]
    without = matrix([row for row in y if row[0] != "?"])

    class Marked:
        def get_params(self, deep=True):
            return {"missing_label": "?"}

        def fit(self, X, y): ...

        def predict(self, X): ...

    found = task_affinity(Marked(), None, y, "label_association").affinity
    assert found.iloc[0, 1] == pytest.approx(without.iloc[0, 1])


def test_all_pairs_at_once():
    codes = np.array([[0, 0, 1], [1, 1, 0], [0, 0, 0], [1, 1, 1], [0, -1, 0]])
    found = association_matrices(codes, "cramers_v", np.ones((5, 1), dtype=np.int32))[0]
    assert found[0, 1] == pytest.approx(1)
    np.testing.assert_allclose(found, found.T)
