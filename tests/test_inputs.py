import dataclasses
import re

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_image

from skmtl._inputs import ImageLayout, pixel_scale


@pytest.mark.parametrize(
    ("row_shape", "given", "folded", "axis", "image_shape"),
    [
        ((784,), {"image_shape": (28, 28)}, (28, 28), None, (1, 28, 28)),
        ((784,), {}, (1, 784), None, (1, 1, 784)),
        ((90,), {"image_shape": [6, 5, 3]}, (6, 5, 3), 2, (3, 6, 5)),
        ((60,), {"image_shape": (5, 4, 3), "channel_axis": 1}, (5, 4, 3), 0, (5, 4, 3)),
        ((8, 9), {}, (8, 9), None, (1, 8, 9)),
        ((8, 9), {"channel_axis": None}, (8, 9), None, (1, 8, 9)),
        ((8, 9), {"image_shape": (8, 9)}, (8, 9), None, (1, 8, 9)),
        ((3, 3), {}, (3, 3), None, (1, 3, 3)),
        ((8, 9, 3), {}, (8, 9, 3), 2, (3, 8, 9)),
        ((3, 8, 9), {}, (3, 8, 9), 0, (3, 8, 9)),
        ((1, 8, 9), {}, (1, 8, 9), 0, (1, 8, 9)),
        ((3, 9, 4), {"channel_axis": -1}, (3, 9, 4), 2, (4, 3, 9)),
        ((8, 9, 7), {"channel_axis": 2}, (8, 9, 7), 1, (9, 8, 7)),
        ((8, 9, 7), {"channel_axis": np.int64(-3)}, (8, 9, 7), 0, (8, 9, 7)),
    ],
)
def test_what_the_axes_mean(row_shape, given, folded, axis, image_shape):
    layout = ImageLayout.infer(row_shape, **given)
    assert (layout.row_shape, layout.folded_shape, layout.channel_axis) == (row_shape, folded, axis)
    assert layout.image_shape == image_shape
    assert all(type(s) is int for s in layout.folded_shape)


@pytest.mark.parametrize("axis", [1, 2, 3])
@pytest.mark.parametrize("wrap", [np.asarray, torch.as_tensor])
def test_images_move_the_channels_first(axis, wrap):
    first = np.arange(2 * 3 * 5 * 7).reshape(2, 3, 5, 7)
    X = np.moveaxis(first, 1, axis)
    layout = ImageLayout.infer(X.shape[1:], channel_axis=axis)
    np.testing.assert_array_equal(np.asarray(layout.images(wrap(X))), first)


def test_channels_in_the_middle_keep_height_before_width():
    X = np.arange(2 * 5 * 3 * 7).reshape(2, 5, 3, 7)
    got = ImageLayout.infer(X.shape[1:], channel_axis=2).images(X)
    assert got[1, 2, 4, 6] == X[1, 4, 2, 6]


def test_folded_rows_and_grey_images_get_one_channel():
    rows = np.arange(12).reshape(2, 6)
    got = ImageLayout.infer((6,), image_shape=(2, 3)).images(rows)
    assert got.shape == (2, 1, 2, 3)
    assert got[1, 0].tolist() == [[6, 7, 8], [9, 10, 11]]


@pytest.mark.parametrize("wrap", [np.asarray, torch.from_numpy])
def test_images_are_views(wrap):
    X = np.stack([load_sample_image("china.jpg")] * 2)
    images = ImageLayout.infer(X.shape[1:]).images(wrap(X))
    assert images.shape == (2, 3, 427, 640)
    assert np.shares_memory(np.asarray(images), X)


@pytest.mark.parametrize(
    ("row_shape", "given", "match"),
    [
        ((3, 9, 3), {}, r"\(n_samples, 3, 9, 3\) is ambiguous: both readings fit: channels first \(channel_axis=1, 3"),
        ((8, 9, 7), {}, r"neither reading has at most 4 channels: channels first .* 9 x 7\) or channels last .* 8 x 9"),
        ((8, 9, 3), {"channel_axis": None}, "channel_axis=None means grey images"),
        ((8, 9), {"channel_axis": 1}, "no axis to spare: use channel_axis=None"),
        ((8, 9, 3), {"channel_axis": 0}, "channel_axis=0 is not an axis of the images"),
        ((8, 9, 3), {"channel_axis": 4}, "channel_axis=4 is not an axis"),
        ((8, 9, 3), {"channel_axis": -4}, "channel_axis=-4 is not an axis"),
        ((8, 9, 3), {"channel_axis": "last"}, "channel_axis must be 'auto', an int or None. Got 'last'"),
        ((8, 9, 3), {"channel_axis": True}, "channel_axis must be 'auto', an int or None. Got True"),
        ((64,), {"spatial_dims": True}, r"spatial_dims must be 1 \(signals\), 2 \(images\) or 3 \(volumes\). Got True"),
        ((8, 9), {"spatial_dims": 4}, "spatial_dims must be 1 .* Got 4 instead"),
        ((2, 8, 9, 3), {}, r"X must have shape \(n, n_features\), .* Got X of shape \(n_samples, 2, 8, 9, 3\)"),
        ((64,), {"image_shape": (8, 9)}, r"image_shape=\(8, 9\) needs rows of 72 values, but X has 64 columns"),
        ((8, 8), {"image_shape": (4, 16)}, r"but X already has images of shape \(8, 8\): drop image_shape"),
        ((64,), {"image_shape": (64,)}, "image_shape must be None or a tuple of 2 or 3 positive ints"),
        ((64,), {"image_shape": (-8, -8)}, "image_shape must be None or a tuple"),
        ((64,), {"image_shape": (8.5, 8)}, r"image_shape must be None or a tuple.*Got \(8.5, 8\)"),
        ((16,), {"image_shape": "28"}, "image_shape must be None or a tuple.*Got '28'"),
        ((64,), {"image_shape": ("8", "x")}, "image_shape must be None or a tuple"),
    ],
)
def test_layouts_that_make_no_sense(row_shape, given, match):
    with pytest.raises(ValueError, match=match):
        ImageLayout.infer(row_shape, **given)


def test_trailing_shape_is_checked_whole():
    layout = ImageLayout.infer((8, 9, 3))
    layout.check(np.zeros((5, 8, 9, 3)))
    with pytest.raises(
        ValueError, match=re.escape("rows of shape (8, 9, 1), but the model was fitted on rows of shape (8, 9, 3)")
    ):
        layout.check(np.zeros((5, 8, 9, 1)))


@pytest.mark.parametrize(
    ("dtype", "highest"),
    [("uint8", 255), (">u2", 65535), ("int8", 127), ("int16", 32767), ("int64", 1), ("float32", 1), ("bool", 1)],
)
def test_pixel_scale(dtype, highest):
    assert pixel_scale(dtype) == 1 / highest


@pytest.mark.parametrize(
    ("row_shape", "spatial_dims", "given", "image_shape"),
    [
        ((100,), 1, {}, (1, 100)),
        ((3, 100), 1, {}, (3, 100)),
        ((100, 3), 1, {}, (3, 100)),
        ((80, 320), 1, {}, (80, 320)),
        ((20, 5), 1, {}, (5, 20)),
        ((100, 90), 1, {"channel_axis": 2}, (90, 100)),
        ((300,), 1, {"image_shape": (100, 3)}, (3, 100)),
        ((6, 7, 8), 3, {}, (1, 6, 7, 8)),
        ((2, 6, 7, 8), 3, {}, (2, 6, 7, 8)),
        ((6, 7, 8, 2), 3, {}, (2, 6, 7, 8)),
        ((6, 7, 8, 9), 3, {"channel_axis": -1}, (9, 6, 7, 8)),
        ((24,), 3, {"image_shape": (2, 3, 4)}, (1, 2, 3, 4)),
    ],
)
def test_signals_and_volumes(row_shape, spatial_dims, given, image_shape):
    layout = ImageLayout.infer(row_shape, spatial_dims=spatial_dims, **given)
    assert layout.image_shape == image_shape
    batch = np.arange(2 * np.prod(row_shape)).reshape((2, *row_shape))
    images = layout.images(batch)
    assert images.shape == (2, *image_shape)
    folded = batch.reshape((2, *layout.folded_shape))
    if layout.channel_axis is not None:
        folded = np.moveaxis(folded, layout.channel_axis + 1, 1)
    np.testing.assert_array_equal(images.reshape(folded.shape), folded)


@pytest.mark.parametrize(
    ("row_shape", "spatial_dims", "given", "match"),
    [
        ((6, 7, 8, 9), 2, {}, r"for spatial_dims=2. Set spatial_dims=3, or reshape"),
        ((6, 7, 8, 9), 1, {}, r"\(n, channels, length\).*Set spatial_dims=3"),
        ((5, 6, 7), 1, {}, r"Set spatial_dims=2 or 3"),
        ((30, 40), 3, {}, r"\(n, D, H, W\).*Set spatial_dims=1 or 2"),
        ((24,), 3, {}, "Say how a row folds with image_shape, or set spatial_dims=1"),
        ((50, 30), 1, {}, r"neither axis is 4 times as long.*50 channels of 30\).*30 channels of 50\)"),
        ((6, 7, 8, 9), 3, {}, r"6 channels of 7 x 8 x 9.*9 channels of 6 x 7 x 8"),
        ((3, 100), 1, {"channel_axis": None}, r"signals of one channel \(n, length\)"),
        ((3, 100), 1, {"channel_axis": 3}, "use 1, 2 or -1"),
        ((24,), 3, {"image_shape": (4, 6)}, r"3 or 4 positive ints, such as \(16, 16, 16\)"),
    ],
)
def test_signals_and_volumes_that_make_no_sense(row_shape, spatial_dims, given, match):
    with pytest.raises(ValueError, match=match):
        ImageLayout.infer(row_shape, spatial_dims=spatial_dims, **given)


def test_several_images_a_row():
    layout = dataclasses.replace(ImageLayout.infer((5, 6, 3)), n_inputs=2)
    batch = np.arange(3 * 2 * 90).reshape(3, 2, 5, 6, 3)
    images = layout.images(batch)
    np.testing.assert_array_equal(images, np.moveaxis(batch, -1, 2))
    np.testing.assert_array_equal(layout.images(torch.from_numpy(batch)).numpy(), images)
