import copy
import pickle

import pytest
import torch
from torch import nn

from skmtl.nn import IndependentNetworks


def make_trunk():
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 5)).double()


def built(n_tasks=3):
    torch.manual_seed(0)
    return IndependentNetworks().build(make_trunk, n_tasks, (1, 6, 6))


def numbers(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("n_tasks", [1, 2, 10])
def test_networks_are_those_trained_apart(n_tasks):
    networks, x = built(n_tasks), numbers(4, 1, 6, 6)
    torch.manual_seed(0)
    apart = [make_trunk() for _ in range(n_tasks)]
    features = networks(x)
    assert networks.n_tasks == len(features) == n_tasks
    for trunk, own in zip(apart, features, strict=True):
        torch.testing.assert_close(own, trunk(x), rtol=0, atol=0)


def test_networks_differ():
    first, second, _ = built()(numbers(4, 1, 6, 6))
    assert (first - second).abs().max() > 0.1


def test_a_loss_moves_its_own_network_only():
    networks = built()
    networks(numbers(4, 1, 6, 6))[1].square().sum().backward()
    moved = [[p.grad is not None and p.grad.abs().sum() > 0 for p in t.parameters()] for t in networks.towers]
    assert [any(m) for m in moved] == [False, True, False]


def test_inputs_per_task_are_seen_by_their_own_network_only():
    networks, images = built(), numbers(4, 2, 1, 6, 6)
    apart = copy.deepcopy(networks)
    features = networks.of_inputs(images, [1, 0, 1])
    for t, i in enumerate([1, 0, 1]):
        torch.testing.assert_close(features[t], apart.towers[t](images[:, i]), rtol=0, atol=0)
        torch.testing.assert_close(networks.towers[t][1].running_mean, apart.towers[t][1].running_mean, rtol=0, atol=0)


def test_one_input_per_task():
    with pytest.raises(ValueError, match="shorter"):
        built().of_inputs(numbers(4, 2, 1, 6, 6), [0, 1])


def test_nothing_decides_what_is_shared():
    assert built().sharing_weights(numbers(4, 1, 6, 6)) == []


def test_parameters_are_n_tasks_times_the_trunk():
    def count(module):
        return sum(p.numel() for p in module.parameters())

    assert count(built(3)) == 3 * count(make_trunk())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_compute_the_same(copied):
    networks, x = built().eval(), numbers(4, 1, 6, 6)
    for one, other in zip(networks(x), copied(networks)(x), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
