"""Which tasks to train together: the answer of the grouping functions."""

from dataclasses import dataclass

import numpy as np

__all__ = ["TaskGrouping"]


@dataclass(frozen=True)
class TaskGrouping:
    """Groups of tasks, and which group serves which task.

    Parameters
    ----------
    groups : list of tuple
        The groups, each a tuple of task names (column indices where the tasks have no names), in the order of the
        tasks. Groups may overlap: a task can be in one to help the others, and be served by another.
    assignment : dict
        For every task the group that serves it: the network whose predictions of this task to use.
    score : float
        What was optimised: more is better for :func:`select_task_groups`, less for :func:`select_networks`.
    cost : float
        What the groups cost together, in the units of the budget; the number of groups for
        :func:`select_task_groups`.
    exact : bool
        Whether `score` is the proven optimum.

    See Also
    --------
    select_task_groups : Groups from task affinities.
    select_networks : Groups from the losses of trained networks.

    Examples
    --------
    >>> from skmtl.model_selection import select_task_groups
    >>> grouping = select_task_groups([[0, 0.5, 0.1], [0.3, 0, 0.2], [0.1, 0.1, 0]], n_groups=1)
    >>> grouping
    TaskGrouping(groups=[(0, 1, 2)], score=0.2167, cost=1, exact=True)
    >>> print(grouping)
    1 group: score 0.2167, cost 1, proven optimum
      0, 1, 2
    >>> grouping.assignment[2]
    (0, 1, 2)
    """

    groups: list
    assignment: dict
    score: float
    cost: float
    exact: bool = True

    def __repr__(self):
        # The assignment repeats every group for every task: left to those who ask for it.
        return f"TaskGrouping(groups={self.groups!r}, score={self.score:.4g}, cost={self.cost:g}, exact={self.exact})"

    def __str__(self):
        kind = "proven optimum" if self.exact else "best that was found"
        number = "1 group" if len(self.groups) == 1 else f"{len(self.groups)} groups"
        served = {group: [task for task, by in self.assignment.items() if by == group] for group in self.groups}
        lines = []
        for group, tasks in served.items():
            whom = "" if len(tasks) == len(group) else f"  (serves {', '.join(map(str, tasks)) or 'none'})"
            lines.append(f"  {', '.join(map(str, group))}{whom}")
        return "\n".join([f"{number}: score {self.score:.4g}, cost {self.cost:g}, {kind}", *lines])

    @classmethod
    def from_losses(cls, task_names, networks, losses, costs, *, exact):
        """Assign every task to the network with the least loss, and leave out networks that serve none.

        Parameters
        ----------
        task_names : list of length n_tasks
            The tasks.
        networks : list of tuple of int
            Positions of each network's tasks, ascending.
        losses : ndarray of shape (n_networks, n_tasks)
            inf where the network lacks the task. Among equal losses the first network serves.
        costs : ndarray of shape (n_networks,)
            Costs of the networks.
        exact : bool
            Whether they are the optimum.

        Returns
        -------
        TaskGrouping
            With the sum of the losses as `score`.
        """
        # Sums differ in their last bits by the order of their terms.
        equal = losses <= losses.min(axis=0) + 1e-12 * np.abs(losses.min(axis=0))
        best = equal.argmax(axis=0)
        serving = sorted(set(best.tolist()), key=lambda n: networks[n])
        named = {n: tuple(task_names[t] for t in networks[n]) for n in serving}
        return cls(
            groups=list(named.values()),
            assignment={name: named[n] for name, n in zip(task_names, best.tolist(), strict=True)},
            score=float(losses.min(axis=0).sum()),
            cost=float(costs[serving].sum()),
            exact=exact,
        )
