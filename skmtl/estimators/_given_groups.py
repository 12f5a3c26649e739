"""Groups of tasks as a user gives them."""

from dataclasses import replace
from math import nan

from .._validation import did_you_mean, resolve_task
from ..model_selection import TaskAffinity, TaskGrouping

__all__ = ["groups_of_tasks", "resolve_groups"]


def resolve_groups(groups, task_names):
    """Return (list of groups, a list of columns each; for every task the number of the group that serves it).

    Parameters
    ----------
    groups : TaskGrouping, or sequence of sequences of task names or indices
        A task in several of them is served by the first, unless a `TaskGrouping` says otherwise.
    task_names : list
        The tasks.

    Raises
    ------
    ValueError, TypeError
        If groups name no task or an unknown one, one twice, leave a task out or serve none.
    """
    serving = groups.assignment if isinstance(groups, TaskGrouping) else None
    listed = groups.groups if isinstance(groups, TaskGrouping) else groups
    if isinstance(groups, TaskAffinity):
        raise TypeError(
            "groups is an affinity, which says who helps whom: pass select_task_groups(affinity, n_groups)."
        )
    if isinstance(listed, str) or not hasattr(listed, "__len__") or not len(listed):
        raise TypeError(
            "groups must be 'auto', a TaskGrouping or a list of tuples of task names or indices, such as "
            f"[('left', 'right')]. Got {groups!r} instead.{did_you_mean(groups, ['auto'])}"
        )
    columns = [_columns(group, task_names) for group in listed]
    serves = [next((g for g, group in enumerate(columns) if t in group), None) for t in range(len(task_names))]
    if serving is not None:
        chosen = {resolve_task(k, task_names, "groups.assignment"): list(listed).index(v) for k, v in serving.items()}
        serves = [chosen.get(t) for t in range(len(task_names))]
    lacking = [name for name, g in zip(task_names, serves, strict=True) if g is None]
    if lacking:
        raise ValueError(
            f"groups must name every task; no group has {lacking!r}. Add a group, such as ({lacking[0]!r},)."
        )
    idle = [tuple(task_names[t] for t in group) for g, group in enumerate(columns) if g not in serves]
    if idle:
        raise ValueError(
            f"groups has {idle[0]!r}, whose tasks are all served by groups before it: leave it out, or pass a "
            "TaskGrouping whose assignment uses it."
        )
    return columns, serves


def groups_of_tasks(groups, task_names, tasks):
    """Return groups for some of the tasks, each of them served by what is left of its group.

    Parameters
    ----------
    groups : TaskGrouping, or sequence of sequences of task names or indices
        Groups for all tasks.
    task_names : list
        All tasks.
    tasks : list of int
        Those wanted.

    Examples
    --------
    >>> groups_of_tasks([("a", "b"), ("b", "c"), ("d",)], ["a", "b", "c", "d"], [1, 2])
    [('b',), ('b', 'c')]
    """
    columns, serves = resolve_groups(groups, task_names)
    own = {g: tuple(task_names[t] for t in columns[g] if t in tasks) for g in sorted({serves[t] for t in tasks})}
    listed = list(dict.fromkeys(own.values()))
    if not isinstance(groups, TaskGrouping):
        return listed
    # Nobody has scored these.
    return replace(
        groups,
        groups=listed,
        assignment={task_names[t]: own[serves[t]] for t in tasks},
        score=nan,
        cost=nan,
        exact=False,
    )


def _columns(group, task_names):
    if isinstance(group, str) or not hasattr(group, "__len__"):
        raise TypeError(
            f"groups must hold a tuple of tasks for every group. Got {group!r} instead: write ({group!r},) for a group "
            "of one task."
        )
    if not len(group):
        raise ValueError("groups has an empty group: leave it out.")
    columns = [resolve_task(task, task_names, "groups") for task in group]
    twice = [task_names[t] for t in columns if columns.count(t) > 1]
    if twice:
        raise ValueError(f"groups names the task {twice[0]!r} twice in the group {tuple(group)!r}: keep one of them.")
    return sorted(columns)
