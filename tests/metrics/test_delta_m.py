import numpy as np
import pandas as pd
import pytest

from skmtl.metrics import delta_m


def test_value_by_hand():
    # (0.88 - 0.8) / 0.8 = +10 %; (0.45 - 0.9) / 0.9 = -50 %: the mean is -20 %.
    assert delta_m([0.88, 0.45], [0.8, 0.9]) == pytest.approx(-20)


def test_lower_is_better_turns_the_sign():
    assert delta_m([0.4], [0.5], greater_is_better=False) == pytest.approx(20)
    assert delta_m([0.4, 0.9], [0.5, 0.9], greater_is_better=[False, True]) == pytest.approx(10)


def test_a_negated_loss_counts_as_the_loss():
    loss, alone = np.array([0.2, 1.5]), np.array([0.4, 1.0])
    assert delta_m(-loss, -alone) == pytest.approx(delta_m(loss, alone, greater_is_better=False)) == pytest.approx(0)


def test_names_are_matched():
    multi = pd.Series({"a": 0.5, "b": 0.9})
    assert delta_m(multi, {"b": 0.9, "a": 1.0}, greater_is_better={"b": True, "a": True}) == pytest.approx(-25)
    assert delta_m([0.5, 0.9], {"a": 1.0, "b": 0.9}) == pytest.approx(-25)


def test_nan_stays_nan():
    assert np.isnan(delta_m([np.nan, 1], [1, 1]))


@pytest.mark.parametrize(
    ("multi", "single", "message"),
    [
        ([1, 2], [1], r"must have one score for each task. Got 2 in multi"),
        ({"a": 1, "b": 1}, {"a": 1, "c": 1}, r"single names the task 'c', but the tasks are \['a', 'b'\]"),
        ([1.0], [0.0], r"single has the score 0.0 for task 0, to which nothing can be relative"),
        ([1.0], [np.inf], r"single has the score inf"),
        ([], [], r"single is empty"),
    ],
)
def test_bad_scores(multi, single, message):
    with pytest.raises(ValueError, match=message):
        delta_m(multi, single)
