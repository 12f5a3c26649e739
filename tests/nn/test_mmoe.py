import numpy as np
import pytest
import torch
from torch import nn

from skmtl.nn._mmoe import MMoE


def make_trunk():
    stem = [nn.Conv2d(2, 3, 3), nn.ReLU()]
    return nn.Sequential(*stem, nn.Conv2d(3, 4, 3), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 5))


def build(spec, n_tasks=3):
    torch.manual_seed(0)
    return spec.build(make_trunk, n_tasks, (2, 8, 6)).double()


def images(n=4):
    return torch.randn(n, 2, 8, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def mixture(network, x, t):
    """Equations 6-8 of the paper, image by image and expert by expert."""
    gates, rows = network.levels[0].task_gates, []
    for image in x:
        stem = network.stem(image[None])
        means = np.array([channel.mean().item() for channel in stem[0]])
        logits = gates.weight[t].detach().numpy() @ means + gates.bias[t].detach().numpy()
        weights = np.exp(logits) / np.exp(logits).sum()
        experts = [expert(stem)[0].detach().numpy() for expert in network.levels[0].experts]
        rows.append((weights, sum(w * e for w, e in zip(weights, experts, strict=True))))
    return rows


@pytest.mark.parametrize("shared_stages", [None, 0, 1, 2])
def test_features_are_the_equations_of_the_paper(shared_stages):
    network, x = build(MMoE(n_experts=3, shared_stages=shared_stages)), images()
    [(found, names)] = network.sharing_weights(x)
    assert names == ["expert 0", "expert 1", "expert 2"]
    for t, features in enumerate(network(x)):
        weights, expected = zip(*mixture(network, x, t), strict=True)
        np.testing.assert_allclose(features.detach(), np.stack(expected), rtol=1e-10)
        np.testing.assert_allclose(found[t].detach(), np.mean(weights, axis=0), rtol=1e-10)


def test_mixing_feature_maps():
    def maps():
        return nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Conv2d(3, 4, 3), nn.Tanh())

    network, x = MMoE(n_experts=2).build(maps, 2, (2, 8, 6)).double(), images()
    for t, features in enumerate(network(x)):
        assert features.shape == (4, 4, 4, 2)
        np.testing.assert_allclose(features.detach(), np.stack([m for _, m in mixture(network, x, t)]), rtol=1e-10)


def test_stem_is_one_stage_if_there_are_several():
    assert len(build(MMoE()).stem) == 1
    assert len(build(MMoE(shared_stages=2)).stem) == 2
    only = MMoE(2).build(lambda: nn.Sequential(nn.Flatten(), nn.Linear(96, 5)), 2, (2, 8, 6))
    assert len(only.stem) == 0
    # The gates read the mean of every channel of the images.
    assert only.levels[0].task_gates.weight.shape == (2, 2, 2)


@pytest.mark.parametrize("shared_stages", [None, 0, 2])
def test_one_expert_is_hard_sharing(shared_stages):
    network, trunk, x = build(MMoE(n_experts=1, shared_stages=shared_stages)), make_trunk().double(), images()
    for ours, theirs in zip(network.parameters(), trunk.parameters(), strict=True):
        theirs.data.copy_(ours)
    for features in network(x):
        assert torch.equal(features, trunk(x))
    [(weights, names)] = network.sharing_weights(x)
    assert (weights.tolist(), names) == ([[1.0]] * 3, ["expert 0"])


def test_equal_experts_are_hard_sharing_whatever_the_gates():
    network, x = build(MMoE(n_experts=3)), images()
    for expert in network.levels[0].experts[1:]:
        expert.load_state_dict(network.levels[0].experts[0].state_dict())
    for features in network(x):
        torch.testing.assert_close(features, network.levels[0].experts[0](network.stem(x)))


def test_a_gate_that_is_sure_picks_its_expert():
    network, x = build(MMoE(n_experts=3)), images()
    with torch.no_grad():
        network.levels[0].task_gates.bias.copy_(1e3 * torch.eye(3))
    for expert, features in zip(network.levels[0].experts, network(x), strict=True):
        torch.testing.assert_close(features, expert(network.stem(x)))


@pytest.mark.parametrize(("n_experts", "n_tasks"), [(1, 3), (2, 1), (4, 3)])
def test_number_of_weights_is_the_documented_one(n_experts, n_tasks):
    network = build(MMoE(n_experts), n_tasks)
    stem, rest = 2 * 9 * 3 + 3, 3 * 9 * 4 + 4 + 8 * 5 + 5
    gates = n_tasks * n_experts * (3 + 1) if n_experts > 1 else 0
    assert sum(p.numel() for p in network.parameters()) == stem + n_experts * rest + gates
