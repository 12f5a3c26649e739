from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from skmtl.model_selection import select_networks

PAIRS = {
    "digit": 0.40,
    "odd": 0.20,
    "font": 0.70,
    ("digit", "odd"): [0.35, 0.15],
    ("digit", "font"): [0.50, 0.65],
    ("odd", "font"): [0.30, 0.60],
}


def brute_force(losses, costs, budget):
    """Try every set of networks; losses: network -> task -> loss."""
    tasks = {task for network in losses for task in network}
    best = np.inf
    for count in range(1, len(tasks) + 1):
        for chosen in combinations(losses, count):
            if sum(costs[n] for n in chosen) <= budget + 1e-9 and tasks == {t for n in chosen for t in n}:
                best = min(best, sum(min(losses[n][t] for n in chosen if t in n) for t in tasks))
    return best


def random_networks(seed, n_tasks, share=1.0):
    rng = np.random.default_rng(seed)
    groups = [g for size in range(1, n_tasks + 1) for g in combinations(range(n_tasks), size)]
    groups = [g for g in groups if len(g) in (1, n_tasks) or rng.uniform() < share]
    losses = {g: dict(zip(g, rng.normal(1, 0.3, len(g)).tolist(), strict=True)) for g in groups}
    return losses, {g: float(rng.uniform(0.5, 1) * len(g) ** 0.5) for g in groups}


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("unequal", [False, True])
def test_agrees_with_brute_force(seed, unequal):
    n_tasks = 2 + seed % 3
    losses, costs = random_networks(seed, n_tasks)
    costs = costs if unequal else dict.fromkeys(costs, 1.0)
    budget = float(np.random.default_rng(seed).uniform(0.9, 4))
    optimum = brute_force(losses, costs, budget)
    if np.isinf(optimum):
        with pytest.raises(ValueError, match="does not cover all tasks"):
            select_networks(losses, budget, costs=costs)
        return
    found = select_networks(losses, budget, costs=costs)
    assert found.score == pytest.approx(optimum, abs=1e-10)
    assert found.exact
    assert found.cost == pytest.approx(sum(costs[g] for g in found.groups))
    assert found.cost <= budget + 1e-9
    assert found.score == pytest.approx(sum(losses[g][t] for t, g in found.assignment.items()))
    assert set(found.assignment.values()) == set(found.groups)


def test_hand_worked_choices():
    # Alone 1.3; {digit, odd} and {odd, font}: 0.35 + 0.15 + 0.60.
    assert select_networks(PAIRS, 3).score == pytest.approx(1.10)
    two = select_networks(PAIRS, 2)
    assert two.groups == [("digit", "odd"), ("odd", "font")]
    assert two.assignment == {"digit": ("digit", "odd"), "odd": ("digit", "odd"), "font": ("odd", "font")}
    # All together, predicted: (0.35 + 0.50) / 2 + (0.15 + 0.30) / 2 + (0.65 + 0.60) / 2.
    one = select_networks(PAIRS, 1)
    assert one.groups == [("digit", "odd", "font")]
    assert one.score == pytest.approx(0.425 + 0.225 + 0.625)


def test_without_prediction_the_given_networks_are_all_there_is():
    with pytest.raises(ValueError, match="budget=1 does not cover all tasks: the cheapest networks that do cost 2"):
        select_networks(PAIRS, 1, higher_order=False)
    assert select_networks(PAIRS, 2, higher_order=False) == select_networks(PAIRS, 2)


def test_a_measured_network_is_not_predicted():
    losses = PAIRS | {("font", "digit", "odd"): {"digit": 0.1, "odd": 0.1, "font": 0.1}}
    assert select_networks(losses, 1).score == pytest.approx(0.3)


def test_prediction_needs_all_pairs():
    losses = {key: value for key, value in PAIRS.items() if key != ("odd", "font")}
    assert select_networks(losses, 3).score == pytest.approx(0.35 + 0.15 + 0.65)
    with pytest.raises(ValueError, match="does not cover all tasks"):
        select_networks(losses, 1)


def test_four_tasks_predicted_from_pairs():
    rng = np.random.default_rng(0)
    loss = rng.uniform(size=(4, 4))  # [t, i]: task t's loss in its pair with i
    losses = {(i, j): [loss[i, j], loss[j, i]] for i, j in combinations(range(4), 2)}
    expected = sum(np.mean([loss[t, i] for i in range(4) if i != t]) for t in range(4))
    assert select_networks(losses, 1).score == pytest.approx(expected)


@pytest.mark.parametrize("order", ["mapping", "series", "frame", "object"])
def test_ways_to_give_losses(order):
    named = {
        key: dict(zip(key if isinstance(key, tuple) else (key,), np.atleast_1d(value), strict=True))
        for key, value in PAIRS.items()
    }
    if order == "series":
        named = {key: pd.Series(value) for key, value in named.items()}
    if order == "frame":
        named = pd.DataFrame(named.values(), index=pd.Index(list(named), tupleize_cols=False))
    if order == "object":
        named = type(
            "Result", (), {"losses": {key if isinstance(key, tuple) else (key,): v for key, v in named.items()}}
        )()
    assert select_networks(named, 2) == select_networks(PAIRS, 2)


def test_frame_whose_index_pandas_has_padded():
    frame = pd.DataFrame(
        {"a": [0.5, np.nan, 0.4], "b": [np.nan, 0.6, 0.3]},
        index=pd.MultiIndex.from_tuples([("a",), ("b",), ("a", "b")]),
    )
    assert select_networks(frame, 1).groups == [("a", "b")]
    assert select_networks(frame, 1).score == pytest.approx(0.7)


def test_costs_decide():
    costs = {"digit": 1, "odd": 1, "font": 1, ("odd", "digit"): 2, ("digit", "font"): 2, ("odd", "font"): 2}
    assert select_networks(PAIRS, 3, costs=costs, higher_order=False).score == pytest.approx(0.35 + 0.15 + 0.70)
    best = select_networks(PAIRS, 3, costs=lambda group: {1: 1, 2: 2, 3: 2.5}[len(group)])
    assert best.groups == [("digit", "odd"), ("font",)]
    assert best.cost == 3


def test_function_of_cost_gets_names_in_the_order_of_the_tasks():
    seen = []
    select_networks({("b", "a"): [0.1, 0.2], "c": 0.3, "a": 0.1}, 3, costs=lambda group: seen.append(group) or 1)
    assert sorted(seen) == [("a",), ("b", "a"), ("c",)]


def test_rounding_of_the_budget():
    losses = {"a": 0.1, "b": 0.1, "c": 0.1, ("a", "b", "c"): [1, 1, 1]}
    # 0.1 + 0.1 + 0.1 > 0.3 in floating point.
    assert select_networks(losses, 0.3, costs=lambda group: 0.1).score == pytest.approx(0.3)
    assert select_networks(losses, float("inf"), costs=lambda group: 0.1).cost == pytest.approx(0.3)


def test_cheapest_among_equals():
    losses = {"a": 0.5, "b": 0.5, ("a", "b"): [0.5, 0.5]}
    assert select_networks(losses, 2).groups == [("a", "b")]


def test_cheapest_among_sums_of_other_terms():
    # 8 both ways; in units of the solver 3 + 1 is a bit less than 2 + 2.
    losses = {("a", "b"): [3, 1], ("c", "d"): [3, 1], ("a", "b", "c", "d"): [2, 2, 2, 2]}
    found = select_networks(losses, 2, costs={("a", "b"): 1, ("c", "d"): 1, ("a", "b", "c", "d"): 1.5})
    assert found.groups == [("a", "b", "c", "d")]
    assert (found.score, found.cost) == (8, 1.5)


def test_a_task_may_be_called_losses():
    frame = pd.DataFrame({"losses": [0.1, 0.3], "b": [np.nan, 0.1]}, index=pd.Index(["losses", ("losses", "b")]))
    assert select_networks(frame, 2).assignment == {"losses": ("losses",), "b": ("losses", "b")}


def test_nothing_is_free_but_zero_is_a_cost():
    assert select_networks({"a": 0.5, "b": 0.5}, 1, costs=lambda group: 0).score == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(3))
def test_twelve_tasks_with_unequal_costs(seed):
    rng = np.random.default_rng(seed)
    pair = rng.uniform(0.5, 1, size=(12, 12))
    losses = {(i, j): [pair[i, j], pair[j, i]] for i, j in combinations(range(12), 2)}
    share = rng.uniform(0.8, 1.2, 12)
    found = select_networks(losses, 6.0, costs=lambda group: 0.5 + sum(share[list(group)]) / 4)
    assert found.cost <= 6.0
    assert found.score == pytest.approx(
        sum(np.mean([pair[t, i] for i in group if i != t]) for t, group in found.assignment.items())
    )


def test_many_tasks_are_solved_over_the_given_networks():
    # Seven pairs of tasks that help each other, among all pairs: the optimum of seven networks is known.
    pairs = {(i, j): [0.2, 0.2] if j == i + 1 and i % 2 == 0 else [0.9, 0.9] for i, j in combinations(range(14), 2)}
    found = select_networks(pairs, 7, higher_order=False)
    assert found.groups == [(i, i + 1) for i in range(0, 14, 2)]
    assert found.score == pytest.approx(2.8)
    with pytest.raises(ValueError, match="budget=6 does not cover all tasks with the networks given"):
        select_networks(pairs, 6, higher_order=False)
    with pytest.raises(ValueError, match=r"higher_order=True is for up to 12 tasks.*Got 14: set higher_order=False"):
        select_networks(pairs, 7)


@pytest.mark.parametrize(
    ("losses", "error", "message"),
    [
        ({}, ValueError, "losses is empty"),
        ([1, 2], TypeError, "losses must map networks to the losses of their tasks.*Got list"),
        (type("R", (), {"losses": None})(), TypeError, "method='transfer' with a negated loss"),
        ({("a", "b"): [1, 2], ("b", "a"): [1, 2]}, ValueError, r"has the network of \('a', 'b'\) twice"),
        ({("a", "b"): [1]}, ValueError, r"\('a', 'b'\) has 1 entries"),
        ({("a", "b"): {"a": 1}}, ValueError, "lacks 'b'"),
        ({("a", "b"): {"a": 1, "b": 1, "c": 2}}, ValueError, "names 'c', which it lacks"),
        ({"a": np.nan}, ValueError, "losses must be finite numbers. Got nan for 'a'"),
        ({"a": "0.5"}, ValueError, "losses must be finite numbers|entries"),
        ({("a", "a"): [1, 2]}, ValueError, "tuple of different task names"),
        ({(): []}, ValueError, "tuple of different task names"),
        (pd.DataFrame({"a": [0.5], "b": [0.6]}, index=["a"]), ValueError, "a loss of 'b' for the network"),
        (pd.DataFrame({"left": [0.5]}, index=["lefft"]), ValueError, "Did you mean 'left'"),
        (pd.DataFrame({"a": [0.5], "b": [np.nan]}, index=["a"]), ValueError, "no network has the task 'b'"),
    ],
)
def test_losses_that_cannot_be_read(losses, error, message):
    with pytest.raises(error, match=message):
        select_networks(losses, 2)


@pytest.mark.parametrize(
    ("costs", "message"),
    [
        ({"digit": 1}, r"costs has none for the network \('odd',\) \(6 such\)"),
        ({"digit": 1, "od": 1}, "Did you mean 'odd'"),
        (lambda group: -1, r"costs must be finite numbers >= 0. Got -1 for the network \('digit',\)"),
        (lambda group: None, "costs must be finite numbers >= 0. Got None"),
        (3, "'costs' parameter of select_networks"),
    ],
)
def test_wrong_costs(costs, message):
    with pytest.raises(ValueError, match=message):
        select_networks(PAIRS, 2, costs=costs)


@pytest.mark.parametrize("budget", [0, -1, "2", None])
def test_wrong_budget(budget):
    with pytest.raises(ValueError, match="'budget' parameter of select_networks"):
        select_networks(PAIRS, budget)
