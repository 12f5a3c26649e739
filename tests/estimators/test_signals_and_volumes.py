"""Signals and volumes: layouts, storages and options on inputs of one and three spatial axes."""

import pickle
import re

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skmtl.datasets import LazyRows, make_signals, make_volumes
from skmtl.exceptions import PixelUnitWarning
from skmtl.nn import ConvTrunk

N = 64


@pytest.fixture(scope="module")
def signals():
    """(N, 2, 40) float32 signals and their labels; read-only, so that a fit that writes to them fails."""
    X, y = make_signals(N, length=40, return_X_y=True, as_frame=True)
    X.setflags(write=False)
    return X, y


@pytest.fixture(scope="module")
def volumes():
    """(N, 9, 10, 11) uint8 volumes, no two axes alike, and their labels."""
    X, y = make_volumes(N, size=12, return_X_y=True, as_frame=True)
    X = np.ascontiguousarray(X[:, :9, :10, :11])
    X.setflags(write=False)
    return X, y


@pytest.fixture(scope="module")
def make_1d(make):
    return lambda **params: make(**{"spatial_dims": 1, **params})


@pytest.fixture(scope="module")
def make_3d(make):
    return lambda **params: make(**{"spatial_dims": 3, **params})


def last(X):
    """Channels first -> channels last, in memory too."""
    return np.ascontiguousarray(np.moveaxis(X, 1, -1))


def rows(X):
    return X.reshape(len(X), -1)


def assert_same_model(a, Xa, b, Xb):
    for p, q in zip(a.predict_proba(Xa), b.predict_proba(Xb), strict=True):
        np.testing.assert_allclose(p, q, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(a.predict(Xa), b.predict(Xb))


def assert_layouts_agree(make, X, y, image_shape, cases):
    expected = make().fit(X, y)
    assert expected.image_shape_ == image_shape
    for params, other in cases:
        clf = make(**params).fit(other, y)
        assert clf.image_shape_ == image_shape
        assert clf.n_features_in_ == other.shape[1]
        assert_same_model(clf, other, expected, X)
    return expected


# ---------------------------------------------------------------------------------------------------- layouts


def test_signals_channels_first_last_and_flat_are_the_same_model(make_1d, signals):
    X, y = signals
    cases = [
        ({}, last(X)),
        ({}, X.transpose(0, 2, 1)),
        ({"channel_axis": 1}, X),
        ({"channel_axis": -1}, last(X)),
        ({"channel_axis": 2}, last(X)),
        ({"image_shape": (2, 40)}, rows(X)),
        ({"image_shape": (40, 2)}, rows(last(X))),
        ({"image_shape": [40, 2], "channel_axis": -1}, rows(last(X))),
    ]
    expected = assert_layouts_agree(make_1d, X, y, (2, 40), cases)
    assert expected.n_features_in_ == 2
    # The order of the values matters: these are not models of nothing.
    other = make_1d(channel_axis=1).fit(last(X), y)
    assert other.image_shape_ == (40, 2)
    assert np.abs(other.predict_proba(last(X))[0] - expected.predict_proba(X)[0]).max() > 1e-3


def test_signals_of_one_channel_need_no_channel_axis(make_1d, signals):
    X, y = signals[0][:, 0], signals[1]
    cases = [
        ({"channel_axis": None}, X),
        ({}, X[:, None]),
        ({}, X[..., None]),
        ({"image_shape": (40,)}, X),
        ({"image_shape": (1, 40)}, X),
        ({}, np.asfortranarray(X)),
    ]
    assert_layouts_agree(make_1d, X, y, (1, 40), cases)


def test_volumes_with_and_without_channels(make_3d, volumes):
    X, y = volumes
    cases = [
        ({"channel_axis": None}, X),
        ({}, X[:, None]),
        ({}, X[..., None]),
        ({"image_shape": (9, 10, 11)}, rows(X)),
        ({"image_shape": (9, 10, 11, 1)}, rows(X)),
    ]
    assert_layouts_agree(make_3d, X, y, (1, 9, 10, 11), cases)
    two = np.stack([X, 255 - X // 2], axis=1)
    cases = [
        ({}, last(two)),
        ({"channel_axis": 1}, two),
        ({"channel_axis": 2}, np.ascontiguousarray(np.moveaxis(two, 1, 2))),
        ({"image_shape": (2, 9, 10, 11)}, rows(two)),
        ({"image_shape": (9, 10, 11, 2)}, rows(last(two))),
    ]
    assert_layouts_agree(make_3d, two, y, (2, 9, 10, 11), cases)


# ---------------------------------------------------------------------------------------------------- learning


def test_signals_are_learned(make_1d):
    options = {"length": 64, "return_X_y": True, "as_frame": True}
    (X, y), (X_test, y_test) = (make_signals(300, random_state=seed, **options) for seed in (0, 1))
    clf = make_1d(trunk=ConvTrunk(channels=(8, 16), kernel_size=7, hidden=(16,)), max_epochs=12).fit(X, y)
    waveform, sweep, leader = (clf.predict(X_test) == y_test.to_numpy()).mean(axis=0)
    # Chance is 1/4, 1/3 and 1/2; the worst of four seeds had 0.45, 0.74 and 1.00.
    assert waveform > 0.35
    assert sweep > 0.55
    assert leader > 0.9


def test_volumes_are_learned(make_3d):
    options = {"size": 12, "noise": 0.03, "return_X_y": True, "as_frame": True}
    (X, y), (X_test, y_test) = (make_volumes(240, random_state=seed, **options) for seed in (0, 1))
    clf = make_3d(trunk=ConvTrunk(channels=(8, 16), hidden=(16,)), max_epochs=15).fit(X, y)
    body, hollow, axis = (clf.predict(X_test) == y_test.to_numpy()).mean(axis=0)
    # Chance is 1/3, 1/2 and 1/3; the worst of four seeds had 0.73, 0.77 and 0.75.
    assert body > 0.55
    assert hollow > 0.65
    assert axis > 0.55


@pytest.mark.parametrize("kind", ["signals", "volumes"])
def test_early_stopping_keeps_the_best_epoch(kind, make, request):
    X, y = request.getfixturevalue(kind)
    dims = {"signals": 1, "volumes": 3}[kind]
    clf = make(spatial_dims=dims, early_stopping=True, validation_fraction=0.25, max_epochs=6).fit(X, y)
    assert clf.best_score_ == max(row["valid_score"] for row in clf.history_)


@pytest.mark.parametrize("kind", ["signals", "volumes"])
def test_bfloat16_stays_near_float32(kind, make, request):
    X, y = request.getfixturevalue(kind)
    dims = {"signals": 1, "volumes": 3}[kind]
    expected = make(spatial_dims=dims, precision="float32").fit(X, y).predict_proba(X)
    reduced = make(spatial_dims=dims, precision="bfloat16").fit(X, y).predict_proba(X)
    for p, q in zip(reduced, expected, strict=True):
        assert 1e-6 < np.abs(p - q).max() < 0.05  # the trunk did run in eight bits
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)


# ---------------------------------------------------------------------------------------------------- input stage


def test_channels_of_signals_are_standardised_one_by_one(make_1d, signals):
    X, y = signals
    X = np.stack([X[:, 0], 7 + 3 * X[:, 1], np.full_like(X[:, 0], 5)], axis=2)  # (n, length, channels)
    stage = make_1d().fit(X, y).net_.module_.inputs.eval()
    values = X.astype(np.float64)
    np.testing.assert_allclose(stage.mean.flatten(), values.mean(axis=(0, 1)), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(stage.std.flatten()[:2], values.std(axis=(0, 1))[:2], rtol=1e-5)
    assert stage.std.flatten()[2] == 1  # a constant channel stays 0, and is no NaN
    seen = stage(torch.from_numpy(X.transpose(0, 2, 1).copy())).numpy()
    expected = (values - values.mean(axis=(0, 1))) / np.append(values.std(axis=(0, 1))[:2], 1)
    np.testing.assert_allclose(seen, expected.transpose(0, 2, 1), atol=1e-5)


def test_voxels_of_bytes_are_scaled_then_standardised(make_3d, volumes):
    X, y = volumes
    two = np.stack([X, X // 2], axis=1)
    stage = make_3d().fit(two, y).net_.module_.inputs.eval()
    values = two / 255
    assert stage.mean.shape == (1, 2, 1, 1, 1)
    np.testing.assert_allclose(stage.mean.flatten(), values.mean(axis=(0, 2, 3, 4)), rtol=1e-5)
    np.testing.assert_allclose(stage.std.flatten(), values.std(axis=(0, 2, 3, 4)), rtol=1e-5)
    with pytest.warns(PixelUnitWarning, match="X is float64"):
        make_3d().fit(X, y).predict(X / 255)


@pytest.mark.parametrize(
    ("kind", "dims", "shape"), [("signals", 1, (2, 40)), ("volumes", 3, (1, 9, 10, 11))], ids=["signals", "volumes"]
)
def test_augment_gets_channels_first(kind, dims, shape, make, request):
    X, y = request.getfixturevalue(kind)
    seen = []

    def augment(batch):
        seen.append(tuple(batch.shape))
        return batch.roll(1, dims=-1)

    make(spatial_dims=dims, augment=augment, batch_size=N, max_epochs=1).fit(X, y)
    assert seen == [(2, *shape), (N, *shape)]  # the trial before training, and the only batch


def test_augment_gets_signals_in_their_own_order(make_1d, signals):
    X, y = signals
    batches = []
    make_1d(augment=lambda b: batches.append(b.clone()) or b, batch_size=N, max_epochs=1).fit(last(X), y)
    key = np.lexsort(rows(X).T)
    got = batches[-1].numpy()
    np.testing.assert_allclose(got[np.lexsort(rows(got).T)], X[key], rtol=1e-6)


@pytest.mark.parametrize(
    ("augment", "match"),
    [
        (lambda b: b[..., 1:], r"shape \(2, 2, 40\) \(batch, channels, \.\.\.\).*Got shape \(2, 2, 39\)"),
        (lambda b: b.roll((1, 1), dims=(2, 3)), r"augment fails on a float batch of shape \(2, 2, 40\)"),
    ],
    ids=["another length", "made for images"],
)
def test_augment_that_does_not_fit_signals(augment, match, make_1d, signals):
    with pytest.raises(ValueError, match=match):
        make_1d(augment=augment).fit(*signals)


# ---------------------------------------------------------------------------------------------------- storages


def test_pickled_models_predict_the_same(make_1d, make_3d, signals, volumes):
    for make_one, (X, y) in [(make_1d, signals), (make_3d, volumes)]:
        clf = make_one().fit(X, y)
        loaded = pickle.loads(pickle.dumps(clf))
        assert loaded.image_shape_ == clf.image_shape_
        for p, q in zip(loaded.predict_proba(X), clf.predict_proba(X), strict=True):
            np.testing.assert_array_equal(p, q)
        assert clone(clf).get_params()["spatial_dims"] == clf.spatial_dims


def test_signals_stay_where_they_are(make_1d, signals, tmp_path):
    X, y = signals
    expected = make_1d().fit(X, y)
    np.save(tmp_path / "x.npy", last(X))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    order = np.random.default_rng(0).permutation(N)
    for other in [mapped, LazyRows(mapped), LazyRows(X[order], np.argsort(order)), torch.from_numpy(last(X))]:
        assert_same_model(make_1d().fit(other, y), other, expected, X)


def test_signals_of_several_sets_are_standardised_by_set(make_1d, signals):
    X, y = signals
    clf = make_1d().fit({"waveform": X, "sweep": X + 5, "leader": X}, y)
    assert clf.image_shape_ == (2, 40)
    means = clf.net_.module_.inputs.mean.reshape(2, 2)
    np.testing.assert_allclose(means[1] - means[0], 5, rtol=1e-5)
    np.testing.assert_allclose(means[0], X.mean(axis=(0, 2), dtype=float), atol=1e-6)


# ---------------------------------------------------------------------------------------------------- errors

SIGNALS = "X must have shape (n, length), (n, channels, length) or (n, length, channels)."
VOLUMES = "X must have shape (n, D, H, W), (n, C, D, H, W) or (n, D, H, W, C)."


@pytest.mark.parametrize(
    ("shape", "params", "parts"),
    [
        ((9, 10, 11), {"spatial_dims": 1}, [SIGNALS, "(n_samples, 9, 10, 11)", "Set spatial_dims=2 or 3"]),
        ((2, 9, 10, 11), {"spatial_dims": 2}, ["for spatial_dims=2", "Set spatial_dims=3, or reshape X"]),
        ((2, 40), {"spatial_dims": 3}, [VOLUMES, "(n_samples, 2, 40)", "Set spatial_dims=1 or 2"]),
        ((80,), {"spatial_dims": 3}, [VOLUMES, "Say how a row folds with image_shape, or set spatial_dims=1"]),
        ((80,), {"spatial_dims": 3, "image_shape": (8, 10)}, ["a tuple of 3 or 4", "Got (8, 10)"]),
        ((80,), {"spatial_dims": 1, "image_shape": (3, 40)}, ["needs rows of 120 values", "80 columns"]),
        ((9, 10), {"spatial_dims": 1}, ["neither axis is 4 times as long", "9 channels of 10", "Set channel_axis"]),
        ((2, 40), {"spatial_dims": 1, "channel_axis": None}, ["signals of one channel", "name the channel axis"]),
        ((40,), {"spatial_dims": 1, "channel_axis": 1}, ["no axis to spare", "channel_axis=None"]),
        ((2, 40), {"spatial_dims": 4}, ["spatial_dims", "{1, 2, 3}", "Got 4"]),
        ((2, 40), {"spatial_dims": "1"}, ["spatial_dims", "{1, 2, 3}", "Got '1'"]),
    ],
)
def test_wrong_dimensions_get_the_remedy(shape, params, parts, make):
    X = np.random.default_rng(0).random((8, *shape))
    with pytest.raises(ValueError, match=".*".join(map(re.escape, parts))):
        make(**params).fit(X, np.arange(8) % 2)


@pytest.mark.parametrize(
    ("shape", "trunk", "match"),
    [
        (
            (2, 40),
            ConvTrunk(channels=(4,), kernel_size=41, padding="valid"),
            r"A signal .* of 40 values is smaller than the kernel of ConvTrunk \(kernel_size=41\): use a smaller",
        ),
        (
            (9, 10, 11),
            ConvTrunk(channels=(4, 4), kernel_size=5, padding="valid"),
            r"A volume .* of 2 x 3 x 3 voxels is smaller than the kernel of ConvTrunk \(kernel_size=5\): use a smaller",
        ),
        ((2, 9), "lenet", r"A signal .* of 2 values is smaller than the kernel of LeNetTrunk .* ConvTrunk\(\)"),
        ((9, 10, 11), "lenet", r"A volume .* of 2 x 3 x 3 voxels is smaller than the kernel of LeNetTrunk"),
    ],
    ids=["signal", "volume", "lenet signal", "lenet volume"],
)
def test_inputs_smaller_than_a_kernel(shape, trunk, match, make):
    X = np.random.default_rng(0).random((8, *shape))
    with pytest.raises(ValueError, match=match):
        make(trunk=trunk, spatial_dims=1 if len(shape) == 2 else 3).fit(X, np.arange(8) % 2)


def test_a_module_for_images_refuses_signals(make_1d, signals):
    with pytest.raises(ValueError, match=r"Conv2d cannot process .* \(batch, channels, length\).*spatial_dims"):
        make_1d(trunk=torch.nn.Conv2d(2, 4, 3)).fit(*signals)


def test_another_length_or_depth_is_refused_at_predict(make_1d, make_3d, signals, volumes):
    clf = make_1d().fit(*signals)
    with pytest.raises(ValueError, match=re.escape("rows of shape (2, 39), but the model was fitted on rows of shape")):
        clf.predict(signals[0][..., :39])
    with pytest.raises(ValueError, match=re.escape("rows of shape (40, 2), but the model was fitted on rows of shape")):
        clf.predict(last(signals[0]))
    with pytest.raises(ValueError, match=re.escape("rows of shape (9, 10, 10), but the model was fitted on rows")):
        make_3d().fit(*volumes).predict(volumes[0][..., :10])


def test_continued_fits_keep_the_dimensions(make_1d, signals):
    clf = make_1d(warm_start=True).fit(*signals)
    with pytest.raises(ValueError, match="spatial_dims is not what it was when the network was built"):
        clf.set_params(spatial_dims=2).fit(*signals)
