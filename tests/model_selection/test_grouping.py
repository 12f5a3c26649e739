from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from skmtl.model_selection import select_task_groups

TASKS = ["seg", "depth", "normal", "keypoint", "edge"]
# Fifty et al. (2021), published affinities on Taskonomy: rows receive there, ours give.
RECEIVED = [
    [0, 0.115374, 0.048910, 0.004547, 0.008776],
    [0.413559, 0, 0.291415, 0.013537, 0.073957],
    [0.139824, 0.220962, 0, 0.010494, 0.076460],
    [0.021099, 0.013366, 0.010729, 0, 0.689736],
    [0.056692, 0.036683, 0.036007, 0.303721, 0],
]
PUBLISHED = pd.DataFrame(RECEIVED, TASKS, TASKS).T


def brute_force(affinity, n_groups, allow_singletons):
    """Try every set of groups, with the definition of the score written out."""
    tasks = range(len(affinity))
    groups = [g for size in tasks for g in combinations(tasks, size + 1) if size or allow_singletons]
    scores = {}
    for group in groups:
        for j in group:
            others = [i for i in group if i != j]
            scores[group, j] = sum(affinity[i][j] for i in others) / len(others) if others else 0.0
    best = -np.inf
    for count in range(1, n_groups + 1):
        for chosen in combinations(groups, count):
            served = [[scores[g, j] for g in chosen if j in g] for j in tasks]
            if all(served):
                best = max(best, sum(max(s) for s in served) / len(served))
    return best


def score_of(grouping, affinity):
    total = 0.0
    for task, group in grouping.assignment.items():
        others = [i for i in group if i != task]
        total += np.mean([affinity[i][task] for i in others]) if others else 0.0
    return total / len(grouping.assignment)


def random_affinity(seed, n_tasks):
    return np.random.default_rng(seed).normal(size=(n_tasks, n_tasks))


@pytest.mark.parametrize(
    ("n_groups", "score", "groups"),
    [
        (1, 0.12929, [tuple(TASKS)]),
        (2, 0.32170, [("seg", "depth", "normal"), ("keypoint", "edge")]),
        (3, 0.34867, [("seg", "depth"), ("depth", "normal"), ("keypoint", "edge")]),
    ],
)
@pytest.mark.parametrize("method", ["auto", "exact", "heuristic"])
def test_published_optimum(n_groups, score, groups, method):
    grouping = select_task_groups(PUBLISHED, n_groups, method=method, random_state=0)
    assert abs(grouping.score - score) < 1e-5
    assert grouping.groups == groups
    assert grouping.exact == (method != "heuristic")
    assert grouping.cost == len(groups)


def test_published_assignment():
    grouping = select_task_groups(PUBLISHED, 3)
    # normal gives depth less than seg does, depth gives normal the most.
    assert grouping.assignment == {
        "seg": ("seg", "depth"),
        "depth": ("seg", "depth"),
        "normal": ("depth", "normal"),
        "keypoint": ("keypoint", "edge"),
        "edge": ("keypoint", "edge"),
    }


def test_rows_give_and_columns_receive():
    # 0 helps 1 and 2, nobody helps 0: in the transpose, the sums would be other ones.
    affinity = np.array([[0, 0.9, 0.6], [0, 0, 0], [0, 0, 0]])
    assert select_task_groups(affinity, 1).score == pytest.approx((0.9 / 2 + 0.6 / 2) / 3)
    assert select_task_groups(affinity.T, 1).score == pytest.approx((0.9 + 0.6) / 2 / 3)
    two = select_task_groups(affinity, 2)
    assert two.groups == [(0, 1), (0, 2)]
    assert two.score == pytest.approx((0.9 + 0.6) / 3)


@pytest.mark.parametrize("seed", range(200))
def test_agrees_with_brute_force(seed):
    n_tasks, n_groups, single = 2 + seed % 4, 1 + seed % 3, bool(seed // 2 % 2)
    affinity = random_affinity(seed, n_tasks)
    grouping = select_task_groups(affinity, n_groups, allow_singletons=single)
    assert grouping.exact
    assert grouping.score == pytest.approx(brute_force(affinity, n_groups, single), abs=1e-12)
    assert grouping.score == pytest.approx(score_of(grouping, affinity), abs=1e-12)
    assert len(grouping.groups) <= n_groups
    assert set(grouping.assignment.values()) == set(grouping.groups)
    assert all(task in group for task, group in grouping.assignment.items())
    assert single or all(len(group) > 1 for group in grouping.groups)


@pytest.mark.parametrize("seed", range(12))
def test_heuristic_comes_close_to_the_optimum(seed):
    n_tasks, n_groups, single = 8 + seed % 3, 1 + seed % 4, bool(seed % 2)
    affinity = random_affinity(100 + seed, n_tasks)
    exact = select_task_groups(affinity, n_groups, allow_singletons=single, method="exact")
    found = select_task_groups(affinity, n_groups, allow_singletons=single, method="heuristic", random_state=0)
    assert found.score == pytest.approx(score_of(found, affinity), abs=1e-12)
    assert 0.99 * exact.score <= found.score <= exact.score + 1e-12


def test_forty_tasks_in_known_families():
    # Ten families of four tasks that help one another and harm the rest: the optimum is known.
    family = np.arange(40) % 10
    affinity = np.where(family[:, None] == family, 1.0, -1.0) + 0.01 * random_affinity(0, 40)
    grouping = select_task_groups(affinity, 10, random_state=0)
    assert not grouping.exact
    assert sorted(grouping.groups) == [tuple(np.flatnonzero(family == f).tolist()) for f in range(10)]


def test_heuristic_depends_on_random_state_alone():
    affinity = random_affinity(3, 14)
    np.random.seed(0)  # noqa: NPY002 - the global state must stay as it is
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again = (select_task_groups(affinity, 3, random_state=7) for _ in range(2))
    assert first == again
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert not first.exact


def test_twelve_tasks_exactly():
    affinity = random_affinity(1, 12)
    exact = select_task_groups(affinity, 4)
    assert exact.exact
    assert exact.score >= select_task_groups(affinity, 4, method="heuristic", random_state=0).score - 1e-12


@pytest.mark.parametrize("affinity", [0.0, 1.0])
def test_twelve_tasks_all_alike(affinity):
    # Every choice is as good as any other; trying them all took a minute.
    grouping = select_task_groups(np.full((12, 12), affinity), 7, allow_singletons=True)
    assert grouping.groups == [tuple(range(12))]
    assert grouping.score == pytest.approx(affinity)


def test_a_task_may_stand_alone_only_if_allowed():
    affinity = np.array([[0, 0.5, -0.3], [0.4, 0, -0.3], [-0.2, -0.2, 0]])
    assert select_task_groups(affinity, 2, allow_singletons=True).groups == [(0, 1), (2,)]
    assert select_task_groups(affinity, 2, allow_singletons=True).score == pytest.approx(0.3)
    together = select_task_groups(affinity, 2)
    # The third task needs company: with both others or with one, it gets -0.3.
    assert together.score == pytest.approx(0.2)
    assert together.groups[0] == (0, 1)
    assert together.assignment[0] == together.assignment[1] == (0, 1)


def test_fewest_and_smallest_groups_among_equals():
    assert select_task_groups(np.ones((4, 4)), 4).groups == [(0, 1, 2, 3)]
    # A task alone scores as much as one that the others neither help nor harm.
    assert select_task_groups(np.zeros((3, 3)), 3, allow_singletons=True).groups == [(0, 1, 2)]


def test_one_and_two_tasks():
    assert select_task_groups([[5.0]], 3, allow_singletons=True).assignment == {0: (0,)}
    with pytest.raises(ValueError, match="The only task 0 has none to be grouped with: set allow_singletons=True"):
        select_task_groups([[5.0]], 1)
    assert select_task_groups([[0, 0.2], [0.4, 0]], 5).groups == [(0, 1)]
    assert select_task_groups([[0, -0.2], [-0.4, 0]], 5).score == pytest.approx(-0.3)
    assert select_task_groups([[0, -0.2], [-0.4, 0]], 5, allow_singletons=True).groups == [(0,), (1,)]
    assert select_task_groups([[0, -0.2], [-0.4, 0]], 1, allow_singletons=True, method="heuristic").score < 0


def test_columns_are_matched_by_name_and_the_diagonal_is_not_read():
    shuffled = PUBLISHED[["edge", "seg", "normal", "depth", "keypoint"]].copy()
    for task in TASKS:
        shuffled.loc[task, task] = np.nan
    before = shuffled.copy()
    assert select_task_groups(shuffled, 2) == select_task_groups(PUBLISHED, 2)
    pd.testing.assert_frame_equal(shuffled, before)


def test_a_task_may_be_called_affinity():
    names = ["affinity", "b"]
    assert select_task_groups(pd.DataFrame([[0, 1.0], [1.0, 0]], names, names), 1).groups == [("affinity", "b")]


def test_a_score_of_zero_has_no_sign():
    assert repr(select_task_groups(np.zeros((2, 2)), 1)) == "TaskGrouping(groups=[(0, 1)], score=0, cost=1, exact=True)"


def test_takes_a_result_with_an_affinity():
    class Result:
        affinity = PUBLISHED

    assert select_task_groups(Result(), 2) == select_task_groups(PUBLISHED, 2)


def test_names_stay_what_they_are():
    frame = pd.DataFrame([[0, 1.0], [1.0, 0]], index=[10, "b"], columns=["b", 10]).T
    assert select_task_groups(frame, 1).groups == [("b", 10)]


@pytest.mark.parametrize(
    ("affinity", "message"),
    [
        (np.zeros((2, 3)), r"must have shape \(n_tasks, n_tasks\).* Got shape \(2, 3\)"),
        (np.zeros(3), r"Got shape \(3,\)"),
        (np.zeros((0, 0)), r"Got shape \(0, 0\)"),
        ([[0, np.nan], [1, 0]], "must be finite off its diagonal. Got nan from 0 to 1"),
        (pd.DataFrame([[0, 1], [np.inf, 0]], ["a", "b"], ["a", "b"]), "Got inf from 'b' to 'a'"),
        (pd.DataFrame(np.eye(2), ["a", "left"], ["a", "lefft"]), "same tasks as rows and as columns.*mean 'lefft'"),
        (pd.DataFrame(np.zeros((1, 2)), ["a"], ["a", "b"]), "same tasks as rows and as columns"),
        (pd.DataFrame(np.eye(2), ["a", "a"], ["a", "b"]), "names the task 'a' twice in its rows"),
        ([["x", "y"], ["z", "w"]], "must hold numbers"),
    ],
)
def test_matrix_that_cannot_be_read(affinity, message):
    with pytest.raises(ValueError, match=message):
        select_task_groups(affinity, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_groups": 0}, "'n_groups' parameter of select_task_groups must be an int in the range"),
        ({"n_groups": 1.5}, "'n_groups' parameter"),
        ({"n_groups": 1, "method": "best"}, "'method' parameter"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        select_task_groups(np.zeros((3, 3)), **options)


def test_exact_has_a_limit():
    with pytest.raises(ValueError, match=r"method='exact' is for up to 14 tasks. Got 15: use method='heuristic'"):
        select_task_groups(np.zeros((15, 15)), 2, method="exact")
