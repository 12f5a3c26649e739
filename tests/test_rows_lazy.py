import copy
import pickle
import re
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
import zarr
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.validation import _num_samples

from skmtl._rows import read_rows, split_blank
from skmtl.datasets import LazyRows

IMAGES = np.random.default_rng(0).integers(0, 255, (30, 4, 3)).astype(np.uint8)
LABELS = np.arange(30) % 2


class Unread:
    """A store that nobody may read."""

    shape, dtype = (30, 4, 3), np.dtype(np.uint8)

    def __getitem__(self, key):
        raise AssertionError(f"read {key}")


class OnlyLazy(ClassifierMixin, BaseEstimator):
    """A classifier that knows whether its images are those of its labels; they begin with the row number."""

    def __init__(self, c=1):
        self.c = c

    def fit(self, X, y):
        assert isinstance(X, LazyRows)
        assert X.shape == (len(y), 2)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        assert isinstance(X, LazyRows)
        return read_rows(X).take(np.arange(len(X)))[:, 0] % 2


@pytest.fixture
def numbered(tmp_path):
    X = np.stack([np.arange(30), np.zeros(30)], axis=1).astype(np.int32)
    X.tofile(tmp_path / "x")
    return LazyRows(np.memmap(tmp_path / "x", np.int32, "r", shape=X.shape))


@pytest.mark.parametrize(
    "key",
    [
        slice(3, 20, 4),
        slice(None, None, -1),
        [4, 4, -1],
        (2, 1, 2),
        range(5, 2, -1),
        [],
        np.array([29, 0], np.uint8),
        np.arange(30) % 3 == 0,
        [True] * 15 + [False] * 15,
        pd.Series([3, 1], index=[8, 9]),
        Ellipsis,
    ],
    ids=str,
)
def test_keys_pick_as_arrays_do(key):
    X = LazyRows(IMAGES)
    plain = list(key) if isinstance(key, tuple) else key
    # A tuple of ints is what scikit-learn turns into a list; here it has another meaning, as in NumPy.
    picked = X[plain, ...] if key is not Ellipsis else X[key]
    expected = IMAGES[plain if not isinstance(plain, list) or plain else np.empty(0, int)]
    assert isinstance(picked, LazyRows)
    assert picked.shape == expected.shape
    np.testing.assert_array_equal(picked, expected)
    np.testing.assert_array_equal(LazyRows(IMAGES, plain), expected)


def test_picks_compose_and_share_the_storage():
    X = LazyRows(IMAGES)[5:25][::-1][[0, 3, 0]]
    np.testing.assert_array_equal(X, IMAGES[[24, 21, 24]])
    np.testing.assert_array_equal(LazyRows(X, [2, 1]), IMAGES[[24, 21]])
    assert X._source is X[:2]._source


def test_picks_read_nothing():
    X = LazyRows(Unread())
    picked = X[::2][[1, 0]][np.array([True, False]), ...]
    assert (picked.shape, picked.dtype, picked.ndim, len(picked)) == ((1, 4, 3), np.uint8, 3, 1)
    assert repr(picked) == "LazyRows(shape=(1, 4, 3), dtype=uint8, storage=Unread)"


@pytest.mark.parametrize("key", [2, -1, np.int8(2), np.array(2), (2, Ellipsis), (2,)], ids=repr)
def test_an_int_reads_the_image(key):
    image = LazyRows(IMAGES)[key]
    assert isinstance(image, np.ndarray)
    np.testing.assert_array_equal(image, IMAGES[-1 if isinstance(key, int) and key < 0 else 2])
    image[...] = 0
    assert IMAGES[2].any()


def test_iteration_ends():
    np.testing.assert_array_equal(list(LazyRows(IMAGES, [3, 1])), IMAGES[[3, 1]])


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (30, "Row 30 is out of range: there are 30 rows, from 0 to 29"),
        ([0, -31], "Row -31 is out of range"),
        ([0, 99], "Row 99 is out of range"),
        ([0.5, 1.0], r"Got \[0\.5, 1\.0\] instead"),
        (np.ones((2, 2), int), r"Got an array of int64 of shape \(2, 2\) instead"),
        ([[1], [2, 3]], "1d sequence of ints"),
        ("a", "Got 'a' instead"),
        (True, "Got True instead"),
        (None, "one key for the rows, .* Got None instead"),
        ((0, 1), r"one key for the rows, as in X\[:100\]\. Got \(0, 1\) instead"),
        ([True, False], "one bool per row: 30. Got 2 instead"),
    ],
)
def test_keys_that_pick_no_rows(key, message):
    with pytest.raises(IndexError, match=message):
        LazyRows(IMAGES)[key]


def test_rows_must_be_a_sequence_of_rows():
    with pytest.raises(IndexError, match=r"rows must be a 1d sequence of ints, a mask or a slice\. Got 3 instead"):
        LazyRows(IMAGES, rows=3)
    with pytest.raises(IndexError, match="Row 30 is out of range"):
        LazyRows(IMAGES, rows=[30])


@pytest.mark.parametrize(
    ("X", "found"),
    [
        ([[1.0]], "list"),
        (pd.DataFrame({"a": [1.0]}), "DataFrame"),
        (np.array([["a"]]), r"an array of <U1 of shape \(1, 1\)"),
        (np.array(3.0), r"an array of float64 of shape \(\)"),
        (torch.tensor(3.0), "Tensor"),
    ],
)
def test_what_has_no_rows(X, found):
    with pytest.raises(TypeError, match=f"whose first axis picks images: .* Got {found} instead"):
        LazyRows(X)


def test_array_honours_dtype_and_copy():
    X = LazyRows(IMAGES)
    assert np.asarray(X, dtype=np.float32).dtype == np.float32
    assert not np.shares_memory(np.array(X), IMAGES)
    assert not np.shares_memory(np.array(X[3:9]), IMAGES)
    with pytest.raises(ValueError, match="leave out copy=False"):
        np.asarray(X, copy=False)


def test_tensors_become_arrays():
    values = torch.arange(6).reshape(3, 2)
    np.testing.assert_array_equal(LazyRows(values.bfloat16())[::-1], [[4, 5], [2, 3], [0, 1]])
    image = LazyRows(values.bfloat16())[1]
    assert image.dtype == np.float32
    assert np.asarray(LazyRows(values)).dtype == np.int64


def test_scikit_learn_splits_without_reading():
    X = LazyRows(Unread())
    assert indexable(X, LABELS)[0] is X
    assert _num_samples(X) == 30
    for key in ([1, 2], np.array([1, 2]), LABELS == 1, slice(3)):
        assert isinstance(_safe_indexing(X, key), LazyRows)
    parts = train_test_split(X, LABELS, random_state=0, stratify=LABELS)
    assert [len(part) for part in parts] == [22, 8, 22, 8]
    assert [X[train].shape for train, _ in KFold(3).split(X)] == [(20, 4, 3)] * 3


def test_scikit_learn_keeps_images_and_labels_together(numbered):
    pipeline = make_pipeline(FunctionTransformer(), OnlyLazy())
    cv = KFold(3, shuffle=True, random_state=0)
    assert cross_val_score(pipeline, numbered, LABELS, cv=cv).tolist() == [1, 1, 1]
    search = GridSearchCV(pipeline, {"onlylazy__c": [1, 2]}, cv=cv).fit(numbered, LABELS)
    assert search.best_score_ == 1


def test_other_processes_see_the_same_rows(tmp_path, numbered):
    values = np.asarray(numbered)
    z = zarr.create_array(str(tmp_path / "z"), shape=values.shape, dtype=values.dtype, chunks=(7, 2))
    z[:] = values
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = values
    pipeline = make_pipeline(FunctionTransformer(np.asarray), KNeighborsClassifier(2))
    expected = cross_val_score(pipeline, values, LABELS)
    with h5py.File(tmp_path / "x.h5", "r") as file:
        for X in (numbered, LazyRows(z), LazyRows(file["x"])):
            assert cross_val_score(pipeline, X, LABELS, n_jobs=2).tolist() == expected.tolist()


def test_pickle_and_deepcopy_keep_rows(tmp_path):
    z = zarr.create_array(str(tmp_path / "z"), shape=IMAGES.shape, dtype=IMAGES.dtype, chunks=(7, 4, 3))
    z[:] = IMAGES
    for storage in (IMAGES, torch.from_numpy(IMAGES), z):
        X = LazyRows(storage, [3, 1])
        for twin in (pickle.loads(pickle.dumps(X)), copy.deepcopy(X)):
            np.testing.assert_array_equal(twin, IMAGES[[3, 1]])
    assert len(pickle.dumps(LazyRows(z))) < 5000


def test_hdf5_is_opened_again(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["group/x"] = IMAGES
    with h5py.File(path, "r") as file:
        data = pickle.dumps(LazyRows(file["group/x"], [3, 1]))
    assert len(data) < 1000
    twin = pickle.loads(data)
    np.testing.assert_array_equal(twin, IMAGES[[3, 1]])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(twin)), IMAGES[[3, 1]])
    assert twin._storage.file.mode == "r"


def test_hdf5_that_nobody_else_can_open(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["x"] = IMAGES
        X = LazyRows(file["x"])
        with pytest.raises(ValueError, match=re.escape(f"{path} is open for writing (mode 'r+')")):
            pickle.dumps(X)
    with pytest.raises(ValueError, match="its HDF5 file is closed"):
        pickle.dumps(X)
    with h5py.File(tmp_path / "memory", "w", driver="core", backing_store=False) as file:
        file["x"] = IMAGES
        with pytest.raises(ValueError, match="no file holds the HDF5 data set '/x'"):
            pickle.dumps(LazyRows(file["x"]))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_workers_map_the_same_file(tmp_path):
    path = tmp_path / "large.bin"
    with open(path, "wb") as file:
        file.truncate(300 * 2**20)
    storage = np.memmap(path, np.uint8, "r", shape=(300, 2**20))

    def work(X):
        values = np.array([int(row[0]) for row in read_rows(X).parts(2**24) for row in row])
        private = int(re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())[1])
        return len(values), private, str(path) in Path("/proc/self/maps").read_text()

    for X in (LazyRows(storage)[10:], LazyRows(np.asarray(storage[10:]))):
        # The first call has the libraries imported, which takes memory too.
        alone = Parallel(n_jobs=2)(delayed(work)(LazyRows(IMAGES[:, 0])) for _ in range(2))
        mapped = Parallel(n_jobs=2)(delayed(work)(X) for _ in range(2))
        assert [(n, here) for n, _, here in mapped] == [(290, True)] * 2
        assert max(private for _, private, _ in mapped) - min(private for _, private, _ in alone) < 100 * 2**10


def test_rows_of_a_masked_array_that_are_no_images_stay_so(tmp_path):
    np.save(tmp_path / "x.npy", IMAGES)
    mask = np.zeros(IMAGES.shape, bool)
    mask[[2, 20]] = True
    for pixels in (IMAGES, np.load(tmp_path / "x.npy", mmap_mode="r")):
        X = LazyRows(np.ma.MaskedArray(pixels, mask))
        assert np.shares_memory(X._storage, pixels)
        assert split_blank(X)[1].nonzero()[0].tolist() == [2, 20]
        part = pickle.loads(pickle.dumps(LazyRows(X[[20, 1, 2]], [0, 1])))
        assert split_blank(part)[1].tolist() == [True, False]
        assert split_blank(X[:2])[1] is None
        assert (X[2].mask.all(), type(X[1])) == (True, np.ndarray)
        for read in (np.asanyarray(X), np.ma.asarray(X), 0 + np.asanyarray(X), np.ma.array(X, copy=True)):
            np.testing.assert_array_equal(read.mask, mask)
            np.testing.assert_array_equal(read.filled(0), np.where(mask, 0, IMAGES))
        assert type(np.asarray(X)) is type(np.asanyarray(X[3:5])) is np.ndarray
    assert not np.ma.is_masked(np.asanyarray(LazyRows(np.ma.MaskedArray(IMAGES))))


def test_what_is_under_a_mask_need_not_be_finite():
    X = LazyRows(np.ma.masked_invalid([[1.0, 2.0], [np.nan, np.inf]]))
    assert np.asarray(X).tolist() == [[1, 2], [0, 0]]


def test_rows_masked_in_part_are_refused():
    with pytest.raises(ValueError, match=r"X has 4 masked values, not all in rows .* X\.filled\(0\)"):
        LazyRows(np.ma.masked_less(np.arange(9).reshape(3, 3), 4))
    with pytest.raises(TypeError, match="array of object"):
        LazyRows(np.ma.MaskedArray([["x"]], dtype=object))
