import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from skmtl._inputs import ImageLayout
from skmtl._rows import read_rows
from skmtl.training import BatchDataset
from skmtl.training._data import as_tensor, keep_batch


def data(n=10, rows=None):
    X = (np.arange(n * 12) % 250).reshape(n, 3, 4).astype("float32")
    codes = np.arange(n * 2).reshape(n, 2) % 3
    codes = codes if rows is None else codes[rows]
    return BatchDataset(X, ImageLayout.infer((3, 4)), codes, codes * 0.5, rows)


def unlabelled(X):
    codes = np.full((len(X), 1), -1)
    return BatchDataset(X, ImageLayout.infer(X.shape[1:]), codes, codes * 0.0)


def test_a_batch_is_fetched_whole():
    images, (codes, weights) = data().__getitems__([7, 2])
    assert images.shape == (2, 1, 3, 4)
    assert images[:, 0, 0, 0].tolist() == [7 * 12, 2 * 12]
    assert codes.tolist() == [[14 % 3, 15 % 3], [4 % 3, 5 % 3]]
    assert weights.tolist() == (codes * 0.5).tolist()


def test_rows_select_and_order():
    part = data(rows=np.array([9, 4, 6]))
    assert len(part) == 3
    images, (codes, _) = part.__getitems__([2, 0])
    assert images[:, 0, 0, 0].tolist() == [6 * 12, 9 * 12]
    assert codes.tolist() == [[0, 1], [0, 1]]


def test_one_sample():
    image, (codes, weights) = data()[3]
    assert image.shape == (1, 3, 4)
    assert image[0, 0, 0] == 36
    assert codes.tolist() == [0, 1]
    assert weights.tolist() == [0, 0.5]


def test_a_loader_asks_for_whole_batches(monkeypatch):
    asked, fetch = [], BatchDataset.__getitems__

    def spy(self, indices):
        asked.append(list(indices))
        return fetch(self, indices)

    monkeypatch.setattr(BatchDataset, "__getitems__", spy)
    batches = list(DataLoader(data(), batch_size=4, collate_fn=keep_batch))
    assert asked == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [len(images) for images, _ in batches] == [4, 4, 2]
    assert torch.cat([images for images, _ in batches])[:, 0, 0, 0].tolist() == [12 * i % 250 for i in range(10)]


DTYPES = [
    "uint8",
    "int8",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
    "longdouble",
]


@pytest.mark.parametrize("order", ["=", ">", "<"])
@pytest.mark.parametrize("dtype", [*DTYPES, "bool"])
def test_any_numeric_dtype(dtype, order):
    X = np.arange(6).reshape(2, 3).astype(dtype)
    given = X.astype(X.dtype.newbyteorder(order))
    before = given.copy()
    tensor = as_tensor(read_rows(given).take(np.arange(2)))
    assert tensor.dtype == (torch.float64 if dtype == "longdouble" else torch.from_numpy(X[:0]).dtype)
    assert tensor.double().tolist() == X.astype(float).tolist()
    np.testing.assert_array_equal(given, before)
    assert given.dtype == before.dtype


@pytest.mark.parametrize("view", [lambda X: X[:, ::-1], lambda X: X.transpose(0, 2, 1), lambda X: X[::2]])
def test_strided_arrays(view):
    X = view(np.arange(60.0).reshape(5, 3, 4))
    images, _ = unlabelled(X).__getitems__([2, 1])
    np.testing.assert_array_equal(images[:, 0].numpy(), X[[2, 1]])


@pytest.mark.parametrize("mode", ["r", "c"])
def test_memory_mapped_images(tmp_path, mode):
    path = tmp_path / "X.npy"
    X = np.arange(5 * 12, dtype=np.uint16).reshape(5, 3, 4)
    np.save(path, X)
    mapped = np.load(path, mmap_mode=mode)
    images, _ = unlabelled(mapped).__getitems__([4, 0])
    np.testing.assert_array_equal(images[:, 0].numpy(), X[[4, 0]])
    images.fill_(7)  # a batch is a copy: augmentation in place cannot reach the data
    np.testing.assert_array_equal(mapped, X)


def test_read_only_arrays_stay_as_they_are():
    X = np.ones((4, 3, 4), dtype=np.float32)
    X.flags.writeable = False
    images, _ = unlabelled(X).__getitems__(np.arange(4))
    images *= 5
    assert (X == 1).all()


@pytest.mark.parametrize("dtype", ["uint8", ">u2", "float16", "int32", "bool"])
def test_estimator_takes_any_dtype_and_changes_nothing(small, digits, dtype):
    X = (digits[0] > 7).astype(dtype) if dtype == "bool" else digits[0].astype(dtype)
    X.flags.writeable = False
    before = X.copy()
    clf = small().fit(X, digits[1])
    clf.predict(X)
    np.testing.assert_array_equal(X, before)
    plain = small().fit(X.astype(float), digits[1])
    # Standardisation takes any scale of the pixels out again.
    np.testing.assert_allclose(clf.predict_proba(X)[0], plain.predict_proba(X.astype(float))[0], atol=1e-6)
