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
