"""Layouts, standardisation, pixel units and augmentation: one image, many ways to hand it over."""

import numpy as np
import pytest
import torch

from skmtl.exceptions import PixelUnitWarning


@pytest.fixture(scope="module")
def colour(digits):
    """(n, H, W, C) with three different channels and H != W."""
    grey = digits.images[:, :, 1:7]
    return np.stack([grey, grey[:, ::-1] * 0.5 + 0.2, grey**2], axis=-1)


def assert_same_model(a, Xa, b, Xb, tolerance=0):
    for p, q in zip(a.predict_proba(Xa), b.predict_proba(Xb), strict=True):
        np.testing.assert_allclose(p, q, rtol=0, atol=tolerance)


def test_channels_last_first_and_flat_are_the_same_model(make, digits, colour):
    first = np.ascontiguousarray(colour.transpose(0, 3, 1, 2))
    flat = colour.reshape(120, -1)
    expected = make().fit(colour, digits.codes)
    assert expected.image_shape_ == (3, 8, 6)
    for params, X in [
        ({}, first),
        ({"channel_axis": -1}, colour),
        ({"channel_axis": 3}, colour),
        ({"channel_axis": 1}, first),
        ({"channel_axis": -3}, first),
        ({"image_shape": (8, 6, 3)}, flat),
        ({"image_shape": [8, 6, 3], "channel_axis": -1}, flat),
        ({"channel_axis": 2}, np.ascontiguousarray(colour.transpose(0, 1, 3, 2))),
    ]:
        clf = make(**params).fit(X, digits.codes)
        assert clf.image_shape_ == (3, 8, 6)
        assert_same_model(clf, X, expected, colour)


def test_grey_images_with_and_without_a_channel_axis(make, digits):
    X = digits.images[:, :, 1:7]
    expected = make().fit(X, digits.codes)
    assert expected.image_shape_ == (1, 8, 6)
    for params, other in [
        ({"channel_axis": None}, X),
        ({}, X[..., None]),
        ({}, X[:, None]),
        ({"image_shape": (8, 6)}, X.reshape(120, -1)),
        ({}, X.tolist()),
        ({}, np.asfortranarray(X)),
    ]:
        assert_same_model(make(**params).fit(other, digits.codes), other, expected, X)


def test_rows_without_a_shape_are_one_line_images(make, digits):
    clf = make().fit(digits.images.reshape(120, 64), digits.codes)
    assert clf.image_shape_ == (1, 1, 64)


def test_standardisation_is_inside_the_module(make, digits):
    raw = (digits.images * 255).astype(np.uint8)
    clf = make().fit(raw, digits.codes)
    with torch.no_grad():
        logits = clf.net_.module_.eval()(torch.from_numpy(raw[:, None]))
    expected = torch.softmax(logits[:, :4].double(), dim=1).numpy()
    np.testing.assert_allclose(clf.predict_proba(raw)[0], expected, rtol=1e-6)


def test_the_trunk_sees_mean_0_and_standard_deviation_1(make, digits, colour):
    clf = make().fit(colour, digits.codes)
    stage = clf.net_.module_.inputs.eval()
    seen = stage(torch.from_numpy(colour.transpose(0, 3, 1, 2).copy())).numpy()
    np.testing.assert_allclose(seen.mean(axis=(0, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(seen.std(axis=(0, 2, 3)), 1, atol=1e-6)


def test_without_standardisation_the_trunk_sees_the_pixels(make, digits):
    stage = make(standardize=False).fit(digits.images, digits.codes).net_.module_.inputs.eval()
    batch = torch.from_numpy(digits.images[:5, None].copy())
    torch.testing.assert_close(stage(batch), batch)


@pytest.mark.parametrize(("dtype", "largest"), [(np.uint8, 255), (np.int16, 32767), (np.uint16, 65535)])
def test_integer_pixels_are_scaled_by_the_range_of_their_dtype(dtype, largest, make, digits):
    raw = np.round(digits.images * largest).astype(dtype)
    stage = make(standardize=False).fit(raw, digits.codes).net_.module_.inputs.eval()
    tensor = torch.from_numpy(raw[:5, None].astype(np.float64))
    np.testing.assert_allclose(stage(tensor).numpy(), raw[:5, None] / largest, rtol=1e-6)


def test_wide_integers_are_values_not_intensities(make, digits):
    raw = (digits.images * 16).astype(np.int64)
    stage = make(standardize=False).fit(raw, digits.codes).net_.module_.inputs.eval()
    np.testing.assert_allclose(stage(torch.from_numpy(raw[:5, None])).numpy(), raw[:5, None])


def test_a_constant_channel_gives_no_nan(make, digits):
    X = np.stack([digits.images, np.full_like(digits.images, 0.3)], axis=-1)
    clf = make().fit(X, digits.codes)
    assert np.isfinite(clf.predict_proba(X)[0]).all()


def test_units_differ_between_fit_and_predict(make, digits):
    clf = make().fit((digits.images * 255).astype(np.uint8), digits.codes)
    with pytest.warns(PixelUnitWarning, match=r"X is float64.* fitted on uint8 .*0 to 255 against 0 to 1"):
        clf.predict(digits.images)
    clf = make().fit(digits.images, digits.codes)
    with pytest.warns(PixelUnitWarning, match=r"X is uint8.* fitted on float64"):
        clf.predict_proba((digits.images * 255).astype(np.uint8))


def test_float_precisions_are_the_same_units(make, digits):
    # Any warning is an error in this suite.
    clf = make().fit(digits.images, digits.codes)
    single = clf.predict_proba(digits.images.astype(np.float32))
    np.testing.assert_allclose(single[0], clf.predict_proba(digits.images)[0], atol=1e-5)


class Augment:
    """Count the calls, keep the batch sizes and the range of values seen."""

    def __init__(self):
        self.shapes, self.largest = [], 0.0

    def __call__(self, batch):
        self.shapes.append(tuple(batch.shape))
        self.largest = max(self.largest, float(batch.max()))
        return 1 - batch


def test_augmentation_sees_training_batches_and_nothing_else(make, digits):
    augment = Augment()
    raw = (digits.images * 255).astype(np.uint8)
    clf = make(augment=augment, batch_size=50, max_epochs=2, early_stopping=True).fit(raw, digits.codes)
    n_train = 120 - 12
    trained = sorted(shape[0] for shape in augment.shapes[1:])
    assert augment.shapes[0] == (2, 1, 8, 8)  # the trial before training
    assert trained == sorted([50, 50, n_train - 100] * 2)
    assert 0.9 < augment.largest <= 1  # scaled, not yet standardised
    calls = len(augment.shapes)
    clf.predict(raw), clf.predict_proba(raw), clf.score(raw, digits.codes)
    assert len(augment.shapes) == calls


def test_augmentation_changes_what_is_learned(make, digits):
    plain = make(max_epochs=20).fit(digits.images, digits.codes)
    inverted = make(max_epochs=20, augment=Augment()).fit(digits.images, digits.codes)
    assert plain.score(digits.images, digits.codes) > 0.95
    # It has only ever seen negatives.
    assert inverted.score(1 - digits.images, digits.codes) > 0.95
    assert inverted.score(digits.images, digits.codes) < 0.8


def test_statistics_come_from_the_training_part_and_the_weighted_rows(make, digits):
    X = digits.images.copy()
    X[100:] = 50.0
    weight = np.ones(120)
    weight[100:] = 0
    stage = make().fit(X, digits.codes, sample_weight=weight).net_.module_.inputs
    assert float(stage.mean) == pytest.approx(digits.images[:100].mean(), rel=1e-5)
