import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from skmtl._resize import resize_images
from skmtl.datasets import LazyRows, _stack_images
from skmtl.datasets._stack_images import read_images, stack_images

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (3, 8, 8), dtype=np.uint8)
RGB = RNG.integers(0, 256, (2, 12, 10, 3), dtype=np.uint8)


def stack(*parts, size=None, mode=None, channel_axis="auto"):
    return stack_images({f"p{i}": read_images(X) for i, X in enumerate(parts)}, size, mode, channel_axis)


@pytest.mark.parametrize("shape", [(5,), (6, 5), (6, 5, 3), (4, 4, 4, 2)])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", "bool", ">i2"])
def test_parts_of_one_shape_are_copied_as_they_are(shape, dtype):
    first, second = (RNG.integers(0, 2, (n, *shape)).astype(dtype) for n in (3, 2))
    stacked = stack(first, second)
    assert stacked.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(stacked, np.concatenate([first, second]))


def test_a_single_part_is_a_copy():
    stacked = stack(GREY)
    assert not np.shares_memory(stacked, GREY)
    np.testing.assert_array_equal(stacked, GREY)


def test_size_and_mode():
    stacked = stack(GREY, RGB, size=(6, 5), mode="RGB")
    assert stacked.shape == (5, 6, 5, 3)
    for c in range(3):
        np.testing.assert_array_equal(stacked[:3, ..., c], resize_images(GREY, (6, 5)))
    np.testing.assert_array_equal(stacked[3:], resize_images(RGB, (6, 5)))
    assert stack(GREY, RGB, size=(6, 5), mode="L").shape == (5, 6, 5)


@pytest.mark.parametrize(
    ("parts", "shape"),
    [
        ((GREY, RGB), (5, 8, 8, 3)),
        ((GREY, np.moveaxis(RGB, -1, 1)), (5, 3, 8, 8)),
        ((RGB, np.moveaxis(RGB, -1, 1)), (4, 8, 8, 3)),
        ((np.moveaxis(RGB, -1, 1), RGB), (4, 3, 8, 8)),
        ((GREY, GREY), (6, 8, 8, 3)),
    ],
)
def test_channels_come_where_the_first_part_has_them(parts, shape):
    assert stack(*parts, size=(8, 8), mode="RGB").shape == shape


def test_one_layout_is_another_moved():
    last, first = RGB, np.moveaxis(RGB, -1, 1)
    np.testing.assert_array_equal(stack(last, first, mode="RGB"), np.concatenate([last, last]))
    np.testing.assert_array_equal(stack(first, last, size=(12, 10)), np.concatenate([first, first]))


def test_blocks_do_not_show(monkeypatch):
    whole = stack(GREY, RGB, size=(6, 5), mode="L")
    monkeypatch.setattr(_stack_images, "BLOCK_BYTES", 8 * 8)
    np.testing.assert_array_equal(stack(GREY, RGB, size=(6, 5), mode="L"), whole)


def test_images_are_read_wherever_they_lie(tmp_path):
    mapped = np.memmap(tmp_path / "images", np.uint8, "w+", shape=GREY.shape)
    mapped[:] = GREY
    lazy = LazyRows(np.concatenate([GREY, GREY]))[3:]
    frame = pd.DataFrame(GREY.reshape(3, 64))
    with h5py.File(tmp_path / "images.h5", "w") as file:
        stored = file.create_dataset("X", data=GREY)
        stacked = stack(GREY, mapped, lazy, stored, torch.from_numpy(GREY))
    np.testing.assert_array_equal(stacked, np.concatenate([GREY] * 5))
    np.testing.assert_array_equal(stack(frame, GREY.reshape(3, 64)), np.concatenate([GREY.reshape(3, 64)] * 2))
    np.testing.assert_array_equal(stack(GREY.tolist()), GREY)


def test_floats_that_numpy_lacks():
    tensor = torch.tensor([[1.5, 2.0]], dtype=torch.bfloat16)
    np.testing.assert_array_equal(stack(tensor), np.array([[1.5, 2.0]], np.float32))


def test_different_shapes_name_every_part_and_the_remedy():
    with pytest.raises(
        ValueError,
        match=r"shapes: 'p0' \(8, 8\), 'p1' \(12, 10, 3\)\. Pass size=\(height, width\) to resize them, or mode='L' or",
    ):
        stack(GREY, RGB)
    with pytest.raises(ValueError, match=r"different shapes.*Pass mode='L' or mode='RGB' to give") as error:
        stack(GREY, RGB, size=(8, 8))
    assert "size=" not in str(error.value)
    with pytest.raises(ValueError, match=r"different shapes.*Pass size=\(height, width\)") as error:
        stack(GREY, RGB, mode="L")
    assert "mode=" not in str(error.value)
    with pytest.raises(ValueError, match=r"'p0' \(64,\), 'p1' \(8, 8\)\. Pass X reshaped to images"):
        stack(GREY.reshape(3, 64), GREY)


def test_conversion_errors_name_the_part():
    with pytest.raises(ValueError, match=r"parts\['p1'\]: X has shape \(n_samples, 64\)"):
        stack(GREY, GREY.reshape(3, 64), size=(8, 8))


def test_different_dtypes_are_refused_with_their_units():
    with pytest.raises(ValueError, match=r"dtypes: 'p0' uint8, 'p1' float64\. Convert.*astype.*Mind the units.*/ 255"):
        stack(GREY, GREY / 255)
    with pytest.raises(ValueError, match="dtypes: 'p0' float32, 'p1' float64") as error:
        stack(GREY.astype("float32"), GREY.astype("float64"))
    assert "units" not in str(error.value)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros(3), r"Got shape \(3,\) instead"),
        (np.zeros((0, 8, 8)), r"at least one row and one pixel. Got shape \(0, 8, 8\)"),
        (np.array([["a"]]), "X must be an array of numbers"),
        (np.zeros((2, 2), complex), "Complex data not supported"),
        (np.ma.masked_equal(GREY, GREY[0, 0, 0]), "masked values.*X.data\\[keep\\], y\\[keep\\]"),
        (LazyRows(np.ma.MaskedArray(GREY, GREY > -1)), "masked values.*X.data\\[keep\\], y\\[keep\\]"),
        ({"X": GREY}, "Got dict instead"),
        ([[1, 2], [3]], "X is ragged: resize all images"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(X, message):
    with pytest.raises(ValueError, match=message):
        read_images(X)
