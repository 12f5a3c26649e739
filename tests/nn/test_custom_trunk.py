from functools import partial

import pytest
import torch
from sklearn.base import BaseEstimator
from torch import nn

from skmtl.nn import TRUNKS, ConvTrunk, LeNetTrunk, PretrainedTrunk, ResNetTrunk, is_own_module
from skmtl.nn._custom_trunk import build_trunk, check_cast

SHAPE = (3, 8, 6)


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 3)

    def forward(self, x):
        return self.conv(x)


class InChannels(nn.Module):
    def __init__(self, in_channels, width=4):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, width, 1)

    def forward(self, x):
        return self.conv(x).mean((2, 3))


class Sized(nn.Module):
    def __init__(self, image_shape, width):
        super().__init__()
        c, h, w = image_shape
        self.linear = nn.Linear(c * h * w, width)

    def forward(self, x):
        return self.linear(x.flatten(1))


def lazy():
    return nn.Sequential(nn.LazyConv2d(5, 3), nn.Flatten(), nn.LazyLinear(7))


class Returns(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class OwnSpec(BaseEstimator):
    def build(self, image_shape):
        return Sized(image_shape, 5)


@pytest.mark.parametrize(
    ("trunk", "n_features"),
    [
        (ConvTrunk(hidden=(9,)), 9),
        (Plain, 2 * 6 * 4),
        (Plain(), 2 * 6 * 4),
        (InChannels, 4),
        (partial(InChannels, width=6), 6),
        (partial(Sized, width=5), 5),
        (lambda image_shape: Sized(image_shape, 11), 11),
        (lambda **kwargs: Plain(), 48),
        (lazy, 7),
        (lazy(), 7),
        (nn.Identity(), 3 * 8 * 6),
        (nn.Conv2d(3, 2, 3).double(), 2 * 6 * 4),
    ],
)
def test_feature_size_is_found_by_running(trunk, n_features):
    module, found = build_trunk(trunk, SHAPE)
    assert found == n_features
    dtype = next((p.dtype for p in module.parameters()), torch.float32)
    assert module(torch.zeros((2, *SHAPE), dtype=dtype)).flatten(1).shape == (2, n_features)


@pytest.mark.parametrize(
    ("trunk", "own"),
    [
        (Plain, True),
        (Plain(), True),
        (lazy, True),
        (partial(Sized, width=5), True),
        (PretrainedTrunk(Plain()), True),
        (OwnSpec(), True),
        (ConvTrunk(), False),
        (LeNetTrunk(), False),
        (ResNetTrunk(), False),
    ],
)
def test_specs_and_own_modules_are_told_apart(trunk, own):
    assert is_own_module(trunk) is own


def test_instances_are_copied_with_their_weights():
    trunk = Plain()
    module, _ = build_trunk(trunk, SHAPE)
    assert module is not trunk
    assert torch.equal(module.conv.weight, trunk.conv.weight)
    with torch.no_grad():
        module.conv.weight.zero_()
    assert trunk.conv.weight.any()


def test_the_probe_changes_no_statistics_and_no_mode():
    trunk = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten())
    module, _ = build_trunk(trunk, SHAPE)
    assert module[0].num_batches_tracked == 0
    assert module.training
    assert module[0].training


def test_lazy_instances_stay_lazy():
    trunk = lazy()
    build_trunk(trunk, SHAPE)
    assert trunk[2].has_uninitialized_params()


@pytest.mark.parametrize(
    ("function", "match"),
    [
        (lambda x: (x, x), "must return one tensor of shape \\(batch, ...\\). Got tuple for a batch of 2: wrap it"),
        (lambda x: {"features": x}, r"Got dict .* pick one with PretrainedTrunk\(\.\.\., output='features'\)"),
        (lambda x: None, "Got NoneType for a batch of 2: wrap it in a module that returns its features\\.$"),
        (lambda x: x[:, :0], r"Got shape \(2, 0, 8, 6\)"),
        (lambda x: x.mean(), r"Got shape \(\)"),
        (lambda x: x.mean((1, 2, 3)), r"Got shape \(2,\)"),
        (lambda x: x.flatten(0, 1), r"Got shape \(6, 8, 6\)"),
    ],
)
def test_outputs_that_are_no_features(function, match):
    with pytest.raises(ValueError, match=match):
        build_trunk(Returns(function), SHAPE)


class Spectral(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind, weights = kind, torch.ones(4, dtype=torch.complex64)
        if kind == "weights":
            self.weights = nn.Parameter(weights)
        else:
            self.register_buffer("weights", weights if kind == "buffer" else torch.view_as_real(weights))

    def forward(self, x):
        weights = torch.view_as_complex(self.weights) if self.kind in ("features", "real") else self.weights
        out = torch.fft.rfft2(x) * weights
        return out if self.kind == "features" else out.abs()


@pytest.mark.parametrize(
    ("kind", "found"),
    [("weights", "complex weights"), ("buffer", "complex weights"), ("features", "complex features")],
)
def test_complex_numbers_would_lose_their_imaginary_part(kind, found):
    with pytest.raises(ValueError, match=f"trunk: Spectral has {found}, but .* are real: .*view_as_complex"):
        build_trunk(Spectral(kind), SHAPE)
    assert build_trunk(Spectral("real"), SHAPE)[1] == 3 * 8 * 4


def test_factory_that_needs_more_than_is_known():
    def factory(image_shape, depth, *, width, **kwargs):
        raise AssertionError("never called")

    with pytest.raises(ValueError, match=r"trunk: factory needs depth, width, which skmtl cannot know.*functools"):
        build_trunk(factory, SHAPE)


def test_module_that_cannot_process_the_images():
    with pytest.raises(ValueError, match=r"trunk: Conv2d cannot process a batch of shape \(2, 3, 8, 6\).*channel_axis"):
        build_trunk(nn.Conv2d(1, 2, 3), SHAPE)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((3, 20), "batch, channels, length"),
        ((3, 4, 5, 6), "batch, channels, depth, height, width"),
        ((3, 2, 6), "batch, channels, height, width"),
    ],
)
def test_images_of_the_wrong_number_of_axes_or_too_small(shape, axes):
    with pytest.raises(
        ValueError, match=rf"\({axes}\): .* set channel_axis, image_shape or spatial_dims; if the image is"
    ):
        build_trunk(Plain(), shape)


@pytest.mark.parametrize("name", TRUNKS)
@pytest.mark.parametrize("shape", [(2, 40), (2, 20, 30), (2, 16, 17, 18)])
def test_built_in_trunks_take_signals_images_and_volumes(name, shape):
    module, n_features = build_trunk(TRUNKS[name](), shape)
    assert n_features == {"cnn": 128, "lenet": 50, "resnet": 512}[name]
    assert module.training


def test_factory_must_return_a_module():
    with pytest.raises(TypeError, match=r"must return a torch\.nn\.Module\. Got int instead"):
        build_trunk(lambda: 5, SHAPE)


def test_spec_given_as_a_class():
    with pytest.raises(TypeError, match=r"pass an instance, ConvTrunk\(\)"):
        build_trunk(ConvTrunk, SHAPE)


def test_what_is_no_trunk_at_all():
    with pytest.raises(TypeError, match=r"trunk must be .* Got 5 instead"):
        build_trunk(5, SHAPE)


class Cast(nn.Module):
    def __init__(self, dtype):
        super().__init__()
        self.linear = nn.Linear(144, 2, dtype=dtype)

    def forward(self, x):
        return self.linear(x.flatten(1).double())


def test_types_that_differ_come_with_their_remedy():
    with pytest.raises(ValueError, match=r"trunk: Cast cannot process .* same dtype.* cast images to that of your"):
        build_trunk(Cast(torch.float32), SHAPE)


def test_a_module_that_runs_in_its_own_type_only_is_refused_once_cast():
    module, n_features = build_trunk(Cast(torch.float64), SHAPE)
    assert n_features == 2
    check_cast(module, SHAPE, {torch.float64})
    with pytest.raises(ValueError, match="trunk: its parameters are float64, and it fails in the float32 of the"):
        check_cast(module.to(torch.float32), SHAPE, {torch.float64})
