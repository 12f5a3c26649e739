import numpy as np
import pytest

from skmtl.inspection._history_curves import best_epoch, task_curves

# Of the first epoch less is known, as after partial_fit.
HISTORY = [
    {"epoch": 1, "a_train_loss": 3.0},
    {"epoch": 2, "a_train_loss": 2.0, "a_valid_loss": 2.5, "valid_score": 0.6},
    {"epoch": 3, "a_train_loss": 1.0, "a_valid_loss": None, "valid_score": 0.6},
]


def test_curves_have_holes_where_nothing_was_recorded():
    curves = task_curves(HISTORY, ["a"], "loss", 0)
    assert curves["training"].tolist() == [3, 2, 1]
    np.testing.assert_array_equal(curves["validation"], [np.nan, 2.5, np.nan])


def test_conflicts_are_the_mean_over_the_other_tasks():
    shares = [[0.0, 0.2, 0.4], [0.2, 0.0, np.nan], [0.4, np.nan, 0.0]]
    history = [{"epoch": 1, "gradient_conflict": shares, "conflict_rate": 0.3}]
    curves = [task_curves(history, ["a", "b", "c"], "conflict", t) for t in range(3)]
    np.testing.assert_allclose([curve["against other tasks"][0] for curve in curves], [0.3, 0.2, 0.4])
    assert curves[0]["all pairs"].tolist() == [0.3]


def test_the_best_epoch_is_the_first_of_equals():
    assert best_epoch(HISTORY) == 2
    assert best_epoch(HISTORY[:1]) is None


def test_what_is_not_there_is_an_error():
    with pytest.raises(ValueError, match="history has no row"):
        task_curves([], ["a"], "loss", 0)
    with pytest.raises(ValueError, match=r"history has no 'a_valid_score'.*: fit with early_stopping=True"):
        task_curves(HISTORY, ["a"], "score", 0)
