import pickle

import pytest
import torch
from sklearn.base import clone
from torch import nn

from skmtl.nn import LeNetTrunk
from skmtl.nn._stages import cut_stages

F = nn.functional


def n_weights(module):
    return sum(p.numel() for p in module.parameters())


def test_weights_for_28_by_28_pixels():
    trunk = LeNetTrunk().build((1, 28, 28))
    # 10 kernels of 5 x 5 and biases; 20 of 10 x 5 x 5; 28 -> 24 -> 12 -> 8 -> 4, so 20 x 4 x 4 = 320 features to 50.
    assert [n_weights(m) for m in trunk if n_weights(m)] == [250 + 10, 5000 + 20, 16000 + 50]
    assert n_weights(trunk) == 21330


def test_layers_in_the_published_order():
    trunk = LeNetTrunk().build((1, 28, 28))
    assert [type(m).__name__ for m in trunk] == [
        "Conv2d", "MaxPool", "ReLU", "Conv2d", "Dropout2d", "MaxPool", "ReLU", "Flatten", "Linear", "ReLU",
    ]  # fmt: skip
    assert trunk[4].p == 0.5
    assert "Dropout2d" not in [type(m).__name__ for m in LeNetTrunk(dropout=0.0).build((1, 28, 28))]


def test_predictions_are_the_formulas():
    torch.manual_seed(0)
    trunk = LeNetTrunk(channels=(3, 4), kernel_size=3, hidden=(6, 5)).build((2, 17, 12)).double().eval()
    x = torch.randn(3, 2, 17, 12, dtype=torch.float64)
    w = list(trunk.parameters())
    maps = F.relu(F.max_pool2d(F.conv2d(x, *w[:2]), 2))
    maps = F.relu(F.max_pool2d(F.conv2d(maps, *w[2:4]), 2))
    expected = F.relu(F.linear(F.relu(F.linear(maps.flatten(1), *w[4:6])), *w[6:8]))
    torch.testing.assert_close(trunk(x), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "n_features"),
    [((1, 28, 28), 20 * 4 * 4), ((3, 32, 17), 20 * 5 * 1), ((2, 40), 20 * 7), ((1, 16, 20, 18), 20 * 1 * 2 * 1)],
)
def test_any_size_of_signals_images_and_volumes(shape, n_features):
    assert LeNetTrunk(hidden=()).build(shape)(torch.zeros(2, *shape)).shape == (2, n_features)


def test_whole_maps_are_dropped():
    trunk = LeNetTrunk(channels=(4, 60), kernel_size=3, hidden=(), dropout=0.5).build((1, 20, 20)).train()
    torch.manual_seed(0)
    conv = torch.rand(2, 60, 6, 6) + 1
    out = trunk[4](conv).flatten(2)
    gone = (out == 0).all(2)
    assert torch.equal(out, torch.where(gone[..., None], 0.0, 2 * conv.flatten(2)))
    assert 40 < gone.sum() < 80


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((1, 8, 16), "An image (or feature map) of 2 x 6 pixels is smaller than the kernel of LeNetTrunk"),
        ((1, 4), "A signal (or feature map) of 4 values is smaller than the kernel of LeNetTrunk"),
    ],
)
def test_images_that_are_too_small(shape, found):
    with pytest.raises(ValueError, match="use larger images, a smaller kernel_size or") as error:
        LeNetTrunk().build(shape)
    assert str(error.value).startswith(found)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"channels": ()}, "'channels' parameter of LeNetTrunk must be a non-empty tuple"),
        ({"hidden": (0,)}, "'hidden' parameter of LeNetTrunk"),
        ({"kernel_size": (5, 5)}, "'kernel_size' parameter of LeNetTrunk"),
        ({"dropout": 1.5}, "'dropout' parameter of LeNetTrunk"),
    ],
)
def test_bad_parameters(params, match):
    with pytest.raises(ValueError, match=match):
        LeNetTrunk(**params).build((1, 28, 28))


def test_three_stages_of_one_layer_with_weights_each():
    assert [n_weights(stage) for stage in cut_stages(LeNetTrunk().build((1, 28, 28)))] == [260, 5020, 16050]


def test_clones_and_pickles():
    spec = pickle.loads(pickle.dumps(clone(LeNetTrunk(hidden=(7,)))))
    trunk = pickle.loads(pickle.dumps(spec.build((1, 28, 28))))
    assert trunk(torch.zeros(2, 1, 28, 28)).shape == (2, 7)
