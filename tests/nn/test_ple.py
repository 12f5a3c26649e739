import numpy as np
import pytest
import torch
from torch import nn

from skmtl.nn._cgc import CGC
from skmtl.nn._ple import PLE


def make_trunk():
    stages = [nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Conv2d(3, 4, 3), nn.Tanh(), nn.MaxPool2d(2)]
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 6))


def build(spec, n_tasks=3, seed=0):
    torch.manual_seed(seed)
    return spec.build(make_trunk, n_tasks, (2, 8, 6)).double()


def images(n=4):
    return torch.randn(n, 2, 8, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def gate(gates, g, x):
    means = x.flatten(2).mean(2) if x.ndim > 2 else x
    return torch.softmax(means @ gates.weight[g].T + gates.bias[g], dim=1)


def mix(weights, outputs):
    return sum(w.view(-1, *[1] * (o.ndim - 1)) * o for w, o in zip(weights.unbind(1), outputs, strict=True))


def extract(network, x, n_tasks, n_shared, n_specific):
    """Return the features of every task by section 4.2 of the paper, level by level and gate by gate."""
    shared = network.stem(x)
    tasks, weights = [shared] * n_tasks, []
    for number, level in enumerate(network.levels):
        common = [level.experts[k](shared) for k in range(n_shared)]
        own = [
            [level.experts[n_shared + t * n_specific + k](tasks[t]) for k in range(n_specific)] for t in range(n_tasks)
        ]
        weights.append([gate(level.task_gates, t, tasks[t]) for t in range(n_tasks)])
        tasks = [mix(weights[-1][t], [*common, *own[t]]) for t in range(n_tasks)]
        if n_shared and number < len(network.levels) - 1:
            shared = mix(gate(level.shared_gate, 0, shared), [*common, *(e for experts in own for e in experts)])
    return tasks, weights


@pytest.mark.parametrize("params", [{}, {"n_levels": 3}, {"n_levels": 4, "shared_stages": 0}, {"shared_stages": 0}])
@pytest.mark.parametrize(("n_shared", "n_specific"), [(1, 1), (2, 1), (1, 2), (0, 2), (3, 0)])
def test_features_are_the_equations_of_the_paper(n_shared, n_specific, params):
    network, x = build(PLE(n_shared=n_shared, n_specific=n_specific, **params)), images()
    expected, weights = extract(network, x, 3, n_shared, n_specific)
    for features, reference in zip(network(x), expected, strict=True):
        torch.testing.assert_close(features, reference)
    for (found, _), gates in zip(network.sharing_weights(x), weights, strict=True):
        for t, row in enumerate(found):
            torch.testing.assert_close(row[row > 0], gates[t].mean(0))


def test_stages_are_divided_evenly():
    def lengths(**params):
        network = build(PLE(**params))
        return len(network.stem), [len(level.experts[0]) for level in network.levels]

    assert lengths() == (1, [2, 1])
    assert lengths(n_levels=3) == (1, [1, 1, 1])
    # No stem where that would leave too few stages.
    assert lengths(n_levels=4) == (0, [1, 1, 1, 1])
    assert lengths(n_levels=3, shared_stages=0) == (0, [2, 1, 1])
    assert lengths(n_levels=1, shared_stages=3) == (3, [1])


def test_sources_are_named_at_every_level():
    names = ["shared 0", "{0} 0", "{0} 1", "{1} 0", "{1} 1"]
    places = build(PLE(n_specific=2), n_tasks=2).sharing_weights(images())
    assert [entry[1] for entry in places] == [names, names]


def test_only_a_level_above_needs_a_shared_mixture():
    network = build(PLE(n_levels=3))
    assert [level.shared_gate is not None for level in network.levels] == [True, True, False]


def test_own_experts_of_the_first_level_reach_other_tasks_through_the_shared_ones():
    network = build(PLE())
    network(images())[1].square().sum().backward()
    for level, expected in zip(network.levels, [[True] * 4, [True, False, True, False]], strict=True):
        reached = [any(p.grad.abs().sum() > 0 for p in expert.parameters()) for expert in level.experts]
        assert reached == expected


@pytest.mark.parametrize("shared_stages", [None, 0, 2])
def test_one_level_is_cgc(shared_stages):
    counts = {"n_shared": 2, "n_specific": 2, "shared_stages": shared_stages}
    ple, cgc = build(PLE(n_levels=1, **counts)), build(CGC(**counts), seed=1)
    cgc.load_state_dict(ple.state_dict())
    assert type(ple) is type(cgc)
    for ours, theirs in zip(ple(images()), cgc(images()), strict=True):
        assert torch.equal(ours, theirs)


def in_order(network, expert):
    """Return the weights of the stem and of one expert of all levels, in the order of the trunk's layers."""
    return [*network.stem.parameters(), *(p for level in network.levels for p in level.experts[expert].parameters())]


@pytest.mark.parametrize("n_levels", [1, 2, 3])
@pytest.mark.parametrize("shared_stages", [None, 0])
def test_one_shared_expert_is_hard_sharing(n_levels, shared_stages):
    network, trunk = build(PLE(n_levels, n_shared=1, n_specific=0, shared_stages=shared_stages)), make_trunk().double()
    for ours, theirs in zip(in_order(network, 0), trunk.parameters(), strict=True):
        theirs.data.copy_(ours)
    for features in network(images()):
        assert torch.equal(features, trunk(images()))
    assert len(list(network.parameters())) == len(list(trunk.parameters()))


@pytest.mark.parametrize("n_levels", [1, 2, 4])
def test_one_specific_expert_is_independent_networks(n_levels):
    network = build(PLE(n_levels, n_shared=0, n_specific=1, shared_stages=0))
    for t, features in enumerate(network(images())):
        trunk = make_trunk().double()
        for ours, theirs in zip(in_order(network, t), trunk.parameters(), strict=True):
            theirs.data.copy_(ours)
        assert torch.equal(features, trunk(images()))
    assert len(list(network.parameters())) == 3 * len(list(trunk.parameters()))
    for weights, _ in network.sharing_weights(images()):
        assert weights.tolist() == np.eye(3).tolist()


@pytest.mark.parametrize(("n_shared", "n_specific", "n_tasks"), [(1, 1, 3), (2, 3, 2), (1, 1, 1)])
def test_number_of_weights_is_the_documented_one(n_shared, n_specific, n_tasks):
    network = build(PLE(2, n_shared, n_specific), n_tasks)
    stem, rest, n_experts = 2 * 9 * 3 + 3, 3 * 9 * 4 + 4 + 8 * 5 + 5 + 5 * 6 + 6, n_shared + n_tasks * n_specific
    # The first level reads 3 channels and has a shared gate, the second reads the 5 of the first linear layer.
    gates = n_tasks * (n_shared + n_specific) * (3 + 1 + 5 + 1) + n_experts * (3 + 1)
    assert sum(p.numel() for p in network.parameters()) == stem + n_experts * rest + gates
