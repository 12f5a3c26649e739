"""What iterative stratification promises: exact sizes, even shares, no chance of its own."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from skmtl.model_selection._label_cells import read_cells
from skmtl.model_selection._stratification import deal_rows


def share_deviation(cells, groups):
    """Largest absolute difference between a class's share in a group and in all rows."""
    n_classes = cells.max() + 1
    overall = np.bincount(cells.ravel(), minlength=n_classes) / len(cells)
    shares = [np.bincount(cells[groups == g].ravel(), minlength=n_classes) / np.sum(groups == g) for g in set(groups)]
    return np.max(np.abs(np.array(shares) - overall))


def digit_labels():
    digit = load_digits().target
    return np.column_stack([digit, digit % 2, digit >= 5])


def test_one_column_by_hand():
    # 4 + 2 rows into 2 groups of 3: each group gets two rows of class 0 and one of class 1, in row order.
    groups = deal_rows(np.array([[0], [0], [1], [0], [0], [1]]), [3, 3])
    np.testing.assert_array_equal(groups, [0, 0, 0, 1, 1, 1])


def test_equal_rows_are_shared_out_exactly_where_they_divide():
    cells = np.repeat([[0, 2], [0, 3], [1, 2], [1, 3]], 10, axis=0)
    groups = deal_rows(cells, [20, 12, 8])
    for combination in range(4):
        np.testing.assert_array_equal(np.bincount(groups[combination * 10 : combination * 10 + 10]), [5, 3, 2])


@pytest.mark.parametrize("sizes", [[360, 360, 359, 359, 359], [1617, 180, 0], [1000, 500, 297], [1, 1796]])
def test_sizes_are_exact(sizes):
    groups = deal_rows(read_cells(digit_labels()).cells, sizes)
    np.testing.assert_array_equal(np.bincount(groups, minlength=len(sizes)), sizes)


def test_single_column_differs_by_at_most_one_row_per_class():
    cells = load_digits().target[:, None]
    groups = deal_rows(cells, [360, 360, 359, 359, 359], shares=[1] * 5)
    counts = np.array([np.bincount(cells[groups == g, 0]) for g in range(5)])
    assert np.ptp(counts, axis=0).max() == 1


def test_many_independent_tasks_have_even_shares():
    random_state = np.random.RandomState(0)
    labels = (random_state.rand(2000, 40) < random_state.rand(40)).astype(int)
    cells = read_cells(labels).cells
    chance = random_state.permutation(np.repeat(np.arange(5), 400))
    # 0.011 when written, against 0.074 for chance and 0.057 for iterative-stratification 0.1.9.
    assert share_deviation(cells, deal_rows(cells, [400] * 5)) < 0.02 < share_deviation(cells, chance)


def farthest_count(cells, groups, sizes):
    """Largest distance, in rows, between a class's number in a group and its proportional part."""
    counts = np.array([np.bincount(cells[groups == g].ravel(), minlength=cells.max() + 1) for g in range(len(sizes))])
    return np.abs(counts - np.outer(sizes, counts.sum(axis=0)) / len(cells)).max()


@pytest.mark.parametrize("n_more", [0, 40])
@pytest.mark.parametrize("missing", [0, 1 / 3])
@pytest.mark.parametrize("sizes", [[266, 14], [252, 28], [196, 84], [140, 28, 112]])
def test_small_groups_have_their_part_of_rare_classes_too(sizes, missing, n_more):
    random_state = np.random.RandomState(0)
    y = np.column_stack(
        [
            random_state.permutation(280) < 20,
            *(random_state.randint(0, k, 280) for k in (4, 5, 3)),
            *random_state.randint(0, 2, (n_more, 280)),
        ]
    ).astype(float)
    y[:, 2:4][random_state.rand(280, 2) < missing] = np.nan
    cells = read_cells(y).cells
    # For groups dealt at random: 2.2 to 7 rows, with 40 more tasks 4.6 to 10.
    assert farthest_count(cells, deal_rows(cells, sizes), sizes) < (4.5 if n_more else 2)


def test_missing_cells_are_spread_like_a_class():
    random_state = np.random.RandomState(1)
    y = random_state.randint(0, 3, (300, 4)).astype(float)
    y[random_state.rand(300, 4) < 0.3] = np.nan
    groups = deal_rows(read_cells(y).cells, [60] * 5)
    missing = np.array([np.isnan(y[groups == g]).sum(axis=0) for g in range(5)])
    assert np.abs(missing - np.isnan(y).sum(axis=0) / 5).max() <= 2


def test_dealing_uses_no_random_numbers():
    cells = read_cells(digit_labels()).cells
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the legacy state is what must not move
    first, second = deal_rows(cells, [900, 897]), deal_rows(cells, [900, 897])
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
