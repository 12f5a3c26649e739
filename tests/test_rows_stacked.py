import numpy as np
import pytest
import torch
import zarr

from skmtl._rows import LazyRows, StackedRows, TaskImages, check_finite, distinct_images, read_rows, stack_rows
from skmtl._rows._picked import PickedRows

RNG = np.random.default_rng(0)
A, B = RNG.integers(0, 255, (2, 20, 4, 3)).astype(np.uint8)
BOTH = np.stack([A, B], axis=1)
NAMES = ["a", "b"]


def mapped(path, array):
    array.tofile(path)
    return np.memmap(path, array.dtype, "r", shape=array.shape)


def in_zarr(path, array):
    z = zarr.create_array(str(path), shape=array.shape, dtype=array.dtype, chunks=(7, *array.shape[1:]))
    z[:] = array
    return z


PAIRS = {
    "arrays": lambda path: (A, B),
    "tensors": lambda path: (torch.from_numpy(A), torch.from_numpy(B)),
    "mixed": lambda path: (torch.from_numpy(A), B),
    "maps": lambda path: (mapped(path / "a", A), mapped(path / "b", B)),
    "array and map": lambda path: (A, mapped(path / "b", B)),
    "zarr": lambda path: (in_zarr(path / "a", A), in_zarr(path / "b", B)),
    "zarr and tensor": lambda path: (in_zarr(path / "a", A), torch.from_numpy(B)),
    "picked alike": lambda path: tuple(
        LazyRows(z, np.arange(20)[::-1]) for z in (in_zarr(path / "a", A[::-1]), mapped(path / "b", B[::-1]))
    ),
    "picked each": lambda path: (LazyRows(A[::-1].copy(), np.arange(20)[::-1]), LazyRows(B, np.arange(20))),
}


@pytest.fixture(params=PAIRS)
def kind(request):
    return request.param


@pytest.fixture
def stacked(kind, tmp_path):
    return stack_rows([read_rows(X) for X in PAIRS[kind](tmp_path)], NAMES)


def test_properties(stacked, kind):
    assert (stacked.shape, len(stacked), stacked.dtype) == ((20, 2, 4, 3), 20, np.uint8)
    assert (stacked.row_bytes, stacked.nbytes) == (24, 480)
    assert stacked.stored == any(word in kind for word in ("map", "zarr", "alike"))
    assert read_rows(stacked) is stacked


@pytest.mark.parametrize("indices", [[3, 1, 2], [0], [19, 0, 19], [], list(range(5, 9))], ids=str)
def test_take_is_a_fresh_copy_of_the_rows(stacked, kind, indices):
    indices = np.asarray(indices, np.intp)
    batch = stacked.take(indices)
    assert isinstance(batch, torch.Tensor if kind == "tensors" else np.ndarray)
    np.testing.assert_array_equal(batch, BOTH[indices])
    batch[...] = 1
    np.testing.assert_array_equal(stacked.take(indices), BOTH[indices])


@pytest.mark.parametrize(("start", "stop"), [(0, 20), (5, 8), (4, 4)])
def test_read_returns_consecutive_rows(stacked, start, stop):
    np.testing.assert_array_equal(stacked.read(start, stop), BOTH[start:stop])


def test_parts_hold_every_row_once(stacked, kind):
    parts = np.concatenate([np.asarray(part) for part in stacked.parts(n_bytes=7 * 24)])
    # In the order of the storage, where all inputs pick the same rows.
    np.testing.assert_array_equal(parts, BOTH[::-1] if kind == "picked alike" else BOTH)


def test_rows_out_of_range(stacked):
    with pytest.raises(IndexError, match="but X has 20 rows"):
        stacked.take(np.array([20]))


def test_splits_of_task_images_are_picked_once(tmp_path):
    X = TaskImages({"a": in_zarr(tmp_path / "a", A), "b": in_zarr(tmp_path / "b", B)})[[7, 2, 9, 2]]
    stacked = stack_rows([read_rows(value) for value in distinct_images(X)[1]], NAMES)
    assert isinstance(stacked, PickedRows)
    assert isinstance(stacked.rows, StackedRows)
    np.testing.assert_array_equal(stacked.take(np.array([1, 0])), BOTH[[2, 7]])
    np.testing.assert_array_equal(np.concatenate(list(stacked.parts())), BOTH[[2, 7, 9]])


def test_same_picks_of_storages_of_other_lengths():
    stacked = stack_rows([read_rows(LazyRows(A, [3, 1])), read_rows(LazyRows(B[:5], [3, 1]))], NAMES)
    np.testing.assert_array_equal(stacked.read(0, 2), BOTH[[3, 1]])


def test_one_input():
    stacked = stack_rows([read_rows(A)], ["a"])
    assert stacked.shape == (20, 1, 4, 3)
    np.testing.assert_array_equal(stacked.take(np.array([2, 0])), A[[2, 0], None])
    assert np.shares_memory(stacked.read(3, 5), A)
    tensor = torch.from_numpy(A)
    assert torch.equal(stack_rows([read_rows(tensor)], ["a"]).read(0, 2), tensor[:2, None])


def test_many_inputs_keep_their_order():
    inputs = np.arange(5 * 6 * 2).reshape(5, 6, 2)
    stacked = stack_rows([read_rows(values) for values in inputs], list("abcde"))
    np.testing.assert_array_equal(stacked.take(np.array([5, 1])), inputs.swapaxes(0, 1)[[5, 1]])


def test_dtypes_that_numpy_lacks():
    low, single = torch.arange(6).reshape(3, 2).bfloat16(), torch.arange(6).reshape(3, 2).float()
    both = stack_rows([read_rows(low), read_rows(low + 1)], NAMES).take(np.array([2, 0]))
    assert both.dtype == torch.bfloat16
    assert torch.equal(both, torch.stack([low[[2, 0]], low[[2, 0]] + 1], 1))
    for X in (single, single.numpy()):
        mixed = stack_rows([read_rows(low), read_rows(X)], NAMES)
        assert mixed.row_bytes == 2 * 2 + 2 * 4
        batch = mixed.take(np.array([2, 0]))
        assert batch.dtype == np.float32
        np.testing.assert_array_equal(batch, np.stack([single[[2, 0]]] * 2, axis=1))


def test_tensors_stay_on_their_device():
    # A device without values; a batch from elsewhere would be an error.
    X = read_rows(torch.ones(3, 2, device="meta"))
    assert stack_rows([X, X], NAMES).take(np.array([1])).device.type == "meta"


def test_bytes_of_any_order():
    stacked = stack_rows([read_rows(A.astype(">f4")), read_rows(B.astype("<f4"))], NAMES)
    assert stacked.dtype.isnative
    assert stacked.take(np.array([1])).dtype.isnative
    np.testing.assert_array_equal(stacked.read(0, 20), BOTH)


def test_pixels_are_checked_in_every_input():
    X = np.ones((4, 3))
    check_finite(stack_rows([read_rows(X), read_rows(X)], NAMES))
    bad = X.copy()
    bad[3, 1] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        check_finite(stack_rows([read_rows(X), read_rows(bad)], NAMES))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((A, A, B[:9]), r"X\['a'\] has 20 images, X\['c'\] 9: pass one image per task and row, or .*stack_tasks"),
        (
            (A, A[:, :2], B),
            r"X\['b'\] has images of shape \(2, 3\), but X\['a'\] of \(4, 3\): resize them to one shape",
        ),
        ((A, A, B / 255), r"X\['c'\] is float64, but X\['a'\] uint8: convert one of them, .* same units"),
    ],
    ids=["length", "shape", "dtype"],
)
def test_inputs_that_do_not_fit(values, message):
    with pytest.raises(ValueError, match=message):
        stack_rows([read_rows(X) for X in values], ["a", "b", "c"])
