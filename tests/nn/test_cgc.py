import numpy as np
import pytest
import torch
from torch import nn

from skmtl.nn._cgc import CGC
from skmtl.nn._mmoe import MMoE


def make_trunk():
    stem = [nn.Conv2d(2, 3, 3), nn.ReLU()]
    return nn.Sequential(*stem, nn.Conv2d(3, 4, 3), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 5))


def build(spec, n_tasks=3, seed=0):
    torch.manual_seed(seed)
    return spec.build(make_trunk, n_tasks, (2, 8, 6)).double()


def images(n=4):
    return torch.randn(n, 2, 8, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("shared_stages", [None, 0, 2])
@pytest.mark.parametrize(("n_shared", "n_specific"), [(1, 1), (2, 1), (1, 2), (0, 2), (3, 0)])
def test_features_are_the_equations_of_the_paper(n_shared, n_specific, shared_stages):
    network, x = build(CGC(n_shared, n_specific, shared_stages)), images()
    level, stem = network.levels[0], network.stem(x)
    means = stem.mean((2, 3)).detach().numpy()
    outputs = [expert(stem).detach().numpy() for expert in level.experts]
    [(found, _)] = network.sharing_weights(x)
    for t, features in enumerate(network(x)):
        chosen = [*range(n_shared), *(n_shared + t * n_specific + k for k in range(n_specific))]
        weights = np.exp(
            means @ level.task_gates.weight[t].detach().numpy().T + level.task_gates.bias[t].detach().numpy()
        )
        weights /= weights.sum(1, keepdims=True)
        expected = sum(weights[:, [i]] * outputs[k] for i, k in enumerate(chosen))
        np.testing.assert_allclose(features.detach(), expected, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(found[t, chosen].detach(), weights.mean(0), rtol=1e-10)


def test_sources_are_named():
    [(weights, names)] = build(CGC(n_shared=2, n_specific=2), n_tasks=2).sharing_weights(images())
    assert names == ["shared 0", "shared 1", "{0} 0", "{0} 1", "{1} 0", "{1} 1"]
    assert (weights == 0).tolist() == [[False] * 4 + [True] * 2, [False] * 2 + [True] * 2 + [False] * 2]
    assert [name.format("digit", "colour") for name in names][2] == "digit 0"


def test_a_task_does_not_reach_experts_of_others():
    network = build(CGC())
    network(images())[1].square().sum().backward()
    reached = [any(p.grad.abs().sum() > 0 for p in expert.parameters()) for expert in network.levels[0].experts]
    assert reached == [True, False, True, False]


def test_without_specific_experts_it_is_mmoe():
    cgc, mmoe = build(CGC(n_shared=3, n_specific=0)), build(MMoE(n_experts=3), seed=1)
    mmoe.load_state_dict(cgc.state_dict())
    for ours, theirs in zip(cgc(images()), mmoe(images()), strict=True):
        assert torch.equal(ours, theirs)
    assert torch.equal(cgc.sharing_weights(images())[0][0], mmoe.sharing_weights(images())[0][0])


@pytest.mark.parametrize("shared_stages", [None, 0])
def test_one_shared_expert_is_hard_sharing(shared_stages):
    network, trunk = build(CGC(1, 0, shared_stages)), make_trunk().double()
    for ours, theirs in zip(network.parameters(), trunk.parameters(), strict=True):
        theirs.data.copy_(ours)
    for features in network(images()):
        assert torch.equal(features, trunk(images()))


def test_one_specific_expert_is_independent_networks():
    network = build(CGC(0, 1, shared_stages=0))
    for t, features in enumerate(network(images())):
        trunk = make_trunk().double()
        for ours, theirs in zip(network.levels[0].experts[t].parameters(), trunk.parameters(), strict=True):
            theirs.data.copy_(ours)
        assert torch.equal(features, trunk(images()))
    # Nothing else in it.
    assert sum(p.numel() for p in network.parameters()) == 3 * sum(p.numel() for p in trunk.parameters())
    assert network.sharing_weights(images())[0][0].tolist() == np.eye(3).tolist()


@pytest.mark.parametrize(("n_shared", "n_specific", "n_tasks"), [(1, 1, 3), (2, 3, 2), (1, 1, 1)])
def test_number_of_weights_is_the_documented_one(n_shared, n_specific, n_tasks):
    network = build(CGC(n_shared, n_specific), n_tasks)
    stem, rest = 2 * 9 * 3 + 3, 3 * 9 * 4 + 4 + 8 * 5 + 5
    gates = n_tasks * (n_shared + n_specific) * (3 + 1)
    assert sum(p.numel() for p in network.parameters()) == stem + (n_shared + n_tasks * n_specific) * rest + gates
