"""The networks that serve every task best within a budget, exactly."""

import numpy as np

from ._partitions import Partitions

__all__ = ["MAX_TASKS", "best_networks"]

# 3 ** 14 pairs of a set of tasks and a network that serves it fill about 200 MB.
MAX_TASKS = 14
# Losses and costs are counted in units of this part of the largest: whole numbers, whose sums are exact in floating
# point, so that equal sums are equal whatever the order of their terms, and sums of other terms to a unit a task.
UNIT = 1e-12
# Prices are no whole numbers: bounds are rounded by less than this.
SLACK = 0.5
# Steps towards the best price; usually fewer than ten.
MAX_STEPS = 40
# Parts of the way from the bound to a loss within reach, at which the search for the optimum pauses.
PAUSES = (0.001, 0.01, 0.03, 0.1, 0.3, 1.0)


def best_networks(losses, costs, budget):
    """Choose the networks that minimise the sum over tasks of the least loss, within a budget.

    A choice is a partition of the tasks, with a network for every part. At a price per unit of cost, the best
    partitions of all sets of tasks follow from one another; the price at which the budget is just kept (Lagrangian
    relaxation) bounds what a choice can reach, so that few parts are left to combine in full.

    Parameters
    ----------
    losses : ndarray of shape (n_networks, n_tasks)
        inf where the network lacks the task. At most `MAX_TASKS` tasks, each in some network.
    costs : ndarray of shape (n_networks,)
        Not negative.
    budget : float
        Largest total cost, up to rounding.

    Returns
    -------
    list of int
        Networks, ascending. Among equal sums the cheapest choice, then the one of the first networks.

    Raises
    ------
    ValueError
        If no choice within the budget covers all tasks.

    Examples
    --------
    >>> losses = np.array([[1.0, np.inf], [np.inf, 1.0], [1.5, 1.2]])
    >>> best_networks(losses, np.ones(3), budget=2), best_networks(losses, np.ones(3), budget=1)
    ([0, 1], [2])
    """
    unit = _unit(costs)
    # Every network's cost is rounded by half a unit at most; more than one network a task is never of use.
    n_tasks = losses.shape[1]
    whole = min(budget / unit + n_tasks, n_tasks / UNIT)
    search = _Search(np.round(losses / _unit(losses[np.isfinite(losses)])), np.round(costs / unit), whole)
    if search.least_cost[-1] > search.budget:
        raise ValueError(
            f"budget={budget:g} does not cover all tasks: the cheapest networks that do cost "
            f"{search.least_cost[-1] * unit:g}. Raise the budget, or add cheaper networks."
        )
    return search.best()


def _unit(values):
    return UNIT * max(np.abs(values).max(), 1e-290)


class _Search:
    """A choice of networks whose losses and costs are whole numbers."""

    def __init__(self, losses, costs, budget):
        self.partitions = Partitions(losses, costs)
        self.loss, self.cost = self.partitions.loss, self.partitions.cost
        self.budget = budget
        self.least_cost, self.cheap = self.partitions.least(self.cost)

    def best(self):
        self.price, self.bound, reached = self.relax()
        least = min(self.bound[-1] - self.price * self.budget, reached)
        tie = self.partitions.full.bit_length()
        # Few options can be part of a choice close to the bound: look there first, and further only in vain.
        for way in PAUSES:
            limit = least + way * (reached - least) + SLACK
            choices = self.combine(limit + tie)
            if choices and choices[-1][1] <= limit:
                break
        cheapest = next(networks for _, loss, networks in choices if loss <= choices[-1][1] + tie)
        return sorted({int(n) for n in cheapest})

    def relax(self):
        """Return the price of cost with the tightest bound, the bounds of all sets there, and a loss within reach."""
        price, (bound, options) = 0.0, self.partitions.least(self.loss)
        kept, exceeded = self.totals(self.cheap), self.totals(options)
        for _ in range(MAX_STEPS):
            if exceeded[1] <= self.budget:
                return price, bound, exceeded[0]
            price = max(kept[0] - exceeded[0], 0.0) / (exceeded[1] - kept[1])
            bound, options = self.partitions.least(self.loss + price * self.cost)
            # No choice beats those on both sides of the budget: the price between them is the best one.
            if bound[-1] >= kept[0] + price * kept[1] - SLACK:
                break
            if self.totals(options)[1] <= self.budget:
                kept = self.totals(options)
            else:
                exceeded = self.totals(options)
        return price, bound, kept[0]

    def totals(self, options):
        return self.loss[options].sum(), self.cost[options].sum()

    def combine(self, limit):
        """Return the choices that cover all tasks with a loss within the limit, cheapest first.

        Choices grow by a part that holds the lowest task not covered yet; of each cover the best are kept.
        """
        everything = np.arange(len(self.loss))
        options = self.best_of_parts(everything[self.promising(0.0, 0.0, everything, 0, limit)])
        parts, full = self.partitions.part[options], self.partitions.full
        choices = {0: [(0.0, 0.0, ())]}
        for covered in range(full):
            lowest = ~covered & (covered + 1)
            fitting = options[(parts & -parts == lowest) & (parts & covered == 0)] if covered in choices else []
            for cost, loss, networks in self.undominated(choices.pop(covered, [])):
                for i in fitting[self.promising(cost, loss, fitting, covered, limit)]:
                    grown = (cost + self.cost[i], loss + self.loss[i], (*networks, self.partitions.network[i]))
                    choices.setdefault(int(covered | self.partitions.part[i]), []).append(grown)
        return self.undominated(choices.get(full, []))

    def promising(self, cost, loss, options, covered, limit):
        """Return which options may extend a choice to one within budget and limit."""
        rest = self.partitions.full ^ (covered | self.partitions.part[options])
        costs, losses = cost + self.cost[options], loss + self.loss[options]
        within = losses + self.price * (costs - self.budget) + self.bound[rest] <= limit
        return within & (costs + self.least_cost[rest] <= self.budget)

    def best_of_parts(self, options):
        """Return the options that no other one of the same part beats in cost and loss."""
        order = options[np.lexsort((self.loss[options], self.cost[options], self.partitions.part[options]))]
        part = np.unique(self.partitions.part[order], return_inverse=True)[1]
        # Every part lies below all those before it, so that the least so far is that of the part.
        level = np.unique(self.loss[order], return_inverse=True)[1] - len(order) * part
        before = np.concatenate([[np.inf], np.minimum.accumulate(level)[:-1]])
        return np.sort(order[level < before])

    def undominated(self, choices):
        """Return the choices that no other one beats in cost and loss, cheapest first."""
        kept = []
        for choice in sorted(choices):
            if not kept or choice[1] < kept[-1][1]:
                kept.append(choice)
        return kept
