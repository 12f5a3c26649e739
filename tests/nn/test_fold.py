import numpy as np
import pytest
import torch
from torch import nn

from skmtl.nn import ConvTrunk, InputStage, LinearHead, build_module, folded


def network(trunk, seed=0):
    torch.manual_seed(seed)
    stage = InputStage(1.0, np.zeros(1), np.ones(1))
    module = build_module(trunk, [LinearHead()] * 2, stage, (1, 12, 10), [3, 2], torch.float64)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
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


@pytest.mark.parametrize(
    "trunk", [ConvTrunk(channels=(4,)), nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.AdaptiveAvgPool2d(1))]
)
def test_nothing_to_fold_or_not_ours(trunk):
    module = network(trunk)
    assert folded(module) is module
