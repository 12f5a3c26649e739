import numpy as np
import pytest
import torch
from torch import nn

from skmtl.nn import ConvTrunk, HardSharing, InputStage, LinearHead, MultiTaskModule, ResNetTrunk, build_module, folded

NORMS = nn.modules.batchnorm._BatchNorm


def network(trunk, seed=0):
    torch.manual_seed(seed)
    stage = InputStage(1.0, np.zeros(1), np.ones(1))
    classes = [np.arange(3), np.arange(2)]
    module = build_module(trunk, HardSharing(), [LinearHead()] * 2, stage, (1, 12, 10), classes, torch.float64)
    for layer in module.modules():
        if isinstance(layer, NORMS) and layer.running_mean is not None:
            layer.running_mean.uniform_(-1, 1)
            layer.running_var.uniform_(0.5, 2)
            nn.init.uniform_(layer.weight, -2, 2)
            nn.init.uniform_(layer.bias)
    return module.eval()


def test_same_logits_without_batch_norm_and_the_original_untouched():
    module = network(ConvTrunk(channels=(4, 5), kernel_size=2, normalization="batch", hidden=(6,)))
    before = {k: v.clone() for k, v in module.state_dict().items()}
    images = torch.rand(7, 1, 12, 10)
    quick = folded(module)
    with torch.no_grad():
        torch.testing.assert_close(quick(images), module(images), rtol=1e-12, atol=1e-12)
    assert not [layer for layer in quick.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert len([layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]) == 2
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])


def normalised(conv=None, norm=None, cls=nn.Sequential):
    norm = nn.BatchNorm2d(2) if norm is None else norm
    return cls(nn.Conv2d(1, 2, 3) if conv is None else conv, norm, nn.AdaptiveAvgPool2d(1))


class ReluBetween(nn.Sequential):
    """Runs its layers as it likes."""

    def forward(self, x):
        return self[2](self[1](self[0](x).relu()))


def hooked():
    trunk = normalised()
    trunk[1].register_forward_hook(lambda *args: None)
    return trunk


class Spec:
    """A spec of the user's own, which the estimator takes for a trunk of its kind."""

    def __init__(self, trunk):
        self.trunk = trunk

    def build(self, image_shape):
        return self.trunk


KEPT = {
    "another order": Spec(normalised(cls=ReluBetween)),
    "hook": hooked(),
    "parametrised": normalised(conv=nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 2, 3))),
    "subclass": normalised(norm=type("Mine", (nn.BatchNorm2d,), {})(2)),
    "not in a row": Spec(nn.ModuleDict({"a": nn.Conv2d(1, 2, 3), "b": nn.BatchNorm2d(2)})),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_not_known_to_run_in_order_stays(name):
    module = network(ConvTrunk(channels=(4,)))
    trunk = KEPT[name]
    module.trunk = trunk.build((1, 12, 10)) if hasattr(trunk, "build") else trunk
    assert folded(module) is module


def test_layers_of_pytorchs_own_in_a_row_are_folded_whoever_made_them():
    module = network(normalised())
    with torch.no_grad():
        images = torch.rand(7, 1, 12, 10)
        torch.testing.assert_close(folded(module)(images), module(images), rtol=1e-12, atol=1e-12)
    assert folded(module) is not module


@pytest.mark.parametrize(
    "trunk", [ConvTrunk(channels=(4,)), normalised(norm=nn.BatchNorm2d(2, track_running_stats=False))]
)
def test_nothing_to_fold(trunk):
    module = network(trunk)
    with torch.no_grad():
        images = torch.rand(7, 1, 12, 10)
        assert torch.equal(folded(module)(images), module(images))


def test_relus_in_place_do_not_reach_what_they_are_given():
    module = network(nn.Sequential(nn.ReLU(), nn.Flatten()))
    images = torch.rand(3, 1, 12, 10) - 0.5
    before = images.clone()
    with torch.no_grad():
        torch.testing.assert_close(folded(module)(images), module(images), rtol=0, atol=0)
    assert torch.equal(images, before)
    assert not module.trunk[0].inplace
    assert list(folded(module).state_dict()) == list(module.state_dict())


def test_residual_blocks_stay():
    module = network(ResNetTrunk(width=3))
    images = torch.rand(7, 1, 12, 10)
    with torch.no_grad():
        assert torch.equal(folded(module)(images), module(images))


@pytest.mark.parametrize("shape", [(2, 30), (1, 6, 7, 8)])
def test_signals_and_volumes(shape):
    torch.manual_seed(0)
    trunk = ConvTrunk(channels=(4, 5), normalization="batch", convs_per_stage=2).build(shape).double()
    for layer in trunk.modules():
        if isinstance(layer, NORMS):
            nn.init.uniform_(layer.running_mean, -1, 1)
            nn.init.uniform_(layer.running_var, 0.5, 2)
    module = MultiTaskModule(nn.Identity(), trunk.eval(), nn.ModuleDict({"one": nn.Linear(2, 2)}))
    quick = folded(module).trunk
    assert not [layer for layer in quick.modules() if isinstance(layer, NORMS)]
    images = torch.rand(3, *shape, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(quick(images), trunk(images), rtol=1e-11, atol=1e-11)
