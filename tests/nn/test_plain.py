import numpy as np
import pytest
import torch
from torch import nn

from skmtl.nn import ConvTrunk, InputStage, LinearHead, MLPHead, build_module, is_plain


def network(trunk="cnn", heads=None):
    trunk = ConvTrunk(channels=(2,), normalization="batch", dropout=0.5, kernel_size=2) if trunk == "cnn" else trunk
    stage = InputStage(1.0, np.zeros(1), np.ones(1))
    return build_module(trunk, heads or [LinearHead(), MLPHead(dropout=0.5)], stage, (1, 40, 9), [2, 3], torch.float32)


def test_what_is_built_in_is_plain():
    assert is_plain(network())


class Linear(nn.Linear):
    """A subclass may do anything."""


class Head:
    def build(self, n_features, n_classes):
        return Linear(n_features, n_classes)


@pytest.mark.parametrize(
    "other",
    [
        network(nn.Sequential(nn.Flatten(), Linear(360, 4))),
        network(nn.Sequential(nn.Flatten(), nn.Linear(360, 4), nn.GELU())),
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
