import dataclasses
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from skmtl.model_selection import TaskAffinity


def result(repeats):
    names = [f"task{t}" for t in range(repeats.shape[1])]
    frame = pd.DataFrame(repeats.mean(0), names, names)
    return TaskAffinity(frame, frame * np.nan, repeats, "lookahead", names)


def test_stability_is_a_mean_rank_correlation():
    rng = np.random.default_rng(0)
    repeats = rng.normal(size=(4, 4, 4)) + 2 * rng.normal(size=(4, 4))
    off = ~np.eye(4, dtype=bool)
    entries = []
    for matrix in repeats:
        centred = [matrix[i, j] - np.mean([matrix[k, j] for k in range(4) if k != j]) for i, j in np.argwhere(off)]
        entries.append(centred)
    expected = np.mean([spearmanr(a, b).statistic for a, b in combinations(entries, 2)])
    assert 0 < expected < 1
    assert result(repeats).stability == pytest.approx(expected)


def test_what_all_givers_have_in_common_is_no_agreement():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(2, 6, 6))
    easy = 100 * np.arange(6)  # columns: how much a receiver takes of whomever
    assert result(noise + easy).stability == pytest.approx(result(noise).stability)
    assert result(np.stack([noise[0], noise[0] * 3 + easy])).stability == pytest.approx(1)
    assert result(np.stack([noise[0], -noise[0]])).stability == pytest.approx(-1)


@pytest.mark.parametrize("repeats", [np.ones((1, 3, 3)), np.arange(8.0).reshape(2, 2, 2), np.full((2, 3, 3), 0.1)])
def test_where_there_is_nothing_to_rank(repeats):
    assert np.isnan(result(repeats).stability)


def test_unknown_entries_are_left_out():
    rng = np.random.default_rng(0)
    repeats = rng.normal(size=(3, 4, 4))
    repeats[:, 0] = repeats[:, :, 0] = np.nan
    assert result(repeats).stability == pytest.approx(result(repeats[:, 1:, 1:]).stability)


def test_it_is_an_array_and_stays_as_it_is():
    found = result(np.arange(9.0).reshape(1, 3, 3))
    np.testing.assert_array_equal(np.asarray(found), found.affinity.to_numpy())
    assert np.asarray(found, dtype=np.float32).dtype == np.float32
    with pytest.raises(dataclasses.FrozenInstanceError, match="method"):
        found.method = "transfer"


def measured(repeats, method):
    names = [f"task{t}" for t in range(repeats.shape[1])]
    error = repeats.std(0, ddof=1) / len(repeats) ** 0.5
    return TaskAffinity(*(pd.DataFrame(m, names, names) for m in (repeats.mean(0), error)), repeats, method, names)


@pytest.mark.parametrize("method", ["lookahead", "transfer"])
def test_noise_is_nothing_and_one_giver_that_stands_out_is_not(method):
    noise = np.random.default_rng(0).normal(size=(30, 4, 4))
    assert measured(noise, method).nothing_seen
    noise[:, 1, 2] += 2
    assert not measured(noise, method).nothing_seen


def test_what_all_givers_have_in_common_is_no_gift_but_for_methods_whose_zero_means_nothing():
    noise = np.random.default_rng(0).normal(size=(30, 4, 4)) + 5
    assert measured(noise, "lookahead").nothing_seen
    assert not measured(noise, "transfer").nothing_seen
    # Two tasks have no other giver to compare with.
    assert not measured(noise[:, :2, :2], "lookahead").nothing_seen


def test_repeats_that_agree_have_seen_something():
    # Two repeats of the same pattern, one of which is twice as strong: the errors are as large as the entries.
    pattern = np.random.default_rng(0).random((4, 4))
    found = measured(np.stack([pattern, 3 * pattern]), "transfer")
    assert (found.affinity < 2.5 * found.standard_error).all(axis=None)
    assert not found.nothing_seen


def test_one_repeat_has_seen_something():
    assert not result(np.arange(9.0).reshape(1, 3, 3)).nothing_seen
