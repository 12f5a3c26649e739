"""No class with two labels may be missing from training."""

import numpy as np
import pytest

from skmtl.exceptions import SkmtlWarning
from skmtl.model_selection._coverage import keep_classes, swap_lost_classes
from skmtl.model_selection._label_cells import read_cells

BOTH = np.array([0, 1])


def lost_classes(cells, pools, required):
    """Required classes with all their cells in one held-out pool, the definition read aloud."""
    return [
        c
        for c in np.flatnonzero(required)
        for pool in set(pools) - {-1}
        if (pools[(cells == c).any(axis=1)] == pool).all()
    ]


def test_one_swap_by_hand():
    cells, pools = np.array([[0], [0], [1], [1]]), np.array([0, 0, 1, 1])
    places, lost = swap_lost_classes(cells, pools, np.array([True, True]))
    assert not len(lost)
    assert sorted(places) == [0, 1, 2, 3]
    assert set(pools[places][:2]) == set(pools[places][2:]) == {0, 1}


def test_nothing_is_swapped_where_nothing_is_lost():
    places, lost = swap_lost_classes(np.array([[0], [0], [1], [1]]), np.array([0, 1, 0, 1]), np.array([True, True]))
    np.testing.assert_array_equal(places, np.arange(4))
    assert not len(lost)


def test_rows_that_are_always_trained_on_lose_no_class():
    places, _ = swap_lost_classes(np.array([[0], [0], [1], [1]]), np.array([-1, -1, -1, 0]), np.array([True, True]))
    np.testing.assert_array_equal(places, np.arange(4))


def test_singletons_and_missing_cells_are_left_alone():
    labels = read_cells([["once"], [None], [None], ["often"], ["often"], ["often"]])
    groups = np.array([0, 0, 0, 1, 1, 0])
    np.testing.assert_array_equal(keep_classes(labels, groups, held_out=BOTH), groups)


def test_the_swap_takes_the_row_most_like_the_lost_one():
    # Class 0 (rows 0, 1) is held out whole. Rows 2 to 4 can go for one of them; row 4 shares its second label.
    cells = np.array([[0, 2], [0, 2], [1, 3], [1, 3], [1, 2], [1, 3], [1, 3]])
    places, _ = swap_lost_classes(cells, np.array([0, 0, -1, -1, -1, 0, -1]), np.array([True] * 4))
    assert places[4] in (0, 1)
    assert np.sum(places != np.arange(7)) == 2


@pytest.mark.parametrize("held_out", [np.arange(3), np.array([-1, 0, 0])])
def test_random_groups_are_repaired_whatever_the_seed(held_out):
    for seed in range(100):
        random_state = np.random.RandomState(seed)
        y = np.zeros((60, 3), dtype=int)
        for t in range(3):
            y[random_state.permutation(60)[:12], t] = 1 + np.arange(12) // 2
        labels = read_cells(y)
        groups = random_state.permutation(np.repeat([0, 1, 2], 20))
        kept = keep_classes(labels, groups, held_out)
        np.testing.assert_array_equal(np.bincount(kept), [20, 20, 20])
        assert not lost_classes(labels.cells, held_out[kept], labels.counts >= 2)


def test_contradictory_labels_warn_and_name_the_class():
    # Each task pairs two of rows 0, 1, 2: two folds cannot part all three pairs.
    y = np.array([["p", "q", None], ["p", None, "r"], [None, "q", "r"], [None, None, None]], dtype=object)
    with pytest.warns(SkmtlWarning, match=r"task 'task\d' has no training row with the label '[pqr]' in one split"):
        keep_classes(read_cells(y), np.array([0, 0, 1, 1]), held_out=BOTH)


def test_groups_are_not_changed_in_place():
    groups = np.array([0, 0, 1, 1])
    kept = keep_classes(read_cells([0, 0, 1, 1]), groups, held_out=BOTH)
    np.testing.assert_array_equal(groups, [0, 0, 1, 1])
    assert not np.array_equal(kept, groups)
