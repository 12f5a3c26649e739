from types import SimpleNamespace

import numpy as np
import pytest
import torch

from skmtl._inputs import ImageLayout
from skmtl.training import BatchDataset, _resident
from skmtl.training._resident import ResidentDataset, make_resident

CPU = torch.device("cpu")
GPU = SimpleNamespace(type="cuda")
ORDERS = [None, [3, 4, 5, 6, 7], [9, 0, 4, 4, 1, 8]]


def pixels(shape=(10, 3, 4), dtype="uint8"):
    return np.random.default_rng(0).integers(0, 250, shape).astype(dtype)


def data(X, rows=None, weighted=True, layout=None):
    n = X.shape[0] if rows is None else len(rows)
    codes = np.arange(n * 2).reshape(n, 2) % 3
    layout = ImageLayout.infer(X.shape[1:]) if layout is None else layout
    weights = codes * 0.5 if weighted else None
    return BatchDataset(X, layout, codes, weights, None if rows is None else np.array(rows))


def assert_same_batches(dataset):
    resident = ResidentDataset(dataset, CPU)
    assert len(resident) == len(dataset)
    for batch in (np.arange(len(dataset)), np.array([2, 0, 4]), np.array([3])):
        images, target = resident.__getitems__(batch)
        expected, expected_target = dataset.__getitems__(batch)
        assert images.dtype == expected.dtype
        assert images.shape == expected.shape
        np.testing.assert_array_equal(images.numpy(), expected.numpy())
        torch.testing.assert_close(target, expected_target, rtol=0, atol=0)
    return resident


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("rows", ORDERS)
def test_same_batches_as_where_the_images_lie(rows, weighted):
    assert_same_batches(data(pixels(), rows, weighted))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64", ">i2", "float16", "float64", "bool"])
def test_images_keep_their_dtype(dtype):
    X = pixels(dtype="uint8").astype(dtype)
    if X.dtype.kind == "u":
        X[0] = np.iinfo(dtype).max  # where a signed view would be negative
    resident = assert_same_batches(data(X, ORDERS[2]))
    # PyTorch picks no rows of the larger unsigned integers on a GPU.
    assert resident.images.dtype not in (torch.uint16, torch.uint32, torch.uint64)


@pytest.mark.parametrize(("shape", "axis"), [((6, 3, 8, 7), 1), ((6, 8, 7, 3), -1), ((6, 28), None)])
def test_channels_and_rows_of_pixels(shape, axis):
    layout = ImageLayout.infer(shape[1:], (4, 7) if axis is None else None, "auto" if axis is None else axis)
    assert_same_batches(data(pixels(shape), layout=layout))


@pytest.mark.parametrize(
    ("rows", "asked"),
    [
        (None, ["012", "345", "678", "9"]),
        (ORDERS[1], ["345", "67"]),
        (ORDERS[2], ["01234", "456789"]),  # 0, 1, 4, then 4, 8, 9: a range is faster than picked rows of it
    ],
)
def test_images_move_a_part_at_a_time_in_the_order_of_the_storage(monkeypatch, rows, asked):
    class Store:
        def __init__(self, array):
            self.array, self.shape, self.dtype, self.asked = array, array.shape, array.dtype, []

        def __getitem__(self, key):
            self.asked.append("".join(map(str, range(10)[key])))
            return self.array[key]

    monkeypatch.setattr(_resident, "PART_BYTES", 3 * 12)
    store = Store(pixels())
    ResidentDataset(data(store, rows), CPU)
    assert store.asked == asked
    assert_same_batches(data(store, rows))


def test_neither_changes_the_other():
    X = pixels()
    before = X.copy()
    resident = ResidentDataset(data(X), CPU)
    images, _ = resident.__getitems__(np.array([1, 2]))
    images.fill_(0)
    np.testing.assert_array_equal(X, before)
    X[:] = 0
    np.testing.assert_array_equal(resident.__getitems__(np.arange(10))[0][:, 0].numpy(), before)


def test_read_only_images_bring_no_warning():
    X = pixels()
    X.flags.writeable = False
    assert_same_batches(data(X))


@pytest.fixture
def moved(monkeypatch):
    """What was moved where, in a machine with as many free bytes on its GPU as `moved.free`."""
    calls = SimpleNamespace(free=0, to=[])

    def move(dataset, device):
        calls.to.append((dataset, device))
        return "moved"

    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (calls.free, 10**12))
    monkeypatch.setattr(_resident, "ResidentDataset", move)
    return calls


@pytest.mark.parametrize("rows", [None, [1, 2, 3]])
def test_what_fits_into_half_of_the_free_memory_moves(moved, rows):
    dataset = data(pixels(), rows)
    needed = len(dataset) * (12 + 3 * 2 * 8)  # pixels; codes and weights and room for as much again
    moved.free = 2 * needed
    assert make_resident(dataset, GPU) == "moved"
    assert moved.to == [(dataset, GPU)]
    moved.free = 2 * needed - 1
    assert make_resident(dataset, GPU) is dataset
    assert len(moved.to) == 1


@pytest.mark.parametrize("kind", ["cpu", "mps"])
def test_nothing_moves_but_to_a_gpu(moved, kind):
    moved.free = 10**12
    dataset = data(pixels())
    assert make_resident(dataset, SimpleNamespace(type=kind)) is dataset


def test_a_model_trained_on_a_resident_data_set_is_the_same(monkeypatch, small, digits):
    plain = small(early_stopping=True).fit(*digits)
    sets = []

    def move(dataset, device):
        sets.append(ResidentDataset(dataset, device))
        return sets[-1]

    monkeypatch.setattr("skmtl.training._train.make_resident", move)
    resident = small(early_stopping=True).fit(*digits)
    assert [len(part) for part in sets] == [54, 6]
    assert all(
        np.array_equal(a, b)
        for a, b in zip(plain.predict_proba(digits[0]), resident.predict_proba(digits[0]), strict=True)
    )
