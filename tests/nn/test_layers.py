import pytest
import torch
from torch import nn

from skmtl.nn._layers import ACTIVATIONS, average_pool, dense, normalization, spatial


@pytest.mark.parametrize("n_axes", [1, 2, 3])
def test_layers_take_batches_of_their_number_of_axes(n_axes):
    kinds = spatial(None, (2, *(4,) * n_axes))
    assert kinds.n_axes == n_axes
    x = torch.arange(2.0 * 4**n_axes).view(1, 2, *(4,) * n_axes)
    assert kinds.max_pool((2,) * n_axes)(x).shape == (1, 2, *(2,) * n_axes)
    # The last value of a window is the largest one of these.
    assert kinds.max_pool((4,) * n_axes)(x).flatten().tolist() == [4**n_axes - 1, 2 * 4**n_axes - 1]
    assert kinds.average_pool((4,) * n_axes)(x).flatten().tolist() == [x[0, 0].mean().item(), x[0, 1].mean().item()]
    assert torch.equal(kinds.adaptive_average_pool((1,) * n_axes)(x), kinds.average_pool((4,) * n_axes)(x))
    assert kinds.zero_pad((1, 2) * n_axes)(x).shape == (1, 2, *(7,) * n_axes)
    assert kinds.batch_norm(2)(x).mean().abs() < 1e-6
    assert kinds.conv(2, 3, 1)(x).shape == (1, 3, *(4,) * n_axes)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        ((5,), "A signal (or feature map) of 5 values"),
        ((5, 7), "An image (or feature map) of 5 x 7 pixels"),
        ((1, 2, 3), "A volume (or feature map) of 1 x 2 x 3 voxels"),
    ],
)
def test_sizes_in_words(size, text):
    assert spatial(None, (1, *size)).describe(size) == text


@pytest.mark.parametrize(
    ("size", "small", "kind"),
    [((9,), (3,), nn.AvgPool1d), ((9,), (4,), nn.AdaptiveAvgPool1d), ((4, 6, 8), (2, 3, 8), nn.AvgPool3d)],
)
def test_averages_are_those_of_the_adaptive_layer(size, small, kind):
    pool = average_pool(size, small)
    assert type(pool) is kind
    adaptive = {1: nn.functional.adaptive_avg_pool1d, 3: nn.functional.adaptive_avg_pool3d}[len(size)]
    x = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(pool(x), adaptive(x, small))


@pytest.mark.parametrize(("width", "groups"), [(1, 1), (5, 1), (16, 1), (24, 1), (32, 2), (50, 2), (48, 3), (64, 4)])
def test_groups_have_at_least_16_channels(width, groups):
    (layer,) = normalization("group", spatial(None, (1, 4, 4)), width)
    assert (type(layer), layer.num_groups, layer.num_channels) == (nn.GroupNorm, groups, width)


def test_no_normalisation():
    assert normalization(None, spatial(None, (1, 4)), 3) == []


def test_fully_connected_layers():
    layers = dense(3, (4, 2), "tanh", 0.5)
    assert [type(m) for m in layers] == [nn.Linear, nn.Tanh, nn.Dropout] * 2
    assert [m.in_features for m in layers[::3]] == [3, 4]
    assert dense(3, ()) == []


def test_activations_are_the_named_functions():
    x = torch.linspace(-3, 3, 13)
    for name, layer in ACTIVATIONS.items():
        assert torch.equal(layer()(x), getattr(torch, name, getattr(nn.functional, name, None))(x))
