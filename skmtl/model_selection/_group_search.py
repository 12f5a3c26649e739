"""Groups of many tasks: local search where the exact optimum is out of reach."""

import numpy as np

__all__ = ["search_groups"]

# Starts of the local search: the greedy one, random ones, and kicks of the best answer so far.
N_RANDOM, N_KICKS = 100, 300


def search_groups(affinity, n_groups, single, random_state):
    """Choose groups by local search: greedy and random starts, then kicks of the best answer.

    A step takes the change of one group that raises the mean score most: a task more, a task less, or one for
    another. The greedy start is the group of all tasks with empty groups beside it; a kick draws one group anew.

    Parameters
    ----------
    affinity : ndarray of shape (n_tasks, n_tasks)
        Rows giving, columns receiving, zeros on the diagonal.
    n_groups : int
        Number of groups, at most.
    single : float
        Score of a task alone: 0, or -inf.
    random_state : RandomState
        Draws the random starts and the kicks.

    Returns
    -------
    ndarray of shape (n_groups, n_tasks), bool
        The members of every group.

    Examples
    --------
    >>> affinity = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]])
    >>> search_groups(affinity, 2, 0.0, np.random.RandomState(0)).astype(int).tolist()
    [[0, 0, 1, 1], [1, 1, 0, 0]]
    """
    climber = _Climber(affinity, single)
    n_tasks = len(affinity)
    greedy = np.zeros((n_groups, n_tasks), dtype=bool)
    greedy[0] = True
    starts = [greedy, *(_draw(n_groups, n_tasks, random_state) for _ in range(N_RANDOM))]
    best, best_value = max((climber.climb(start) for start in starts), key=lambda found: found[1])
    for _ in range(N_KICKS):
        kicked = best.copy()
        kicked[random_state.randint(n_groups)] = random_state.uniform(size=n_tasks) < random_state.uniform()
        found, value = climber.climb(kicked)
        if value > best_value:
            best, best_value = found, value
    return best


def _draw(n_groups, n_tasks, random_state):
    return np.arange(n_groups)[:, None] == random_state.randint(n_groups, size=n_tasks)


class _Climber:
    def __init__(self, affinity, single):
        self.affinity = affinity
        largest = max(np.abs(affinity).max(), 1e-290)
        # So much worse than any score that a step which covers a task more is taken first.
        self.uncovered = -4.0 * len(affinity) * largest
        self.single = max(single, self.uncovered)
        self.least_gain = 1e-12 * largest

    def climb(self, members):
        """Return the groups at the top, and the sum of the tasks' scores there."""
        members = members.copy()
        scores = np.stack([self.scores(group @ self.affinity, group, group.sum()) for group in members])
        idle, turn = 0, 0
        while idle < len(members):
            others = np.delete(scores, turn, axis=0).max(axis=0, initial=self.uncovered)
            changed = self.change(members[turn], others, np.maximum(others, scores[turn]).sum())
            if changed is None:
                idle, turn = idle + 1, (turn + 1) % len(members)
            else:
                members[turn], idle = changed, 0
                scores[turn] = self.scores(changed @ self.affinity, changed, changed.sum())
        return members, scores.max(axis=0).sum()

    def scores(self, received, members, sizes):
        """Return what members get of their group (..., n_tasks); others count as uncovered."""
        alone = np.where(sizes == 1, self.single, self.uncovered)
        scores = np.where(sizes > 1, received / np.maximum(sizes - 1, 1), alone)
        return np.where(members, scores, self.uncovered)

    def change(self, group, others, value):
        """Return the group after its best change, or None where none helps."""
        received, size = group @ self.affinity, group.sum()
        flipped = np.where(group, -1, 1)
        members = group ^ np.eye(len(group), dtype=bool)
        gains = received + flipped[:, None] * self.affinity
        values = np.maximum(others, self.scores(gains, members, (size + flipped)[:, None])).sum(axis=1)
        if values.max() > value + self.least_gain:
            return members[values.argmax()]
        out, into = np.flatnonzero(group), np.flatnonzero(~group)
        if not (len(out) and len(into)):
            return None
        swapped = members[out][:, None] ^ members[into] ^ group
        gains = received - self.affinity[out][:, None] + self.affinity[into]
        values = np.maximum(others, self.scores(gains, swapped, size)).sum(axis=2)
        best = np.unravel_index(values.argmax(), values.shape)
        return swapped[best] if values[best] > value + self.least_gain else None
