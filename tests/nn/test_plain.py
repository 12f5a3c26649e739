import numpy as np
import pytest
import torch
from torch import nn

from skmtl.nn import (
    ConvTrunk,
    HardSharing,
    InputStage,
    LeNetTrunk,
    LinearHead,
    MLPHead,
    MultiTaskModule,
    ResNetTrunk,
    build_module,
    is_plain,
)
from skmtl.nn._plain import _KNOWN


def network(trunk="cnn", heads=None):
    trunk = ConvTrunk(channels=(2,), normalization="batch", dropout=0.5, kernel_size=2) if trunk == "cnn" else trunk
    stage = InputStage(1.0, np.zeros(1), np.ones(1))
    heads, classes = heads or [LinearHead(), MLPHead(dropout=0.5)], [np.arange(2), np.arange(3)]
    return build_module(trunk, HardSharing(), heads, stage, (1, 40, 9), classes, torch.float32)


def test_what_is_built_in_is_plain():
    assert is_plain(network())


@pytest.mark.parametrize("trunk", [ConvTrunk(), LeNetTrunk(), ResNetTrunk(width=2)])
@pytest.mark.parametrize("shape", [(1, 40), (1, 40, 20), (1, 16, 16, 16)])
def test_built_in_trunks_are_plain_whatever_they_take(trunk, shape):
    heads = nn.ModuleDict({"one": nn.Linear(2, 2)})
    assert is_plain(MultiTaskModule(nn.Identity(), trunk.build(shape), heads))


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu", "gelu", "silu", "tanh"])
def test_every_option_of_the_built_in_trunk_is_plain(activation):
    options = {"activation": activation, "normalization": "group", "pooling": "average", "conv_dropout": 0.1}
    assert is_plain(network(ConvTrunk(**options)))


def test_known_layers_that_draw_random_numbers_are_dropout():
    # What `training` looks for to find out whether a step draws any.
    named = {layer for layer in _KNOWN if "Dropout" in layer.__name__}
    assert len(named) == 4
    assert all(issubclass(layer, nn.modules.dropout._DropoutNd) for layer in named)


class Linear(nn.Linear):
    """A subclass may do anything."""


class Head:
    def build(self, n_features, n_classes):
        return Linear(n_features, n_classes)


@pytest.mark.parametrize(
    "other",
    [
        network(nn.Sequential(nn.Flatten(), Linear(360, 4))),
        network(nn.Sequential(nn.Flatten(), nn.Linear(360, 4), nn.Mish())),
        network(heads=[LinearHead(), Head()]),
    ],
)
def test_what_is_the_users_own_is_not(other):
    assert not is_plain(other)


@pytest.mark.parametrize("kind", ["forward", "forward_pre", "full_backward"])
@pytest.mark.parametrize("part", ["trunk", "heads"])
def test_hooks(kind, part):
    module = network()
    layer = module.trunk[0] if part == "trunk" else module.heads.linear
    handle = getattr(layer, f"register_{kind}_hook")(lambda *args: None)
    assert not is_plain(module)
    handle.remove()
    assert is_plain(module)


def test_parametrised_layers():
    module = network()
    nn.utils.parametrizations.spectral_norm(module.trunk[1] if hasattr(module.trunk[1], "weight") else module.trunk[2])
    assert not is_plain(module)
