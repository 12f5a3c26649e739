"""Contingency tables of two tasks, many at once."""

import numpy as np
import pandas as pd

from skmtl.model_selection._pair_counts import count_pairs


def test_every_column_of_weights_has_its_own_table():
    rng = np.random.default_rng(0)
    first, second = rng.integers(-1, 3, size=50), rng.integers(-1, 4, size=50)
    weights = rng.integers(3, size=(50, 6)).astype(np.int32)
    counts = count_pairs(first, second, weights)
    both = (first >= 0) & (second >= 0)
    for i in range(6):
        rows = np.repeat(np.flatnonzero(both), weights[both, i])
        expected = pd.crosstab(first[rows], second[rows]).to_numpy()
        table = np.zeros((3, 4), dtype=int)
        table[counts.pairs] = counts.cells[:, i]
        np.testing.assert_array_equal(table, expected)
        np.testing.assert_array_equal(counts.margins[0][:, i], expected.sum(axis=1))
        np.testing.assert_array_equal(counts.margins[1][:, i], expected.sum(axis=0))
        assert counts.n_rows[i] == len(rows)
        chance = expected.sum(axis=1)[:, None] * expected.sum(axis=0) / len(rows)
        np.testing.assert_allclose(counts.over_chance()[:, i], (expected / chance)[counts.pairs])


def test_labels_that_a_resample_lacks():
    codes = np.array([0, 1, 2])
    counts = count_pairs(codes, codes, np.array([[1, 0], [1, 2], [1, 1]]))
    assert counts.n_labels.tolist() == [[3, 2], [3, 2]]
    assert counts.over_chance().tolist() == [[3, 0], [3, 1.5], [3, 3]]


def test_no_row_in_common():
    counts = count_pairs(np.array([0, -1]), np.array([-1, 0]), np.ones((2, 3), dtype=np.int32))
    assert counts.n_rows.tolist() == [0, 0, 0]
    assert counts.n_labels.tolist() == [[0] * 3] * 2
