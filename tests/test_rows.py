import h5py
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import torch
import zarr

from skmtl._rows import LazyRows, read_rows

IMAGES = np.random.default_rng(0).integers(0, 255, (50, 4, 3)).astype(np.uint8)


class Requests:
    """A store of the duck kind: slices and increasing integer arrays only."""

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.keys = array, array.shape, array.dtype, []

    def __getitem__(self, key):
        self.keys.append(key)
        assert isinstance(key, slice) or (np.diff(key) > 0).all()
        return self.array[key]


def mapped(path, array, mode="r"):
    array.tofile(path)
    return np.memmap(path, array.dtype, mode, shape=array.shape)


def in_hdf5(path, array):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=array, chunks=(7, *array.shape[1:]))
    return h5py.File(path, "r")["x"]


def in_zarr(path, array):
    z = zarr.create_array(str(path), shape=array.shape, dtype=array.dtype, chunks=(7, *array.shape[1:]))
    z[:] = array
    return zarr.open_array(str(path), mode="r")


def in_longer_map(path, array):
    return mapped(path, np.concatenate([array[:9], array]))[9:]


def picked(path, array):
    order = np.random.default_rng(1).permutation(len(array))
    return LazyRows(in_hdf5(path, array[np.argsort(order)]), order)


STORAGES = {
    "array": lambda path, array: array.copy(),
    "view": lambda path, array: np.repeat(array, 2, axis=0)[::2],
    "fortran": lambda path, array: np.asfortranarray(array),
    "memmap": mapped,
    "copy-on-write": lambda path, array: mapped(path, array, "c"),
    "memmap view": in_longer_map,
    "memmap asarray": lambda path, array: np.asarray(in_longer_map(path, array)),
    "memmap reversed": lambda path, array: mapped(path, np.ascontiguousarray(array[::-1]))[::-1],
    "tensor": lambda path, array: torch.from_numpy(array.copy()),
    "h5py": in_hdf5,
    "zarr": in_zarr,
    "duck": lambda path, array: Requests(array.copy()),
    "lazy": lambda path, array: LazyRows(mapped(path, array)),
    "picked": picked,
}
IN_MEMORY = {"array", "view", "fortran", "tensor"}


@pytest.fixture(params=STORAGES)
def storage(request):
    return request.param


@pytest.fixture
def rows(storage, tmp_path):
    return read_rows(STORAGES[storage](tmp_path / "x", IMAGES))


@pytest.mark.parametrize(
    "indices",
    [[3, 1, 2], [0], [49, 0, 49, 7, 0], [], list(range(20, 30)), [0, 49], list(range(50))[::-1], [4] * 9],
    ids=str,
)
def test_take_is_a_fresh_copy_of_the_rows(rows, storage, indices):
    indices = np.asarray(indices, dtype=np.intp)
    batch = rows.take(indices)
    assert isinstance(batch, torch.Tensor if storage == "tensor" else np.ndarray)
    np.testing.assert_array_equal(batch, IMAGES[indices])
    batch[...] = 1
    np.testing.assert_array_equal(rows.take(indices), IMAGES[indices])


def test_take_accepts_indices_that_cannot_be_written(rows):
    indices = np.array([2, 1], dtype=np.uint16)
    indices.flags.writeable = False
    np.testing.assert_array_equal(rows.take(indices), IMAGES[[2, 1]])


@pytest.mark.parametrize("bad", [[-1], [50], [0, 1000]])
def test_take_names_rows_that_are_not_there(rows, bad):
    with pytest.raises(IndexError, match="but X has 50 rows"):
        rows.take(np.array(bad))


@pytest.mark.parametrize(("start", "stop"), [(0, 50), (10, 13), (49, 50), (5, 5)])
def test_read_returns_consecutive_rows(rows, start, stop):
    np.testing.assert_array_equal(rows.read(start, stop), IMAGES[start:stop])


def test_parts_hold_every_row_once(rows, storage):
    parts = [np.asarray(part) for part in rows.parts(n_bytes=10 * 12)]
    assert [len(part) for part in parts] == [10] * 5
    together = np.concatenate(parts)
    if storage == "picked":
        together = together[np.random.default_rng(1).permutation(50)]
    np.testing.assert_array_equal(together, IMAGES)


def test_properties(rows, storage):
    assert (rows.shape, len(rows), rows.dtype, rows.nbytes) == ((50, 4, 3), 50, np.uint8, 600)
    assert rows.stored == (storage not in IN_MEMORY)
    assert read_rows(rows) is rows


@pytest.mark.parametrize("name", [s for s in STORAGES if s != "tensor"])
def test_bytes_of_any_order_come_back_in_native_order(name, tmp_path):
    values = np.arange(50, dtype=">f4").reshape(50, 1, 1)
    rows = read_rows(STORAGES[name](tmp_path / "x", values))
    assert rows.dtype == np.float32
    assert rows.dtype.isnative
    for batch in (rows.take(np.array([3, 1])), rows.read(3, 4)):
        assert batch.dtype.isnative
        assert batch[0, 0, 0] == 3


def test_read_of_rows_in_memory_is_a_view():
    array, tensor = IMAGES.copy(), torch.zeros(5, 2)
    assert np.shares_memory(read_rows(array).read(1, 3), array)
    assert read_rows(tensor).read(1, 3).data_ptr() == tensor[1:].data_ptr()
    assert np.shares_memory(read_rows(LazyRows(array, [4, 5, 6])).read(1, 3), array)


@pytest.mark.parametrize("flip", [np.s_[::-1], np.s_[:, ::-1], np.s_[..., ::-1]])
def test_read_of_rows_that_run_backwards_is_a_copy_that_pytorch_takes(flip):
    images = np.arange(24.0).reshape(4, 2, 3)[flip]
    for read in (read_rows(images).read(1, 3), LazyRows(images)._lazy_rows().read(1, 3)):
        assert torch.from_numpy(read).tolist() == images[1:3].tolist()


def test_read_of_stored_rows_is_not(tmp_path):
    mapped_images = mapped(tmp_path / "x", IMAGES, "r+")
    batch = read_rows(mapped_images).read(0, 50)
    assert batch.flags.writeable
    assert not np.shares_memory(batch, mapped_images)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("bfloat16", "float32"), ("float16", "float16"), ("float64", "float64"), ("bool", "bool"), ("uint16", "uint16")],
)
def test_tensors_keep_their_dtype(dtype, expected):
    tensor = torch.arange(6).reshape(3, 2).to(getattr(torch, dtype))
    rows = read_rows(tensor)
    assert rows.dtype == np.dtype(expected)
    assert rows.nbytes == tensor.nbytes
    assert rows.take(np.array([2, 0])).dtype == tensor.dtype
    assert torch.equal(rows.take(np.array([2, 0])), torch.stack([tensor[2], tensor[0]]))


def test_tensors_are_detached_and_stay_on_their_device():
    assert not read_rows(torch.ones(3, 2, requires_grad=True)).take(np.array([1])).requires_grad
    # A device without values; a batch from elsewhere would be an error.
    batch = read_rows(torch.ones(3, 2, device="meta")).take(np.array([1]))
    assert batch.device.type == "meta"


def test_a_store_is_asked_once_for_a_batch_and_for_increasing_rows():
    store = Requests(np.arange(2000.0).reshape(1000, 2))
    batch = read_rows(store).take(np.array([900, 3, 900, 500]))
    np.testing.assert_array_equal(batch[:, 0], [1800, 6, 1800, 1000])
    assert len(store.keys) == 1
    assert store.keys[0].tolist() == [3, 500, 900]


def test_a_store_is_asked_for_the_range_of_dense_rows():
    store = Requests(np.arange(2000.0).reshape(1000, 2))
    batch = read_rows(store).take(np.array([14, 10, 11]))
    np.testing.assert_array_equal(batch[:, 0], [28, 20, 22])
    assert store.keys == [slice(10, 15)]


def test_a_large_request_is_split(monkeypatch):
    monkeypatch.setattr("skmtl._rows._stored.PART_BYTES", 16 * 10)
    store = Requests(np.arange(2000.0).reshape(1000, 2))
    indices = np.random.default_rng(0).permutation(1000)[:700]
    np.testing.assert_array_equal(read_rows(store).take(indices), store.array[indices])
    assert max(key.stop - key.start for key in store.keys) == 10


@pytest.mark.parametrize(
    "X",
    [
        [[1.0, 2.0]],
        pd.DataFrame({"a": [1.0]}),
        pd.Series([1.0]),
        pl.DataFrame({"a": [1.0]}),
        pl.Series([1.0]),
        sp.csr_array(np.eye(3)),
        np.ma.masked_array(np.eye(3), mask=np.eye(3)),
        np.array([["a"]]),
        np.array([[None]]),
        np.float64(3),
        np.array(3.0),
        torch.tensor(3.0),
        torch.eye(3).to_sparse(),
        type("OnlyArray", (), {"__array__": lambda self, dtype=None, copy=None: np.eye(3)})(),
        None,
        "text",
    ],
    ids=lambda X: type(X).__name__,
)
def test_what_scikit_learn_reads_whole_is_left_to_it(X):
    assert read_rows(X) is None
