import numpy as np
import pytest
from PIL import Image

from skmtl._resize import resize_images
from skmtl.datasets._image_form import ImageForm, find_channels

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("shape", "channel_axis", "axis"),
    [((8, 9), "auto", None), ((8, 9, 3), "auto", 2), ((3, 8, 9), "auto", 0), ((3, 8, 3), 1, 0), ((3, 8, 3), -1, 2)],
)
def test_find_channels(shape, channel_axis, axis):
    assert find_channels(shape, "RGB", channel_axis) == axis


@pytest.mark.parametrize(
    ("shape", "mode", "message"),
    [
        ((64,), "L", r"shape \(n_samples, 64\), but size and mode are for images .*: reshape X"),
        ((8, 8, 8, 3), None, r"shape \(n_samples, 8, 8, 8, 3\), but size and mode"),
        ((3, 8, 3), None, "is ambiguous: both readings fit.*Set channel_axis"),
        ((8, 8, 4), "RGB", r"4 channels, but mode='RGB' is made of grey \(1\) or RGB \(3\) only.*alpha"),
    ],
)
def test_what_is_no_image_is_refused(shape, mode, message):
    with pytest.raises(ValueError, match=message):
        find_channels(shape, mode, "auto")


def test_four_channels_may_be_resized():
    assert find_channels((8, 8, 4), None, "auto") == 2


@pytest.mark.parametrize(
    ("form", "shape", "axis", "expected"),
    [
        (ImageForm((4, 6), None, 2), (8, 8), None, (4, 6)),
        (ImageForm((4, 6), None, 0), (8, 8, 3), 2, (3, 4, 6)),
        (ImageForm(None, "L", 2), (3, 8, 9), 0, (8, 9)),
        (ImageForm(None, "L", 2), (8, 9, 1), 2, (8, 9)),
        (ImageForm(None, "RGB", 2), (8, 9), None, (8, 9, 3)),
        (ImageForm((4, 6), "RGB", 0), (8, 9), None, (3, 4, 6)),
    ],
)
def test_shape_is_that_of_the_converted_images(form, shape, axis, expected):
    assert form.shape(shape, axis) == expected
    assert form.convert(np.zeros((2, *shape), np.uint8), axis).shape == (2, *expected)


def test_grey_bytes_are_pillows():
    images = RNG.integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    grey = ImageForm(None, "L", 2).convert(images, 2)
    for image, converted in zip(images, grey, strict=True):
        np.testing.assert_array_equal(converted, np.asarray(Image.fromarray(image).convert("L")))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_grey_floats_are_weighted_by_itu_r_601(dtype):
    pixel = np.array([[[[1.0, 0.5, 0.25]]]], dtype=dtype)
    grey = ImageForm(None, "L", 2).convert(pixel, 2)
    assert grey.dtype == dtype
    assert grey[0, 0, 0] == pytest.approx(0.299 + 0.587 / 2 + 0.114 / 4, rel=1e-3)


def test_grey_integers_are_rounded():
    pixel = np.array([[[[1000, 2000, 3001]]]], dtype=np.uint16)
    assert ImageForm(None, "L", 2).convert(pixel, 2).tolist() == [[[1815]]]  # 299 + 1174 + 342.114


def test_rgb_repeats_grey():
    images = RNG.integers(0, 256, (2, 5, 4), dtype=np.uint8)
    last, first = (ImageForm(None, "RGB", axis).convert(images, None) for axis in (2, 0))
    for c in range(3):
        np.testing.assert_array_equal(last[..., c], images)
        np.testing.assert_array_equal(first[:, c], images)


def test_channels_move_and_each_is_resized_alone():
    images = RNG.uniform(size=(2, 3, 8, 6))
    converted = ImageForm((4, 3), None, 2).convert(images, 0)
    assert converted.shape == (2, 4, 3, 3)
    for c in range(3):
        np.testing.assert_array_equal(converted[..., c], resize_images(images[:, c], (4, 3)))


def test_grey_is_made_before_it_is_resized():
    images = RNG.integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    grey = ImageForm(None, "L", 2).convert(images, 2)
    np.testing.assert_array_equal(ImageForm((4, 4), "L", 2).convert(images, 2), resize_images(grey, 4))


def test_images_are_not_changed():
    images = RNG.integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    before = images.copy()
    for form in (ImageForm((4, 4), "L", 2), ImageForm((4, 4), "RGB", 0), ImageForm(None, "L", 2)):
        form.convert(images, 2)
    np.testing.assert_array_equal(images, before)
