import copy
import pickle

import pytest
import torch
from sklearn.base import clone
from torch import nn

from skmtl.nn import ConvTrunk, PretrainedTrunk, is_own_module
from skmtl.nn._custom_trunk import build_trunk

SHAPE = (1, 8, 8)


class Backbone(nn.Module):
    """Two convolutions with batch normalisation and dropout, and a parameter of its own."""

    def __init__(self, in_channels=1):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(in_channels, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5))
        self.second = nn.Sequential(nn.Conv2d(4, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5))
        self.gain = nn.Parameter(torch.tensor(2.0))

    def forward(self, x):
        return self.gain * self.second(self.first(x))


class Several(Backbone):
    def __init__(self, wrap):
        super().__init__()
        self.wrap = wrap

    def forward(self, x):
        maps = super().forward(x)
        return self.wrap(maps, maps.mean((2, 3)))


def as_tuple(maps, pooled):
    return maps, pooled


def as_dict(maps, pooled):
    return {"maps": maps, "pooled": pooled}


def backbone():
    torch.manual_seed(0)
    return Backbone()


def steps(module, n=3):
    """Train for a few steps on noise."""
    optimizer = torch.optim.SGD([p for p in module.parameters() if p.requires_grad], lr=0.1, weight_decay=0.1)
    for _ in range(n):
        optimizer.zero_grad()
        module.train()(torch.randn(6, *SHAPE)).square().mean().backward()
        optimizer.step()


def test_nothing_is_frozen_by_default():
    given = backbone()
    built = PretrainedTrunk(given).build(SHAPE)
    assert built.module is not given
    assert all(p.requires_grad for p in built.parameters())
    assert built.parameter_options() == {}
    assert all(m.training for m in built.train().modules())
    x = torch.randn(2, *SHAPE)
    assert torch.equal(built.eval()(x), given.eval()(x))


@pytest.mark.parametrize("probed", [False, True])
def test_what_is_frozen_stays_as_it_is_and_the_rest_is_trained(probed):
    given = backbone()
    spec = PretrainedTrunk(given, freeze=1)
    built = build_trunk(spec, SHAPE)[0] if probed else spec.build(SHAPE)
    before = copy.deepcopy(built.state_dict())
    steps(built)
    changed = {k.split(".")[1] for k, v in built.state_dict().items() if not torch.equal(v, before[k])}
    assert changed == {"second", "gain"}
    same = [k for k in before if k.startswith("module.first")]
    # Weights and running statistics of the frozen child; those of the other move on.
    assert len(same) == 2 + 5
    assert all(torch.equal(built.state_dict()[k], before[k]) for k in same)
    assert built.state_dict()["module.second.1.num_batches_tracked"] == 3
    assert all(p.requires_grad for p in given.parameters())


def test_frozen_parts_stay_in_evaluation_mode():
    built = PretrainedTrunk(backbone(), freeze=1).build(SHAPE)
    for parent in (built, nn.Sequential(built)):
        parent.train()
        assert built.training
        assert built.module.second[2].training
        assert not any(m.training for m in built.module.first.modules())
        parent.eval()
        assert not any(m.training for m in built.modules())
    # No dropout: twice the same.
    built.train()
    x = torch.randn(2, *SHAPE)
    assert torch.equal(built.module.first(x), built.module.first(x))


def test_all_frozen():
    built = PretrainedTrunk(backbone(), freeze="all").build(SHAPE).train()
    assert not any(p.requires_grad for p in built.parameters())
    assert not any(m.training for m in built.module.modules())
    x = torch.randn(2, *SHAPE)
    assert torch.equal(built(x), built(x))
    assert not built(x).requires_grad


@pytest.mark.parametrize(
    ("freeze", "names"),
    [
        (None, {"first.0", "first.1", "second.0", "second.1", "gain"}),
        (0, {"first.0", "first.1", "second.0", "second.1", "gain"}),
        (1, {"second.0", "second.1", "gain"}),
        (2, {"gain"}),
    ],
)
def test_learning_rates_of_what_is_trained(freeze, names):
    built = PretrainedTrunk(backbone(), freeze=freeze, lr_factor=0.1).build(SHAPE)
    options = built.parameter_options()
    known = dict(built.named_parameters())
    assert set(options) == {k for k in known if any(k.startswith(f"module.{name}") for name in names)}
    assert all(option == {"lr_factor": 0.1} for option in options.values())


def test_parameters_frozen_by_the_user_stay_frozen():
    given = backbone()
    given.second.requires_grad_(False)
    built = PretrainedTrunk(given, lr_factor=0.5).build(SHAPE)
    assert not any("second" in name for name in built.parameter_options())
    assert built.parameter_options()


@pytest.mark.parametrize("module", [Backbone, lambda in_channels: Backbone(in_channels)])
def test_classes_and_factories(module):
    built, n_features = build_trunk(PretrainedTrunk(module, freeze=1), (3, 8, 8))
    assert n_features == 2 * 4 * 4
    assert built.module.first[0].in_channels == 3


@pytest.mark.parametrize(
    ("wrap", "output", "n_features"),
    [(as_tuple, 0, 32), (as_tuple, -1, 2), (as_dict, "maps", 32), (as_dict, "pooled", 2)],
)
def test_one_of_several_outputs(wrap, output, n_features):
    module = Several(wrap)
    built, found = build_trunk(PretrainedTrunk(module, output=output), SHAPE)
    assert found == n_features
    x = torch.randn(2, *SHAPE)
    maps, pooled = as_tuple(*module.eval()(x).values()) if wrap is as_dict else module.eval()(x)
    assert torch.equal(built.eval()(x), maps if n_features == 32 else pooled)


@pytest.mark.parametrize(
    ("spec", "match"),
    [
        (
            PretrainedTrunk(Several(as_tuple)),
            r"trunk: Several must .* Got tuple .* PretrainedTrunk\(\.\.\., output=1\)",
        ),
        (PretrainedTrunk(Several(as_dict), output="poled"), "trunk: Several: output='poled' .* Did you mean 'pooled'"),
        (PretrainedTrunk(Backbone(), output=0), "trunk: Backbone: output=0, but the module returns one tensor"),
        (PretrainedTrunk(Backbone(3)), r"trunk: Backbone cannot process a batch of shape \(2, 1, 8, 8\)"),
    ],
)
def test_outputs_and_images_that_do_not_fit(spec, match):
    with pytest.raises(ValueError, match=match):
        build_trunk(spec, SHAPE)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"freeze": 3}, "freeze=3 asks .* leading children of Backbone, which has 2: first, second. Use freeze='all'"),
        ({"freeze": True}, "Got True instead: use 'all'"),
        ({"freeze": False}, "Got False instead: use None"),
        ({"freeze": "first"}, "'freeze' parameter of PretrainedTrunk"),
        ({"freeze": -1}, "'freeze' parameter of PretrainedTrunk"),
        ({"lr_factor": 0}, "'lr_factor' parameter of PretrainedTrunk"),
        ({"output": 1.5}, "'output' parameter of PretrainedTrunk"),
        (
            {"freeze": "all", "lr_factor": 0.1},
            "lr_factor=0.1 .* nothing to act on: no parameter of Backbone is trained",
        ),
        ({"freeze": 1, "module": nn.Linear(64, 2)}, "children of Linear, which has none. Use freeze='all'"),
        ({"lr_factor": 0.5, "module": nn.Flatten()}, "no parameter of Flatten is trained"),
    ],
)
def test_bad_parameters(params, match):
    with pytest.raises(ValueError, match=match):
        PretrainedTrunk(**{"module": Backbone(), **params}).build(SHAPE)


@pytest.mark.parametrize("module", [5, ConvTrunk(), ConvTrunk, lambda: 5])
def test_what_is_no_module(module):
    with pytest.raises(TypeError, match="the 'module' parameter of PretrainedTrunk"):
        PretrainedTrunk(module).build(SHAPE)


def test_counts_as_the_users_own():
    assert is_own_module(PretrainedTrunk(Backbone()))


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda built: pickle.loads(pickle.dumps(built))])
def test_copies_and_pickles(twin):
    built = PretrainedTrunk(backbone(), freeze=1, lr_factor=0.1).build(SHAPE)
    other = twin(built)
    assert other.parameter_options() == built.parameter_options()
    assert not any(m.training for m in other.train().module.first.modules())
    x = torch.randn(2, *SHAPE)
    assert torch.equal(other.eval()(x), built.eval()(x))
    assert list(other.state_dict()) == [f"module.{name}" for name in backbone().state_dict()]
    with torch.no_grad():
        other.module.gain.zero_()
    assert built.module.gain == 2


def test_spec_clones_and_never_changes():
    spec = PretrainedTrunk(backbone(), freeze=1, lr_factor=0.1, output=None)
    twin = clone(spec)
    assert twin.module is not spec.module
    assert torch.equal(twin.module.gain, spec.module.gain)
    first, second = spec.build(SHAPE), spec.build(SHAPE)
    assert first.module is not second.module
    assert all(p.requires_grad for p in spec.module.parameters())
    assert clone(PretrainedTrunk(Backbone)).module is Backbone


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_torchscript_is_frozen_child_by_child():
    script = torch.jit.script(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 4)))
    built = PretrainedTrunk(script, freeze=1, lr_factor=0.5).build((1, 8, 8))
    assert [p.requires_grad for p in built.parameters()] == [False, False, True, True]
    assert set(built.parameter_options()) == {"module.2.weight", "module.2.bias"}
