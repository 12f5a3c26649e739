"""Groups of tasks from their affinities."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from ._affinity_matrix import read_affinity
from ._cover import MAX_TASKS, best_networks
from ._group_search import search_groups
from ._grouping_result import TaskGrouping

__all__ = ["AUTO_TASKS", "select_task_groups"]

# Up to so many tasks the exact optimum takes a fraction of a second.
AUTO_TASKS = 12


@validate_params(
    {
        "affinity": "no_validation",
        "n_groups": [Interval(Integral, 1, None, closed="left")],
        "allow_singletons": ["boolean"],
        "method": [StrOptions({"auto", "exact", "heuristic"})],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def select_task_groups(affinity, n_groups, *, allow_singletons=False, method="auto", random_state=None):
    """Choose at most `n_groups` groups of tasks to train together, overlapping ones allowed.

    A task's score in a group is the mean affinity to it of the group's other tasks; every task is served by the
    group it scores best in. The groups cover all tasks and maximise the mean score over tasks. A group can hold a
    task only because it helps the others: the task itself is then served by another group.

    Parameters
    ----------
    affinity : TaskAffinity, DataFrame or array-like of shape (n_tasks, n_tasks)
        How much each task gives (rows) to each other one (columns), more is better; the diagonal is not used. Rows
        and columns of a data frame are matched by name.
    n_groups : int
        Number of groups at most, that is of networks to train.
    allow_singletons : bool, default=False
        Whether a task can be a group of its own. It then scores 0: neither helped nor harmed.
    method : {"auto", "exact", "heuristic"}, default="auto"
        ``"exact"`` finds the optimum, for up to 14 tasks. ``"heuristic"`` is a local search: steps add a task to a
        group, take one away or swap two as long as the mean score rises, from a greedy start, 100 random starts and
        300 kicks that draw one group of the best answer anew. ``"auto"`` is exact up to 12 tasks.
    random_state : int, RandomState instance or None, default=None
        Seed of the heuristic; it does not matter to the exact method.

    Returns
    -------
    TaskGrouping
        With the mean score over tasks as `score`, more is better. Groups that would serve no task are left out.

    Raises
    ------
    ValueError
        If the matrix is not square or not finite off the diagonal, if there is one task and it may not stand alone,
        or if there are more than 14 tasks for ``method="exact"``.

    See Also
    --------
    select_networks : Groups from the losses of trained networks, with costs.
    task_affinity : Measures affinities.

    Notes
    -----
    The exact method is dynamic programming over subsets of the tasks. Among choices of equal score it takes the one
    with fewest groups, then the one with smaller groups.

    References
    ----------
    Fifty et al. (2021), Efficiently Identifying Task Groupings for Multi-Task Learning, NeurIPS: the score of a group
    and the choice of groups.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.model_selection import select_task_groups
    >>> tasks = ["digit", "odd", "font"]
    >>> affinity = pd.DataFrame([[0, 0.4, -0.1], [0.3, 0, -0.1], [-0.2, -0.2, 0]], tasks, tasks)
    >>> grouping = select_task_groups(affinity, n_groups=2, allow_singletons=True)
    >>> grouping.groups
    [('digit', 'odd'), ('font',)]
    >>> grouping.assignment["odd"], round(grouping.score, 4)
    (('digit', 'odd'), 0.2333)
    """
    names, matrix = read_affinity(affinity)
    n_tasks = len(names)
    if n_tasks == 1 and not allow_singletons:
        raise ValueError(f"The only task {names[0]!r} has none to be grouped with: set allow_singletons=True.")
    if method == "exact" and n_tasks > MAX_TASKS:
        raise ValueError(f"method='exact' is for up to {MAX_TASKS} tasks. Got {n_tasks}: use method='heuristic'.")
    exact = method == "exact" or (method == "auto" and n_tasks <= AUTO_TASKS)
    if exact:
        members = _all_groups(n_tasks, allow_singletons)
        scores = _scores(matrix, members)
        kept = best_networks(-scores, np.ones(len(members)), n_groups)
    else:
        random_state = check_random_state(random_state)
        members = search_groups(matrix, min(n_groups, n_tasks), 0.0 if allow_singletons else -np.inf, random_state)
        members = members[members.sum(axis=1) > (0 if allow_singletons else 1)]
        scores, kept = _scores(matrix, members), np.argsort(members.sum(axis=1), kind="stable")
    networks = [tuple(np.flatnonzero(members[g]).tolist()) for g in kept]
    found = TaskGrouping.from_losses(names, networks, -scores[kept], np.ones(len(networks), dtype=int), exact=exact)
    score = 0.0 - found.score / n_tasks  # not -0.0
    return TaskGrouping(found.groups, found.assignment, score, len(found.groups), exact)


def _all_groups(n_tasks, allow_singletons):
    """Return all groups as rows of members, small ones first: of equally good ones the first is chosen."""
    members = (np.arange(1, 2**n_tasks)[:, None] >> np.arange(n_tasks)) & 1 == 1
    sizes = members.sum(axis=1)
    order = np.argsort(sizes, kind="stable")
    return members[order[(1 if allow_singletons else 2) <= sizes[order]]]


def _scores(matrix, members):
    """Return what every task scores in every group (n_groups, n_tasks), -inf outside it."""
    others = np.maximum(members.sum(axis=1, keepdims=True) - 1, 1)
    return np.where(members, members @ matrix / others, -np.inf)
