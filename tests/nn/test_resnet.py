import copy
import pickle

import pytest
import torch
from sklearn.base import clone
from torch import nn

from skmtl.nn import ResNetTrunk
from skmtl.nn._stages import cut_stages

F = nn.functional


def n_weights(module):
    return sum(p.numel() for p in module.parameters())


def counted(depth, width, n_channels, n_axes):
    """Weights by table 1 of the paper: k ** n_axes weights a kernel, and 2 of the normalisation for every map."""
    total, before = n_channels * width * 3**n_axes + 2 * width, width
    for stage in range(4):
        out = width * 2**stage
        for _ in range({10: 1, 18: 2}[depth]):
            total += (before * out + out * out) * 3**n_axes + 2 * 2 * out
            total += before * out + 2 * out if before != out else 0
            before = out
    return total


@pytest.mark.parametrize("depth", [10, 18])
@pytest.mark.parametrize(("shape", "width"), [((3, 16, 16), 6), ((1, 40), 5), ((2, 4, 6, 5), 4), ((1, 1, 1), 3)])
def test_weights_and_features(depth, shape, width):
    trunk = ResNetTrunk(depth=depth, width=width).build(shape)
    assert n_weights(trunk) == counted(depth, width, shape[0], len(shape) - 1)
    assert trunk.eval()(torch.zeros(2, *shape)).shape == (2, 8 * width)


def test_published_number_of_weights():
    # torchvision's resnet18 has 11,689,512, of which 513,000 are its classifier's and 9,408 the 7 x 7 convolution's.
    assert n_weights(ResNetTrunk(depth=18).build((3, 32, 32))) == 11689512 - 513000 - 9408 + 3 * 64 * 9 == 11168832
    # Less the second block of every stage, of 18 C ** 2 + 4 C weights.
    second = sum(18 * c**2 + 4 * c for c in (64, 128, 256, 512))
    assert n_weights(ResNetTrunk().build((3, 32, 32))) == 11168832 - second == 4898112


def reference(trunk, x):
    """Figure 2 and table 1 of the paper with the trunk's weights, in evaluation mode."""
    values = iter(trunk.state_dict().values())

    def conv_norm(x, stride):
        weight = next(values)
        x = F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)
        gain, shift, mean, var, _ = (next(values) for _ in range(5))
        return F.batch_norm(x, mean, var, gain, shift)

    x = conv_norm(x, 1).relu()
    for stage in range(4):
        for block in range(len(trunk[1 + stage])):
            stride = 2 if stage and not block else 1
            out = conv_norm(conv_norm(x, stride).relu(), 1)
            x = ((conv_norm(x, stride) if stride == 2 else x) + out).relu()
    assert next(values, None) is None
    return x.mean((2, 3))


@pytest.mark.parametrize("depth", [10, 18])
def test_predictions_are_the_formulas(depth):
    torch.manual_seed(0)
    trunk = ResNetTrunk(depth=depth, width=3).build((2, 11, 9)).double().eval()
    for layer in trunk.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for value in (layer.running_mean, layer.bias):
                nn.init.uniform_(value, -1, 1)
            for value in (layer.running_var, layer.weight):
                nn.init.uniform_(value, 0.5, 2)
    x = torch.randn(3, 2, 11, 9, dtype=torch.float64)
    torch.testing.assert_close(trunk(x), reference(trunk, x), rtol=1e-10, atol=1e-12)


def test_first_weights_are_those_of_he():
    torch.manual_seed(0)
    trunk = ResNetTrunk(depth=10, width=16).build((3, 8, 8))
    convs = [m for m in trunk.modules() if isinstance(m, nn.Conv2d)]
    assert len(convs) == 1 + 4 * 2 + 3
    for conv in convs:
        expected = (2 / (conv.out_channels * conv.kernel_size[0] ** 2)) ** 0.5
        # The relative error of an estimated standard deviation is about 1 / sqrt(2 n).
        assert conv.weight.std().item() == pytest.approx(expected, rel=4 / (2 * conv.weight.numel()) ** 0.5)
        assert conv.bias is None


def test_five_stages():
    trunk = ResNetTrunk(width=4).build((1, 8, 8))
    stages = cut_stages(trunk)
    assert [n_weights(stage) for stage in stages] == [n_weights(child) for child in list(trunk)[:5]]
    assert len(stages) == 5


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"depth": 34}, "'depth' parameter of ResNetTrunk must be .*10, 18"),
        ({"depth": "18"}, "'depth' parameter of ResNetTrunk"),
        ({"width": 0}, "'width' parameter of ResNetTrunk"),
    ],
)
def test_bad_parameters(params, match):
    with pytest.raises(ValueError, match=match):
        ResNetTrunk(**params).build((1, 8, 8))


def test_clones_pickles_and_copies():
    spec = pickle.loads(pickle.dumps(clone(ResNetTrunk(width=2))))
    trunk = spec.build((1, 8, 8)).eval()
    x = torch.randn(2, 1, 8, 8)
    for twin in (pickle.loads(pickle.dumps(trunk)), copy.deepcopy(trunk)):
        assert torch.equal(twin(x), trunk(x))
