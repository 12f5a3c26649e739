"""Networks to train within a budget, from measured or predicted losses."""

from collections.abc import Mapping
from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval, validate_params

from ._cover import best_networks
from ._cover_many import best_networks_of_many
from ._grouping import AUTO_TASKS
from ._grouping_result import TaskGrouping
from ._network_losses import predict_networks, read_losses, read_network

__all__ = ["select_networks"]


@validate_params(
    {
        "losses": "no_validation",
        "budget": [Interval(Real, 0, None, closed="right")],
        "costs": [None, callable, Mapping],
        "higher_order": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def select_networks(losses, budget, *, costs=None, higher_order=True):
    """Choose the networks that serve all tasks with the least loss, within a budget.

    Every task is served by the network in which its loss is least. The networks cost at most `budget` together and
    minimise the sum over tasks of these losses. A network can hold a task only because it helps the others.

    Parameters
    ----------
    losses : TaskAffinity, mapping or DataFrame of shape (n_networks, n_tasks)
        Held-out losses of trained networks, less is better. A mapping from a network (a tuple of task names; the bare
        name for one task) to its tasks' losses: a mapping, Series or sequence in the order of the tuple. A data frame
        has networks as index and tasks as columns, with NaN for tasks that are not in the network. The result of
        ``task_affinity(method="transfer")`` has the losses of all single tasks and pairs.
    budget : float
        Largest total cost, in the units of `costs`; sums are compared up to rounding.
    costs : mapping or callable, default=None
        Cost of every network, 0 or more: network -> cost, or a function of the tuple of its task names, in the order
        of the tasks. None: 1 each, so that `budget` is a number of networks.
    higher_order : bool, default=True
        Whether to predict the networks of three tasks or more that `losses` lacks: per task the mean of its losses in
        the pair networks inside the group, where they are all known. For up to 12 tasks.

    Returns
    -------
    TaskGrouping
        With the sum of the losses as `score`: less is better.

    Raises
    ------
    ValueError
        If losses or costs are missing, not finite or contradict each other, if the networks within the budget do not
        cover all tasks, or if there are more than 12 tasks with ``higher_order=True``.

    See Also
    --------
    select_task_groups : Groups from task affinities.
    task_affinity : With ``method="transfer"`` trains the pairs.

    Notes
    -----
    Exact: dynamic programming over subsets of the tasks with bounds from a Lagrangian relaxation of the budget; beyond
    12 tasks a mixed-integer programme (:func:`scipy.optimize.milp`) over the given networks, exact to its tolerance
    of 1e-6. Among choices of equal loss the cheapest is taken up to 12 tasks.

    References
    ----------
    Standley et al. (2020), Which Tasks Should Be Learned Together in Multi-task Learning?, ICML: the budgeted choice
    of networks and the higher-order approximation.

    Examples
    --------
    >>> from skmtl.model_selection import select_networks
    >>> losses = {
    ...     "digit": 0.40, "odd": 0.20, "font": 0.70,
    ...     ("digit", "odd"): [0.35, 0.15], ("digit", "font"): [0.50, 0.65], ("odd", "font"): [0.30, 0.60],
    ... }
    >>> best = select_networks(losses, budget=2)
    >>> best.groups, round(best.score, 2)
    ([('digit', 'odd'), ('odd', 'font')], 1.1)
    >>> best.assignment["odd"]
    ('digit', 'odd')
    >>> select_networks(losses, budget=1).groups
    [('digit', 'odd', 'font')]
    """
    names, table = read_losses(losses)
    if higher_order and len(names) <= AUTO_TASKS:
        table.update(predict_networks(table, len(names)))
    elif higher_order and any(len(group) == 2 for group in table):
        raise ValueError(
            f"higher_order=True is for up to {AUTO_TASKS} tasks, since it predicts all groups of them. Got "
            f"{len(names)}: set higher_order=False, and add the networks of three tasks or more that you consider."
        )
    networks = sorted(table, key=lambda group: (len(group), group))
    prices = _read_costs(costs, networks, names)
    values = np.array([table[group] for group in networks])
    alone = [name for name, has in zip(names, np.isfinite(values).any(axis=0), strict=True) if not has]
    if alone:
        raise ValueError(f"no network has the task {alone[0]!r}: add one, or leave out the task.")
    choose = best_networks if len(names) <= AUTO_TASKS else best_networks_of_many
    kept = choose(values, prices, budget)
    return TaskGrouping.from_losses(names, [networks[n] for n in kept], values[kept], prices[kept], exact=True)


def _read_costs(costs, networks, task_names):
    """Return the cost of every network."""
    if costs is None:
        return np.ones(len(networks))
    groups = [tuple(task_names[t] for t in network) for network in networks]
    if isinstance(costs, Mapping):
        given = {read_network(group, task_names): cost for group, cost in costs.items()}
        lacking = [group for group, network in zip(groups, networks, strict=True) if network not in given]
        if lacking:
            raise ValueError(
                f"costs has none for the network {lacking[0]!r} ({len(lacking)} such). Add them, pass a function of "
                "the group, or set higher_order=False to leave out networks that losses does not have."
            )
        found = [given[network] for network in networks]
    else:
        found = [costs(group) for group in groups]
    for group, cost in zip(groups, found, strict=True):
        if not isinstance(cost, Real) or not np.isfinite(cost) or cost < 0:
            raise ValueError(f"costs must be finite numbers >= 0. Got {cost!r} for the network {group!r} instead.")
    return np.array(found, dtype=np.float64)
