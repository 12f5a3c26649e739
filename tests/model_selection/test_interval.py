import numpy as np
import pytest
from scipy import stats

from skmtl.model_selection._interval import disjoint, split_interval

FOLDS = [[0.1, 0.2, 0.3, 0.2]]


def test_one_round_of_folds_gives_the_t_interval():
    expected = stats.ttest_1samp(FOLDS[0], 0).confidence_interval(0.9)
    assert split_interval(FOLDS, 1 / 3, True, 0.9) == pytest.approx(tuple(expected))


def test_overlapping_test_parts_give_the_corrected_interval():
    # Nadeau and Bengio's test with n_test / n_train = 1/3: the variance of the mean is 1/4 + 1/3 times s^2.
    half = stats.t.ppf(0.975, 3) * np.sqrt((1 / 4 + 1 / 3) * np.var(FOLDS[0], ddof=1))
    assert split_interval(FOLDS, 1 / 3, False, 0.95) == pytest.approx((0.2 - half, 0.2 + half))


def test_one_split_a_repeat_gives_the_corrected_interval():
    repeats = np.transpose(FOLDS)
    assert split_interval(repeats, 1 / 3, True, 0.95) == split_interval(FOLDS, 1 / 3, False, 0.95)


def test_repeats_take_the_variance_of_the_drawing_away():
    repeats = [[0.0, 0.4, 0.2, 0.6], [0.1, 0.5, 0.3, 0.7]]
    within, between = np.var(repeats[0], ddof=1), np.var([0.3, 0.4], ddof=1)
    half = stats.t.ppf(0.975, 6) * np.sqrt(within / 4 - between / 2)
    assert split_interval(repeats, 1 / 3, True, 0.95) == pytest.approx((0.35 - half, 0.35 + half))


def test_equal_folds_again_and_again_tell_nothing_new():
    once = split_interval(FOLDS, 1 / 3, True, 0.95)
    often = split_interval(FOLDS * 50, 1 / 3, True, 0.95)
    # Only the quantile shrinks, towards that of the normal distribution.
    assert (often[1] - often[0]) / (once[1] - once[0]) == pytest.approx(stats.t.ppf(0.975, 150) / stats.t.ppf(0.975, 3))


def test_the_interval_never_gets_shorter_than_that_of_independent_folds():
    repeats = [[0.0, 0.01], [1.0, 1.01]]
    half = stats.t.ppf(0.975, 2) * np.sqrt(np.var([0.0, 0.01], ddof=1) / 4)
    assert split_interval(repeats, 1, True, 0.95) == pytest.approx((0.505 - half, 0.505 + half))


@pytest.mark.parametrize("tied", [[[0.1, 0.1, 0.1]], [[0.1] * 3, [0.3 - 0.2] * 3]])
def test_folds_that_tie_say_no_more_than_a_step_of_scores(tied):
    n = len(tied) * 3
    half = stats.t.ppf(0.975, n - len(tied)) * np.sqrt(0.05**2 / 12 / 3)
    lower, upper = split_interval(tied, 1 / 2, True, 0.95, 0.05)
    # Repeats vary by nothing here, so that averaging over them takes nothing away.
    assert (lower, upper) == pytest.approx((0.1 - half, 0.1 + half))
    half = stats.t.ppf(0.975, n - 1) * np.sqrt(0.05**2 / 12 * (1 / n + 1 / 2))
    assert split_interval(tied, 1 / 2, False, 0.95, 0.05) == pytest.approx((0.1 - half, 0.1 + half))
    assert split_interval([[0.1, 0.1, 0.15]], 1 / 2, True, 0.95, 0.05) == split_interval(
        [[0.1, 0.1, 0.15]], 1 / 2, True, 0.95
    )


def test_coverage_where_folds_tie():
    rng = np.random.default_rng(0)
    # Two folds of 50 rows, of which a few are right in one model only; truth: 0.
    found = (rng.binomial(3, 0.5, (2000, 2)) - rng.binomial(3, 0.5, (2000, 2))) / 50

    def rate(step):
        intervals = np.array([split_interval(folds[None], 1, True, 0.95, step) for folds in found])
        return np.mean((intervals[:, 0] <= 1e-12) & (intervals[:, 1] >= -1e-12))

    assert rate(0.0) < 0.9
    assert rate(1 / 50) > 0.95


def test_infinite_differences_have_no_interval():
    assert np.isnan(split_interval([[0.1, np.inf, 0.3]], 1 / 2, True, 0.95)).all()


def test_missing_differences_do_not_count():
    assert split_interval([[0.1, np.nan, 0.3]], 1 / 2, True, 0.95) == split_interval([[0.1, 0.3]], 1 / 2, True, 0.95)
    assert np.isnan(split_interval([[0.1, np.nan]], 1 / 2, True, 0.95)).all()


@pytest.mark.parametrize("n_repeats", [1, 2, 4])
def test_coverage_of_a_mean_from_repeated_folds(n_repeats):
    rng = np.random.default_rng(n_repeats)
    covered, naive = [], []
    for _ in range(1000):
        rows = rng.normal(size=60)  # truth: 0; what a fold finds is the mean of its rows, and noise of its own
        folds = [np.array_split(rng.permutation(60), 5) for _ in range(n_repeats)]
        found = np.array([[rows[f].mean() + 0.1 * rng.normal() for f in fold] for fold in folds])
        lower, upper = split_interval(found, 0.25, True, 0.95)
        covered.append(lower <= 0 <= upper)
        low, high = stats.ttest_1samp(found.ravel(), 0).confidence_interval(0.95)
        naive.append(low <= 0 <= high)
    assert 0.93 <= np.mean(covered) <= 0.97
    assert n_repeats == 1 or np.mean(naive) < 0.9


def test_disjoint():
    assert disjoint([np.array([0, 1]), np.array([2])])
    assert not disjoint([np.array([0, 1]), np.array([1])])
