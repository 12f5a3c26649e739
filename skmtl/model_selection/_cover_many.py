"""The networks that serve many tasks best within a budget, by mixed-integer programming."""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

__all__ = ["best_networks_of_many"]


def best_networks_of_many(losses, costs, budget):
    """Choose networks as `best_networks` does, for any number of tasks and fewer networks.

    A variable says of every network whether it is chosen, and one of every task of it whether it serves that task
    (facility location with a budget).

    Parameters
    ----------
    losses : ndarray of shape (n_networks, n_tasks)
        inf where the network lacks the task.
    costs : ndarray of shape (n_networks,)
        Not negative.
    budget : float
        Largest total cost.

    Returns
    -------
    list of int
        Networks, ascending.

    Raises
    ------
    ValueError
        If no choice within the budget covers all tasks.

    Examples
    --------
    >>> losses = np.array([[1.0, np.inf], [np.inf, 1.0], [1.5, 1.2]])
    >>> best_networks_of_many(losses, np.ones(3), budget=2), best_networks_of_many(losses, np.ones(3), budget=1)
    ([0, 1], [2])
    """
    network, task = np.nonzero(np.isfinite(losses))
    n_networks, n_pairs = len(losses), len(network)
    pairs, column = np.arange(n_pairs), n_networks + np.arange(n_pairs)
    shape = (n_pairs, n_networks + n_pairs)
    served = csr_array((np.ones(n_pairs), (task, column)), shape=(losses.shape[1], shape[1]))
    ones = np.ones(n_pairs)
    unchosen = csr_array((np.r_[ones, -ones], (np.r_[pairs, pairs], np.r_[column, network])), shape=shape)
    spent = csr_array(np.r_[costs, np.zeros(n_pairs)][None])
    # In units of their largest, so that the solver's absolute tolerances mean the same for any losses and costs.
    values, unit = losses[network, task], max(costs.max(), 1e-290)
    found = milp(
        np.r_[np.zeros(n_networks), values / max(np.abs(values).max(), 1e-290)],
        integrality=np.r_[np.ones(n_networks), np.zeros(n_pairs)],
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(served, 1, 1),
            LinearConstraint(unchosen, -np.inf, 0),
            LinearConstraint(spent / unit, -np.inf, budget / unit),
        ],
        options={"mip_rel_gap": 0},
    )
    if found.x is None:
        raise ValueError(
            f"budget={budget:g} does not cover all tasks with the networks given ({found.message.strip()}). Raise the "
            "budget, or add cheaper networks."
        )
    return np.flatnonzero(found.x[:n_networks] > 0.5).tolist()
