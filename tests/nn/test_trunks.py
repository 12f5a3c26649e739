import copy

import numpy as np
import pytest
import torch
from scipy.signal import correlate
from sklearn.base import clone
from torch import nn

from skmtl.nn import ConvTrunk

F = nn.functional


def numbers(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def built(image_shape, **params):
    torch.manual_seed(0)
    return ConvTrunk(**params).build(image_shape).double()


def weights(layer):
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kernel_size", [1, 3])
def test_convolution_is_the_cross_correlation_formula(formulas, padding, kernel_size):
    conv = built((2, 6, 5), channels=(3,), kernel_size=kernel_size, padding=padding)[0]
    x = numbers(2, 2, 6, 5)
    expected = formulas.conv(x.numpy(), *weights(conv), padding)
    np.testing.assert_allclose(conv(x).detach().numpy(), expected, rtol=1e-12, atol=1e-12)


def test_convolution_does_not_flip_its_kernel():
    conv = built((1, 3, 3), channels=(1,), padding="valid")[0]
    with torch.no_grad():
        conv.weight.copy_(torch.arange(9.0).view(1, 1, 3, 3))
        conv.bias.zero_()
    corner = torch.zeros(1, 1, 3, 3, dtype=torch.float64)
    corner[0, 0, 0, 0] = 1
    # A true convolution would pick the last weight, 8.
    assert conv(corner).item() == 0
    corner[0, 0, 0, 1] = 10
    assert conv(corner).item() == 10


@pytest.mark.parametrize("size", [(6, 4), (5, 7), (1, 6)])
def test_max_pooling_is_the_formula(formulas, size):
    pool = built((1, *size), channels=(2,))[1]
    assert isinstance(pool, nn.MaxPool2d)
    x = numbers(3, 2, *size)
    np.testing.assert_array_equal(pool(x).numpy(), formulas.pool(x.numpy()))


def test_fully_connected_is_the_formula(formulas):
    dense = built((1, 4, 4), channels=(2,), hidden=(5,))[-2]
    x = numbers(3, 8)
    np.testing.assert_allclose(dense(x).detach().numpy(), formulas.dense(x.numpy(), *weights(dense)), rtol=1e-12)


@pytest.mark.parametrize(
    ("shape", "params", "n_features"),
    [
        ((1, 28, 28), {}, 128),
        ((3, 32, 20), {"hidden": ()}, 64 * 8 * 5),
        ((1, 28, 28), {"hidden": (), "channels": (4,), "max_map_size": 3}, 4 * 3 * 3),
        ((1, 8, 8), {"hidden": (), "channels": 4, "padding": "valid"}, 4 * 3 * 3),
        ((1, 1, 30), {"hidden": (), "channels": (2, 3)}, 3 * 1 * 7),
        ((1, 1, 1), {"hidden": (), "channels": (2, 3)}, 3),
        ((2, 7, 5), {"hidden": 6, "normalization": "batch"}, 6),
    ],
)
def test_number_of_features(shape, params, n_features):
    assert built(shape, **params)(numbers(2, *shape)).shape == (2, n_features)


def test_one_row_images_are_pooled_along_their_length_only():
    shapes = [tuple(m.kernel_size) for m in built((1, 1, 12), channels=(2, 2)) if isinstance(m, nn.MaxPool2d)]
    assert shapes == [(1, 2), (1, 2)]


def test_large_maps_are_averaged_to_the_bound():
    trunk = built((1, 8, 8), channels=(1,), hidden=(), max_map_size=2)
    x = numbers(1, 1, 8, 8)
    maps = trunk[:3](x)
    expected = maps.view(1, 1, 2, 2, 2, 2).mean(dim=(3, 5)).flatten(1)
    torch.testing.assert_close(trunk(x), expected)


def test_maps_within_the_bound_are_left_alone():
    averages = (nn.AvgPool2d, nn.AdaptiveAvgPool2d)
    assert not [m for m in built((1, 16, 16), channels=(1,)) if isinstance(m, averages)]


@pytest.mark.parametrize(
    ("shape", "size", "kind"),
    [
        ((16, 16), 2, nn.AvgPool2d),
        ((32, 16), 4, nn.AvgPool2d),
        ((4, 24), 6, nn.AvgPool2d),
        ((1, 24), 3, nn.AvgPool2d),
        ((16, 14), 3, nn.AdaptiveAvgPool2d),
        ((24, 14), 6, nn.AdaptiveAvgPool2d),
        ((14, 24), 6, nn.AdaptiveAvgPool2d),
    ],
)
def test_averages_are_those_of_the_adaptive_layer(shape, size, kind):
    conv, pool, relu, average, _ = built((1, *shape), channels=(2,), hidden=(), max_map_size=size)
    assert type(average) is kind
    maps = relu(pool(conv(numbers(3, 1, *shape)))).detach()
    assert max(maps.shape[2:]) > size
    first, second = (maps.clone().requires_grad_() for _ in range(2))
    target = tuple(min(s, size) for s in maps.shape[2:])
    out, expected = average(first), nn.AdaptiveAvgPool2d(target)(second)
    torch.testing.assert_close(out, expected, rtol=1e-14, atol=1e-14)
    scale = numbers(*out.shape, seed=1)
    (out * scale).sum().backward()
    (expected * scale).sum().backward()
    torch.testing.assert_close(first.grad, second.grad, rtol=1e-14, atol=1e-14)


def relu_first(trunk):
    """The same layers with every ReLU before its pooling, and PyTorch's own pooling."""
    layers = []
    for layer in copy.deepcopy(trunk):
        if isinstance(layer, nn.ReLU) and isinstance(layers[-1], nn.MaxPool2d):
            layers.insert(-1, layer)
        else:
            layers.append(nn.MaxPool2d(layer.kernel_size) if isinstance(layer, nn.MaxPool2d) else layer)
    return nn.Sequential(*layers)


@pytest.mark.parametrize("normalization", [None, "batch"])
@pytest.mark.parametrize("shape", [(2, 12, 11), (1, 1, 20)])
def test_pooling_before_relu_changes_nothing(shape, normalization):
    trunk = built(shape, channels=(3, 4), hidden=(6,), normalization=normalization)
    textbook = relu_first(trunk)
    kinds = [type(m).__name__ for m in textbook]
    assert kinds.index("ReLU") < kinds.index("MaxPool2d")
    x, scale = numbers(5, *shape), numbers(5, 6, seed=1)
    outs = [module(x) for module in (trunk, textbook)]
    assert torch.equal(*outs)
    for out in outs:
        (out * scale).sum().backward()
    for a, b in zip(trunk.parameters(), textbook.parameters(), strict=True):
        assert torch.equal(a.grad, b.grad)
        assert a.grad.any()
    with torch.no_grad():
        assert torch.equal(trunk.eval()(x), textbook.eval()(x))


def test_dropout_and_batch_norm_stand_where_they_belong():
    trunk = built((1, 8, 8), channels=(2,), hidden=(4, 3), dropout=0.25, normalization="batch")
    names = [type(m).__name__ for m in trunk]
    assert names == [
        "Conv2d", "BatchNorm2d", "MaxPool", "ReLU", "Flatten", "Linear", "ReLU", "Dropout", "Linear", "ReLU",
        "Dropout",
    ]  # fmt: skip
    assert trunk[-1].p == 0.25
    assert "Dropout" not in [type(m).__name__ for m in built((1, 8, 8))]


def test_even_kernels_keep_the_size_without_a_warning():
    assert built((1, 6, 6), channels=(2,), kernel_size=2, hidden=())(numbers(1, 1, 6, 6)).shape == (1, 18)


@pytest.mark.parametrize(("shape", "channels"), [((1, 2, 9), (4,)), ((1, 1, 20), (4,)), ((1, 8, 8), (4, 4, 4))])
def test_image_smaller_than_kernel(shape, channels):
    with pytest.raises(ValueError, match=r"smaller than the kernel of ConvTrunk \(kernel_size=3\): use a smaller"):
        ConvTrunk(channels=channels, padding="valid").build(shape)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"channels": ()}, "'channels' parameter of ConvTrunk must be a non-empty tuple of positive ints"),
        ({"channels": (8, 0)}, "'channels' parameter"),
        ({"channels": "32"}, "'channels' parameter"),
        ({"channels": (8.0,)}, "'channels' parameter"),
        ({"hidden": (-1,)}, "'hidden' parameter of ConvTrunk must be a tuple of positive ints"),
        ({"kernel_size": 0}, "'kernel_size' parameter of ConvTrunk"),
        ({"kernel_size": (3, 3, 3)}, "'kernel_size' parameter of ConvTrunk must be .* one entry per stage.*: 2. Got"),
        ({"kernel_size": (3, 0)}, "'kernel_size' parameter of ConvTrunk must be a tuple of positive ints"),
        ({"kernel_size": "same"}, "'kernel_size' parameter of ConvTrunk"),
        ({"convs_per_stage": 0}, "'convs_per_stage' parameter of ConvTrunk"),
        ({"activation": "relu6"}, "'activation' parameter of ConvTrunk"),
        ({"pooling": "mean"}, "'pooling' parameter of ConvTrunk"),
        ({"conv_dropout": 1}, "'conv_dropout' parameter of ConvTrunk"),
        ({"padding": "full"}, "'padding' parameter of ConvTrunk"),
        ({"dropout": 1.0}, "'dropout' parameter of ConvTrunk"),
        ({"normalization": "layer"}, "'normalization' parameter of ConvTrunk"),
        ({"max_map_size": 0}, "'max_map_size' parameter of ConvTrunk"),
    ],
)
def test_bad_parameters(params, match):
    with pytest.raises(ValueError, match=match):
        ConvTrunk(**params).build((1, 8, 8))


def test_spec_is_cloneable_and_never_changed():
    spec = ConvTrunk(channels=np.array([2, 3]), hidden=[4])
    before = {k: id(v) for k, v in spec.get_params().items()}
    first, second = spec.build((1, 8, 8)), spec.build((1, 8, 8))
    assert first[0].weight is not second[0].weight
    assert before == {k: id(v) for k, v in spec.get_params().items()}
    assert clone(spec).set_params(kernel_size=5).kernel_size == 5


CONVS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
POOLS = {
    "max": {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d},
    "average": {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d},
}
ACTIVATIONS = {
    "relu": lambda x: x.clamp(min=0),
    "leaky_relu": lambda x: torch.where(x > 0, x, 0.01 * x),
    "elu": lambda x: torch.where(x > 0, x, x.exp() - 1),
    "gelu": lambda x: x * (1 + torch.erf(x / 2**0.5)) / 2,
    "silu": lambda x: x / (1 + (-x).exp()),
    "tanh": lambda x: (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()),
}
SHAPES = {1: (2, 13), 2: (2, 9, 8), 3: (2, 5, 6, 4)}


def normalised(x, normalization):
    """Mean 0 and variance 1 of every channel in the batch, or of every group of 16 channels in every image."""
    groups = x.transpose(0, 1)[None] if normalization == "batch" else x.unflatten(1, (max(1, x.shape[1] // 16), -1))
    axes = tuple(range(2, groups.ndim))
    mean, var = groups.mean(axes, keepdim=True), groups.var(axes, unbiased=False, keepdim=True)
    groups = (groups - mean) / (var + 1e-5).sqrt()
    return groups[0].transpose(0, 1) if normalization == "batch" else groups.flatten(1, 2)


def textbook(trunk, x, n_stages=2, convs=1, activation="relu", pooling="max", normalization=None):
    """The formulas in their own order, with the trunk's weights; odd kernels only."""
    values, n_axes = iter(trunk.parameters()), x.ndim - 2
    for _ in range(n_stages):
        for _ in range(convs):
            weight = next(values)
            x = CONVS[n_axes](x, weight, next(values), padding=weight.shape[-1] // 2)
            if normalization is not None:
                shape = (1, -1, *(1,) * n_axes)
                x = normalised(x, normalization) * next(values).view(shape) + next(values).view(shape)
            x = ACTIVATIONS[activation](x)
        x = x if pooling is None else POOLS[pooling][n_axes](x, 2)
    x = x.flatten(1)
    for weight in values:
        x = ACTIVATIONS[activation](x @ weight.T + next(values))
    return x


def equals_textbook(n_axes, params, **formulas):
    trunk = built(SHAPES[n_axes], hidden=(5,), max_map_size=99, **params)
    for layer in trunk:
        if isinstance(layer, (nn.modules.batchnorm._BatchNorm, nn.GroupNorm)):
            nn.init.uniform_(layer.weight, -2, 2)  # negative, so that a maximum before it would be another
            nn.init.uniform_(layer.bias)
    x, scale = numbers(4, *SHAPES[n_axes]), numbers(4, 5, seed=1)
    out, expected = trunk(x), textbook(trunk, x, **formulas)
    torch.testing.assert_close(out, expected, rtol=1e-10, atol=1e-12)
    grads = [torch.autograd.grad((o * scale).sum(), list(trunk.parameters())) for o in (out, expected)]
    torch.testing.assert_close(*grads, rtol=1e-9, atol=1e-11)
    assert all(g.any() for g in grads[0][-2:])


@pytest.mark.parametrize("n_axes", [1, 2, 3])
@pytest.mark.parametrize("pooling", ["max", "average", None])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activation_and_pooling_are_the_formulas(n_axes, activation, pooling):
    params = {"activation": activation, "pooling": pooling}
    equals_textbook(n_axes, {"channels": (3, 4), **params}, **params)


@pytest.mark.parametrize("n_axes", [1, 2, 3])
@pytest.mark.parametrize("normalization", [None, "batch", "group"])
def test_depth_kernels_and_normalisation_are_the_formulas(n_axes, normalization):
    params = {"channels": (32, 5), "kernel_size": (3, 5), "convs_per_stage": 2, "normalization": normalization}
    equals_textbook(n_axes, params, convs=2, normalization=normalization)


@pytest.mark.parametrize("shape", [(1, 9), (1, 4, 5, 3)])
def test_signals_and_volumes_are_correlated(shape):
    conv = built(shape, channels=(1,), kernel_size=3)[0]
    x = numbers(1, *shape)
    expected = correlate(x[0, 0].numpy(), conv.weight[0, 0].detach().numpy(), mode="same") + conv.bias.item()
    np.testing.assert_allclose(conv(x)[0, 0].detach().numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "params", "n_features"),
    [
        ((3, 100), {"hidden": ()}, 64 * 8),
        ((3, 20), {"hidden": (), "kernel_size": 2}, 64 * 5),
        ((1, 1), {"hidden": ()}, 64),
        ((1, 30), {"hidden": (), "padding": "valid", "convs_per_stage": 2}, 64 * 4),  # 30-28-26-13-11-9-4
        ((2, 8, 6, 4), {"hidden": (), "channels": (3,)}, 3 * 4 * 3 * 2),
        ((2, 1, 6, 40), {"hidden": (), "channels": (3,), "max_map_size": 3}, 3 * 1 * 3 * 3),
        ((2, 8, 6, 4), {"kernel_size": (2, 4), "normalization": "group"}, 128),
        ((1, 8, 8), {"hidden": (), "pooling": None, "channels": (3, 2)}, 2 * 8 * 8),
    ],
)
def test_number_of_features_of_signals_and_volumes(shape, params, n_features):
    assert built(shape, **params)(numbers(2, *shape)).shape == (2, n_features)


def test_layers_of_many_axes():
    params = {"channels": (4,), "normalization": "batch", "conv_dropout": 0.5, "kernel_size": 2, "max_map_size": 2}
    for n, name in ((1, "1d"), (2, "2d"), (3, "3d")):
        trunk = ConvTrunk(**params).build((1, *(16,) * n))
        pool = "MaxPool" if n == 2 else f"MaxPool{name}"
        assert [type(m).__name__ for m in trunk] == [
            f"ZeroPad{name}", f"Conv{name}", f"BatchNorm{name}", pool, "ReLU", f"Dropout{name}", f"AvgPool{name}",
            "Flatten", "Linear", "ReLU",
        ]  # fmt: skip
        weight = trunk[1].weight
        if n > 1:
            order = {2: torch.channels_last, 3: torch.channels_last_3d}[n]
            assert weight.is_contiguous(memory_format=order)


@pytest.mark.parametrize("n_axes", [1, 2, 3])
def test_dropout_drops_whole_maps_in_training(n_axes):
    trunk = built((1, *(8,) * n_axes), channels=(50,), hidden=(), conv_dropout=0.25)
    x = numbers(4, 1, *(8,) * n_axes)
    maps = trunk.eval()(x).view(4, 50, -1)
    dropped = trunk.train()(x).view(4, 50, -1)
    gone = dropped.flatten(2).abs().sum(2) == 0
    torch.testing.assert_close(dropped, torch.where(gone[..., None], 0.0, maps / 0.75))
    # 200 maps, of which 50 are expected to go, with a standard deviation of 6.
    assert 25 < gone.sum() < 75


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((1, 2), r"A signal \(or feature map\) of 2 values is smaller"),
        ((1, 5, 2, 7), r"A volume \(or feature map\) of 5 x 2 x 7 voxels is smaller"),
    ],
)
def test_signals_and_volumes_smaller_than_the_kernel(shape, found):
    with pytest.raises(ValueError, match=found):
        ConvTrunk(padding="valid").build(shape)


@pytest.mark.parametrize("shape", [(1,), (1, 2, 3, 4, 5)])
def test_wrong_number_of_axes(shape):
    with pytest.raises(ValueError, match=r"ConvTrunk takes signals \(channels, length\), images .* Got the shape"):
        ConvTrunk().build(shape)
