import numpy as np
import pytest

from skmtl.model_selection._cover import best_networks
from skmtl.model_selection._cover_many import best_networks_of_many
from skmtl.model_selection._partitions import Partitions


def networks(seed, n_tasks):
    rng = np.random.default_rng(seed)
    members = (np.arange(1, 2**n_tasks)[:, None] >> np.arange(n_tasks)) & 1
    losses = np.where(members, rng.normal(1, 0.3, members.shape), np.inf)
    return losses, rng.uniform(0.5, 1, len(members)) * members.sum(axis=1) ** 0.5


@pytest.mark.parametrize("seed", range(12))
def test_both_solvers_agree(seed):
    losses, costs = networks(seed, 6)
    budget = 2.5 + 0.5 * (seed % 4)
    ours, solver = (choose(losses, costs, budget) for choose in (best_networks, best_networks_of_many))
    assert costs[ours].sum() <= budget
    np.testing.assert_allclose(losses[ours].min(axis=0).sum(), losses[solver].min(axis=0).sum(), atol=1e-5)


@pytest.mark.parametrize("scale", [1e-200, 1e-6, 1e6, 1e200])
def test_scale_does_not_matter(scale):
    losses, costs = networks(0, 5)
    assert best_networks(losses * scale, costs, 3.0) == best_networks(losses, costs, 3.0)
    assert best_networks(losses, costs * scale, 3.0 * scale) == best_networks(losses, costs, 3.0)


def test_losses_may_be_negative_or_zero():
    losses, costs = networks(1, 4)
    shifted = best_networks(losses - 5, costs, 3.0)
    assert shifted == best_networks(losses, costs, 3.0)
    assert best_networks(np.where(np.isfinite(losses), 0.0, np.inf), costs, 9.0) != []


def test_partitions_of_two_tasks():
    # Alone 1 and 2, together 2.5 at once; a part served by the joint network alone costs as much.
    losses = np.array([[1.0, np.inf], [np.inf, 2.0], [1.5, 1.0]])
    partitions = Partitions(losses, np.array([1.0, 1.0, 1.2]))
    assert partitions.part.tolist() == [1, 1, 2, 2, 3]
    assert partitions.network.tolist() == [0, 2, 1, 2, 2]
    least, options = partitions.least(partitions.loss)
    assert least.tolist() == [0, 1, 1, 2]
    assert partitions.network[options].tolist() == [0, 2]
    least, options = partitions.least(partitions.cost)
    assert least.tolist() == [0, 1, 1, 1.2]
    assert partitions.network[options].tolist() == [2]
