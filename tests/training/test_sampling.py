import numpy as np
import pytest

from skmtl.training._sampling import check_task_sampling, corrected_weights, expected_draws


def stacked(*sizes):
    """Return the codes of data sets on top of one another, a task each."""
    codes = np.full((sum(sizes), len(sizes)), -1)
    codes[np.arange(len(codes)), np.repeat(np.arange(len(sizes)), sizes)] = 0
    return codes


@pytest.mark.parametrize(
    ("value", "temperature"),
    [
        ("proportional", 1.0),
        ("uniform", np.inf),
        (1, 1.0),
        (2.5, 2.5),
        (np.float32(2), 2.0),
        (np.int64(3), 3.0),
        (np.inf, np.inf),
    ],
    ids=repr,
)
def test_temperature(value, temperature):
    checked = check_task_sampling(value)
    assert type(checked) is float
    assert checked == temperature


@pytest.mark.parametrize("value", [0.5, 0, -1, float("nan"), True, None, [1], "", b"uniform"], ids=repr)
def test_what_is_no_temperature(value):
    with pytest.raises(ValueError, match=r"task_sampling must be 'proportional', .* number >= 1 .* Got .* instead\.$"):
        check_task_sampling(value)


def test_near_misses_are_named():
    with pytest.raises(ValueError, match=r"Got 'unifrom' instead\. Did you mean 'uniform'\?"):
        check_task_sampling("unifrom")
    with pytest.raises(ValueError, match="Did you mean 'proportional'"):
        expected_draws(stacked(2, 1), "Proportional")


def test_draws_worked_out_by_hand():
    # 16 and 4 rows: with temperature 2, tasks are drawn as sqrt(16) : sqrt(4) = 2 : 1.
    draws = expected_draws(stacked(16, 4), 2)
    np.testing.assert_allclose(draws, [20 * (2 / 3) / 16] * 16 + [20 * (1 / 3) / 4] * 4, rtol=1e-12)
    np.testing.assert_allclose(expected_draws(stacked(16, 4), "uniform"), [0.625] * 16 + [2.5] * 4, rtol=1e-12)


def test_rows_of_several_tasks_get_the_draws_of_each():
    codes = np.array([[0, 1], [1, -1], [-1, 0], [0, -1], [-1, -1]])
    # Each task has half of 5 draws; 3 rows are labelled of the first, 2 of the second.
    expected = [2.5 / 3 + 2.5 / 2, 2.5 / 3, 2.5 / 2, 2.5 / 3, 0]
    np.testing.assert_allclose(expected_draws(codes, "uniform"), expected, rtol=1e-12)


@pytest.mark.parametrize("temperature", [1.5, 3, 100.0, "uniform"])
def test_draws_follow_the_definition(temperature):
    rng = np.random.default_rng(0)
    codes = np.where(rng.random((200, 7)) < np.linspace(0.1, 0.9, 7), 1, -1)
    n = [(codes[:, t] != -1).sum() for t in range(7)]
    power = [k ** (1 / check_task_sampling(temperature)) for k in n]
    expected = [sum(200 * power[t] / sum(power) / n[t] for t in range(7) if row[t] != -1) for row in codes]
    draws = expected_draws(codes, temperature)
    np.testing.assert_allclose(draws, expected, rtol=1e-10)
    assert draws.sum() == pytest.approx(200, rel=1e-14)


def test_between_proportional_and_uniform():
    of_the_small = [expected_draws(stacked(900, 100), t)[-1] for t in (1.0001, 2, 5, 1e9)]
    np.testing.assert_allclose(of_the_small, [1, 2.5, 10 / (1 + 9**0.2), 5], rtol=1e-3)
    assert of_the_small == sorted(of_the_small)


@pytest.mark.parametrize("value", ["proportional", 1, 1.0])
def test_proportional_draws_every_row_once(value):
    assert expected_draws(stacked(9, 1), value) is None


def test_every_row_once_where_all_are_alike():
    assert expected_draws(np.zeros((5, 3), int), "uniform") is None
    assert expected_draws(np.tile([0, -1, 1], (5, 1)), "uniform") is None
    assert expected_draws(np.full((5, 2), -1), "uniform") is None


def test_sets_of_one_size_are_balanced_too():
    np.testing.assert_allclose(expected_draws(stacked(5, 5), "uniform"), np.ones(10))


def test_tasks_that_do_not_count():
    codes, active = stacked(6, 2, 8), np.array([True, True, False])
    np.testing.assert_allclose(expected_draws(codes, "uniform", active), [8 / 6] * 6 + [4] * 2 + [0] * 8, rtol=1e-12)
    assert expected_draws(np.array([[0, -1], [0, 1]]), "uniform", np.array([True, False])) is None


def test_a_task_without_labels_gets_no_draws():
    codes = np.column_stack([stacked(6, 2), np.full(8, -1)])
    np.testing.assert_allclose(expected_draws(codes, "uniform"), [4 / 6] * 6 + [2] * 2, rtol=1e-12)


def test_corrected_weights_by_hand():
    codes = np.array([[0, -1], [1, 0], [-1, 0]])
    weights = np.array([[1.0, 0], [2, 4], [0, 3]], np.float32)
    kept = weights.copy()
    corrected = corrected_weights(weights, codes, np.array([0.5, 2, 0]))
    assert corrected.dtype == np.float32
    np.testing.assert_array_equal(corrected, [[2, 0], [1, 2], [0, 0]])
    np.testing.assert_array_equal(weights, kept)
    np.testing.assert_array_equal(corrected_weights(None, codes, np.array([0.5, 2, 1])), [[2, 0], [0.5, 0.5], [0, 1]])


def test_without_draws_weights_stay():
    weights = np.ones((2, 1))
    assert corrected_weights(weights, np.zeros((2, 1)), None) is weights
    assert corrected_weights(None, np.zeros((2, 1)), None) is None
