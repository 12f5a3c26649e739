import numpy as np
import pytest
import torch

from skmtl.nn import (
    ConvTrunk,
    HardSharing,
    IndependentNetworks,
    InputStage,
    LinearHead,
    MLPHead,
    MultiTaskLoss,
    build_module,
)

N_CLASSES = [2, 4, 3]
CLASSES = [np.arange(k) for k in N_CLASSES]

LINEAR = [LinearHead(), LinearHead(), LinearHead()]


def network(specs=LINEAR, shape=(2, 6, 5), stage=None, sharing=None, set_of=None, **trunk):
    torch.manual_seed(0)
    stage = InputStage(1 / 255, [0.25, 0.5], [0.5, 2.0]) if stage is None else stage
    trunk = ConvTrunk(**{"channels": (2, 3), "hidden": (5,), **trunk})
    return build_module(trunk, sharing or HardSharing(), specs, stage, shape, CLASSES, torch.float64, set_of)


def pixels(n=3, shape=(2, 6, 5)):
    return np.random.default_rng(0).integers(256, size=(n, *shape), dtype=np.uint8)


def test_whole_network_is_the_formulas(formulas):
    module = network((LinearHead(), MLPHead(hidden=(4,)), LinearHead()))
    x = pixels()
    p = {k: v.detach().numpy() for k, v in module.state_dict().items()}
    out = (x / 255.0 - np.array([0.25, 0.5])[:, None, None]) / np.array([0.5, 2.0])[:, None, None]
    for layer in (0, 3):
        out = formulas.conv(out, p[f"trunk.{layer}.weight"], p[f"trunk.{layer}.bias"], "same")
        out = formulas.pool(formulas.relu(out))
    out = out.reshape(len(x), -1)
    features = formulas.relu(formulas.dense(out, p["trunk.7.weight"], p["trunk.7.bias"]))
    linear = formulas.dense(features, p["heads.linear.weight"], p["heads.linear.bias"])
    hidden = formulas.relu(formulas.dense(features, p["heads.others.0.0.weight"], p["heads.others.0.0.bias"]))
    mlp = formulas.dense(hidden, p["heads.others.0.2.weight"], p["heads.others.0.2.bias"])
    expected = [formulas.softmax(z) for z in (linear[:, :2], mlp, linear[:, 2:])]
    module.eval()
    with torch.no_grad():
        got = [torch.softmax(z, 1).numpy() for z in module(torch.from_numpy(x)).split(N_CLASSES, 1)]
        np.testing.assert_allclose(module.features(torch.from_numpy(x)).numpy(), features, rtol=1e-10, atol=1e-12)
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_allclose(g, e, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(g.sum(1), 1, rtol=1e-12)


@pytest.mark.parametrize("specs", [[LinearHead()] * 3, [MLPHead((16,)), LinearHead(), MLPHead((16,))]])
def test_every_task_teaches_the_whole_trunk_and_its_own_head_only(specs):
    module = network(specs, hidden=(32,))
    codes = torch.tensor([[0, 3, 2], [1, 0, 0], [1, 2, 1]])
    own = [t for t, s in enumerate(specs) if not isinstance(s, LinearHead)]
    for t in range(3):
        module.zero_grad()
        MultiTaskLoss(N_CLASSES)(module(torch.from_numpy(pixels())), codes, torch.ones(3, 3).double())[t].backward()
        for name, parameter in module.trunk.named_parameters():
            assert parameter.grad.abs().sum() > 0, name
        rows = [u for u in range(3) if u not in own for _ in range(N_CLASSES[u])]
        touched = module.heads.linear.weight.grad.abs().sum(1) > 0
        assert touched.tolist() == [u == t for u in rows]
        for u, head in zip(own, module.heads.others, strict=True):
            assert [p.grad is not None and bool(p.grad.any()) for p in head.parameters()] == [u == t] * 4


def test_there_is_one_trunk_however_many_tasks():
    names = {k.split(".")[0] for k, _ in network().named_parameters()}
    assert names == {"trunk", "heads"}
    assert sum(p.numel() for p in network().trunk.parameters()) == (2 * 2 * 9 + 2) + (3 * 2 * 9 + 3) + (3 * 5 + 5)


def test_standardisation_travels_with_the_weights_and_augment_does_not():
    stage = InputStage(0.5, [1.0, 2.0], [2.0, 4.0])
    stage.set_augment(torch.nn.Identity())
    module = network(stage=stage)
    state = module.state_dict()
    assert state["inputs.mean"].flatten().tolist() == [1, 2]
    assert state["inputs.std"].flatten().tolist() == [2, 4]
    assert state["inputs.scale"].item() == 0.5
    assert not [k for k in state if "augment" in k]
    assert not list(stage.parameters())
    fresh = network()
    fresh.load_state_dict(state)
    x = torch.from_numpy(pixels())
    assert torch.equal(fresh.eval()(x), module.eval()(x))


def test_same_seed_same_network():
    assert all(torch.equal(a, b) for a, b in zip(network().parameters(), network().parameters(), strict=True))


def test_feature_maps_of_any_shape_are_flattened():
    trunk, stage = torch.nn.Conv2d(1, 3, 2), InputStage(1, [0.0], [1.0])
    module = build_module(trunk, HardSharing(), [LinearHead()], stage, (1, 4, 5), [np.arange(2)], torch.float32)
    assert module.features(torch.zeros(2, 1, 4, 5)).shape == (2, 3 * 3 * 4)
    assert module(torch.zeros(2, 1, 4, 5)).shape == (2, 2)


@pytest.mark.parametrize("reduced", [torch.bfloat16, torch.float16])
def test_heads_keep_their_precision_in_autocast(reduced):
    module = network([LinearHead(), MLPHead((4,)), LinearHead()]).float().eval()
    x = torch.from_numpy(pixels())
    with torch.no_grad():
        exact = module(x)
        with torch.autocast("cpu", reduced):
            features, logits = module.features(x), module(x)
        assert features.dtype == reduced
        assert logits.dtype == module.heads.dtype == torch.float32
        assert torch.equal(logits, module.heads(features.float()))
    torch.testing.assert_close(logits, exact, rtol=0.1, atol=0.1)
    assert not torch.equal(logits, exact)


def test_gradients_pass_the_reduced_trunk_in_the_parameters_precision():
    module = network().float()
    with torch.autocast("cpu", torch.bfloat16):
        logits = module(torch.from_numpy(pixels()))
    MultiTaskLoss(N_CLASSES)(logits, torch.ones(3, 3, dtype=torch.int64), None).sum().backward()
    assert all(p.grad.dtype == torch.float32 and p.grad.any() for p in module.parameters())


@pytest.mark.parametrize("sharing", [HardSharing(), IndependentNetworks()])
def test_every_task_reads_its_own_input(sharing):
    stage = InputStage(1 / 255, [[0.25, 0.5], [0.75, 0.1]], [[0.5, 2.0], [1.0, 3.0]])
    module = network(stage=stage, sharing=sharing, set_of=(0, 1, 0), hidden=(32,)).eval()
    first, second = (torch.from_numpy(pixels(n)) for n in (4, 4))
    second = second.flip(0)
    both = torch.stack([first, second], 1)
    with torch.no_grad():
        got = module(both, (0, 1, 0)).split(N_CLASSES, 1)
        # A set of its own for each of two inputs of the same images is one input of these.
        apart = [module(torch.stack([x, x], 1), (0, 1, 0)).split(N_CLASSES, 1) for x in (first, second)]
    for t, i in enumerate((0, 1, 0)):
        torch.testing.assert_close(got[t], apart[i][t], rtol=1e-12, atol=1e-12)
    assert not torch.allclose(got[1], apart[0][1])


def test_a_network_with_nothing_to_train_is_refused():
    frozen = torch.nn.Flatten()

    class Frozen:
        def build(self, n_features, n_classes):
            return torch.nn.Linear(n_features, n_classes).requires_grad_(False)

    stage = InputStage(1, [0.0], [1.0])
    with pytest.raises(ValueError, match="trunk and head have no parameter to train"):
        build_module(frozen, HardSharing(), [Frozen()], stage, (1, 4, 5), [np.arange(2)], torch.float32)
