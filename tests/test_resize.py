import numpy as np
import pytest
from PIL import Image

from skmtl._resize import check_size, resize_images

RNG = np.random.default_rng(0)


def triangle_weights(n_in, n_out):
    """Bilinear weights of every source pixel in every result pixel, widened where the image shrinks."""
    scale = n_in / n_out
    width = max(scale, 1.0)
    weights = np.zeros((n_out, n_in))
    for i in range(n_out):
        centre = (i + 0.5) * scale
        for j in range(n_in):
            weights[i, j] = max(0.0, 1 - abs(j + 0.5 - centre) / width)
        weights[i] /= weights[i].sum()
    return weights


@pytest.mark.parametrize("size", [(5, 4), (13, 20), (5, 20), (12, 9)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_floats_are_filtered_by_a_triangle(size, dtype):
    images = RNG.uniform(-3, 7, (2, 12, 10)).astype(dtype)
    resized = resize_images(images, size)
    expected = triangle_weights(12, size[0]) @ images.astype(float) @ triangle_weights(10, size[1]).T
    assert resized.dtype == dtype
    np.testing.assert_allclose(resized, expected, atol=1e-2 if dtype == np.float16 else 1e-5)


def test_bytes_are_what_pillow_makes_of_them_and_close_to_the_exact_value():
    images = RNG.integers(0, 256, (3, 12, 10), dtype=np.uint8)
    resized = resize_images(images, (5, 7))
    for image, small in zip(images, resized, strict=True):
        pillow = Image.fromarray(image).resize((7, 5), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(small, np.asarray(pillow))
    exact = triangle_weights(12, 5) @ images.astype(float) @ triangle_weights(10, 7).T
    assert resized.dtype == np.uint8
    assert np.abs(resized - exact).max() < 1.1


def test_channels_are_resized_alone():
    images = RNG.integers(0, 256, (2, 9, 9, 3), dtype=np.uint8)
    resized = resize_images(images, 4)
    assert resized.shape == (2, 4, 4, 3)
    for c in range(3):
        np.testing.assert_array_equal(resized[..., c], resize_images(images[..., c], 4))


def test_views_of_any_strides_are_read():
    images = RNG.uniform(size=(2, 3, 8, 6))
    channels_last = np.moveaxis(images, 1, -1)
    np.testing.assert_array_equal(resize_images(channels_last, 4)[..., 1], resize_images(images[:, 1].copy(), 4))


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int16", "int32", "uint32", "int64"])
def test_integers_keep_dtype_and_range_and_are_rounded(dtype):
    # On the way down by two, weights are 3/8 for the near and 1/8 for the far pixel of a side.
    row = np.array([[0, 10, 20, 101]])
    resized = resize_images(row[None].astype(dtype), (1, 2))
    expected = np.rint(row @ triangle_weights(4, 2).T)
    assert resized.dtype == dtype
    np.testing.assert_array_equal(resized[0], expected)
    top = min(np.iinfo(dtype).max, 2**24)
    assert (resize_images(np.full((1, 5, 5), top, dtype), 3) == top).all()


def test_bools_stay_bools():
    images = np.zeros((1, 4, 4), dtype=bool)
    images[0, :, :2] = True
    assert resize_images(images, 2).tolist() == [[[True, False], [True, False]]]


def test_the_same_size_gives_the_same_images_and_nothing_is_changed():
    images = RNG.integers(0, 256, (2, 6, 8), dtype=np.uint8)
    before = images.copy()
    assert resize_images(images, (6, 8)) is images
    resize_images(images, 3)
    np.testing.assert_array_equal(images, before)


def test_nan_stays_nan():
    images = np.ones((1, 4, 4))
    images[0, 0, 0] = np.nan
    resized = resize_images(images, 2)
    assert np.isnan(resized[0, 0, 0])
    assert resized[0, 1, 1] == 1


def test_integers_that_32_bit_floats_cannot_hold_are_refused():
    with pytest.raises(ValueError, match=r"int64 from 0 to 16777217 cannot be resized.*Convert them to floats"):
        resize_images(np.array([[[0, 2**24 + 1]]]), 1)


@pytest.mark.parametrize(
    ("size", "pair"), [(7, (7, 7)), ((7, 9), (7, 9)), ([np.int64(3), 2], (3, 2)), (np.array([4, 5]), (4, 5))]
)
def test_sizes(size, pair):
    assert check_size(size) == pair
    assert all(type(s) is int for s in check_size(size))


@pytest.mark.parametrize("size", [0, -1, 2.5, "64", True, (8,), (8, 8, 3), (8, 0), (8, 2.0), None, {8, 9}])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match=r"canvas must be a positive int or a pair \(height, width\).*Got "):
        check_size(size, "canvas")
