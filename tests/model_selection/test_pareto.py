import numpy as np
import pytest

from skmtl.model_selection._pareto import knee, pareto


@pytest.mark.parametrize("seed", range(20))
def test_front_by_definition(seed):
    scores = np.random.default_rng(seed).integers(0, 5, size=(30, 2 + seed % 2)).astype(float)
    scores[seed] = np.nan
    scores[seed % 7, 0] = -np.inf

    def dominated(i):
        rows = scores[np.isfinite(scores).all(axis=1)]
        return any((row >= scores[i]).all() and (row > scores[i]).any() for row in rows)

    expected = [bool(np.isfinite(scores[i]).all()) and not dominated(i) for i in range(30)]
    assert pareto(scores).tolist() == expected


def test_knee_is_scaled_by_task():
    # Shortfalls from the best, as shares of each task's range: (0, 1), (0.2, 0.5), (1, 0).
    scores = np.array([[100.0, 0.0], [80.0, 0.5], [0.0, 1.0]])
    assert knee(scores, pareto(scores)) == 1
    # The same front in another order and other units.
    assert knee(scores[::-1] * [1, 1000] - 5, np.ones(3, bool)) == 1


def test_ties_of_the_knee():
    # Both ends lie equally far from the ideal: the higher mean decides, then the first.
    assert knee(np.array([[0.3, 0.5], [0.4, 0.1]]), np.ones(2, bool)) == 0
    assert knee(np.array([[0.4, 0.1], [0.3, 0.5]]), np.ones(2, bool)) == 1
    assert knee(np.array([[0.1, 0.3], [0.3, 0.1], [0.1, 0.3]]), np.ones(3, bool)) == 0


def test_a_task_without_a_difference_does_not_choose():
    scores = np.array([[0.5, 1.0, 0.0], [0.5, 0.9, 0.9], [0.5, 0.0, 1.0]])
    assert knee(scores, pareto(scores)) == 1


def test_no_front():
    scores = np.full((2, 2), np.nan)
    assert not pareto(scores).any()
    assert knee(scores, pareto(scores)) is None
