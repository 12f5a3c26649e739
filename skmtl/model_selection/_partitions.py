"""Every way to serve the tasks, in parts: dynamic programming over subsets of the tasks."""

import numpy as np

__all__ = ["Partitions"]


class Partitions:
    """The partitions of the tasks into parts that a network each serves.

    An option is a part, written as a bit mask of its tasks, with a network that has all of them.

    Parameters
    ----------
    losses : ndarray of shape (n_networks, n_tasks)
        inf where the network lacks the task.
    costs : ndarray of shape (n_networks,)
        Costs of the networks.

    Attributes
    ----------
    full : int
        The mask of all tasks.
    part, network : ndarray of shape (n_options,), int
        The options, sorted by part and then by network.
    loss, cost : ndarray of shape (n_options,)
        The sum of the losses of the part's tasks, and the cost of the network.

    Examples
    --------
    >>> partitions = Partitions(np.array([[1.0, np.inf], [2.0, 0.5]]), np.ones(2))
    >>> partitions.part, partitions.network, partitions.loss
    (array([1, 1, 2, 3]), array([0, 1, 1, 1]), array([1. , 2. , 0.5, 2.5]))
    >>> least, options = partitions.least(partitions.loss)
    >>> least, options
    (array([0. , 1. , 0.5, 1.5]), [0, 2])
    """

    def __init__(self, losses, costs):
        self.full = 2 ** losses.shape[1] - 1
        self.part, self.network, self.loss = _options(losses)
        self.cost = costs[self.network]
        self._starts = np.flatnonzero(np.diff(self.part, prepend=0))
        self._submasks = _submasks(losses.shape[1])

    def least(self, value):
        """Return the least value of covering every set of tasks, and the options that cover all of them so.

        Parameters
        ----------
        value : ndarray of shape (n_options,)
            Values that add up over the parts.

        Returns
        -------
        least : ndarray of shape (2 ** n_tasks,)
            By mask; inf where the networks lack a task.
        options : list of int
            Empty if not all tasks can be covered.
        """
        by_part = np.full(self.full + 1, np.inf)
        by_part[self.part[self._starts]] = np.minimum.reduceat(value, self._starts)
        least, first = np.zeros(self.full + 1), np.zeros(self.full + 1, dtype=np.intp)
        for mask in range(1, self.full + 1):
            # Exactly one part of a partition holds the lowest task.
            low = mask & -mask
            others = self._submasks[mask ^ low]
            values = by_part[others | low] + least[others[::-1]]
            best = values.argmin()
            least[mask], first[mask] = values[best], others[best] | low
        return least, self._chosen(value, first) if np.isfinite(least[-1]) else []

    def _chosen(self, value, first):
        options, mask = [], self.full
        while mask:
            start, end = np.searchsorted(self.part, [first[mask], first[mask] + 1])
            options.append(int(start + value[start:end].argmin()))
            mask ^= first[mask]
        return options


def _options(losses):
    """Return (part, network, loss) of every set of tasks that a network can serve, sorted by part."""
    parts, sums, sizes = [], [], []
    for row in losses:
        part, total = np.zeros(1, dtype=np.intp), np.zeros(1)
        for task in np.flatnonzero(np.isfinite(row)):
            part, total = np.concatenate([part, part | 1 << task]), np.concatenate([total, total + row[task]])
        parts.append(part[1:])
        sums.append(total[1:])
        sizes.append(len(part) - 1)
    part, network = np.concatenate(parts), np.repeat(np.arange(len(losses)), sizes)
    order = np.argsort(part, kind="stable")
    return part[order], network[order], np.concatenate(sums)[order]


def _submasks(n_tasks):
    """Return for every mask its submasks, ascending; read backwards they are the complements within the mask."""
    found = [np.zeros(1, dtype=np.intp)]
    for mask in range(1, 2**n_tasks):
        high = 1 << (mask.bit_length() - 1)
        below = found[mask ^ high]
        found.append(np.concatenate([below, below | high]))
    return found
