import copy
import pickle

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
import zarr
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import _safe_indexing, indexable, shuffle
from sklearn.utils.validation import _num_samples
from skorch.helper import SliceDict

from skmtl._rows import TaskImages as Exported
from skmtl._rows import distinct_images, image_cells
from skmtl.datasets import LazyRows, TaskImages

RNG = np.random.default_rng(0)
DIGITS, CLOTHES = RNG.integers(0, 255, (12, 4, 3)).astype(np.uint8), RNG.random((12, 5))
LABELS = np.arange(12) % 2


def two():
    return TaskImages({"digit": DIGITS, "fashion": CLOTHES, "again": DIGITS})


def assert_rows(X, rows, shared=(0, 1, 0)):
    """Assert that X has the rows `rows` of every task, and that tasks share what they did."""
    assert isinstance(X, TaskImages)
    assert (X.tasks, len(X), X.shape, X.ndim) == (["digit", "fashion", "again"], len(rows), (len(rows),), 1)
    assert list(X.images) == X.tasks
    for task, values in zip(X.tasks, [DIGITS, CLOTHES, DIGITS], strict=True):
        assert isinstance(X.images[task], LazyRows)
        np.testing.assert_array_equal(X.images[task], values[rows])
    assert distinct_images(X)[2] == list(shared)
    assert X.images["digit"] is X.images["again"]


class Numbers(ClassifierMixin, BaseEstimator):
    """A classifier that checks that images and labels belong together."""

    def __init__(self, c=1):
        self.c = c

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        assert isinstance(X, TaskImages)
        assert (np.asarray(X.images["a"])[:, 0] % 2 == y).all()
        return self

    def predict(self, X):
        a, b = (np.asarray(X.images[task])[:, 0] for task in ("a", "b"))
        assert (a + 100 == b).all()
        return a % 2


class Resize(TransformerMixin, BaseEstimator):
    """A transformer from the images of every task to others."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return TaskImages({task: np.asarray(images)[:, :1] for task, images in X.images.items()})


def numbered(n=12):
    return TaskImages({"a": np.arange(n)[:, None] * [1, 1], "b": np.arange(n)[:, None] + 100})


def test_exported_twice():
    assert Exported is TaskImages


@pytest.mark.parametrize(
    "key",
    [
        slice(3, 11, 4),
        slice(None, None, -1),
        [4, 4, -1],
        np.array([11, 0], np.uint8),
        np.arange(12) % 3 == 0,
        pd.Series([3, 1], index=[8, 9]),
        [True] * 6 + [False] * 6,
        range(5, 2, -1),
    ],
    ids=str,
)
def test_keys_pick_rows_of_every_task(key):
    rows = np.arange(12)[list(key) if isinstance(key, range) else key]
    assert_rows(two()[key], rows)
    assert_rows(two()[key, ...], rows)


def test_picks_compose():
    assert_rows(two()[2:10][::-1][[0, 3, 0]], [9, 6, 9])


def test_no_rows():
    X = two()[[]]
    assert (len(X), X.images["fashion"].shape) == (0, (0, 5))
    assert len(two()[3:3]) == 0


@pytest.mark.parametrize("key", [2, -10, np.int8(2), (2, Ellipsis)], ids=repr)
def test_an_int_reads_the_image_of_every_task(key):
    images = two()[key]
    assert list(images) == ["digit", "fashion", "again"]
    np.testing.assert_array_equal(images["fashion"], CLOTHES[2])
    np.testing.assert_array_equal(images["again"], DIGITS[2])


def test_iteration_ends():
    assert [image["digit"][0, 0] for image in two()[:3]] == DIGITS[:3, 0, 0].tolist()


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (12, "Row 12 is out of range: there are 12 rows"),
        ([0.5], "TaskImages picks rows by an int, a slice"),
        ((0, 1), "TaskImages picks whole rows"),
        ("digit", r"TaskImages picks rows; the images of a task are X\.images\['digit'\]\.$"),
        ("digits", "Did you mean 'digit'"),
    ],
)
def test_keys_that_pick_no_rows(key, message):
    with pytest.raises(IndexError, match=message):
        two()[key]


def test_nothing_is_read_or_copied():
    class Unread:
        shape, dtype = (12, 4, 3), np.dtype(np.uint8)

        def __getitem__(self, key):
            raise AssertionError(f"read {key}")

    X = TaskImages({"a": Unread(), "b": DIGITS})[::2][[1, 0]]
    assert repr(X) == "TaskImages(n_rows=2, 'a': (4, 3) uint8, 'b': (4, 3) uint8)"
    assert X.images["b"]._storage is DIGITS


def test_all_kinds_of_values(tmp_path):
    path = tmp_path / "x"
    CLOTHES.tofile(path)
    stored = zarr.create_array(str(tmp_path / "z"), shape=CLOTHES.shape, dtype=CLOTHES.dtype, chunks=(5, 5))
    stored[:] = CLOTHES
    values = {
        "array": CLOTHES,
        "map": np.memmap(path, np.float64, "r", shape=CLOTHES.shape),
        "tensor": torch.from_numpy(CLOTHES),
        "zarr": stored,
        "lazy": LazyRows(CLOTHES[::-1], slice(None, None, -1)),
        "frame": pd.DataFrame(CLOTHES.copy()),  # before pandas 3, a frame is a view of its array
        "list": CLOTHES.tolist(),
        "unmasked": np.ma.masked_array(CLOTHES.copy(), mask=False),
    }
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = CLOTHES
    with h5py.File(tmp_path / "x.h5", "r") as file:
        X = TaskImages(values | {"h5py": file["x"]})[[7, 2, 2]]
        assert distinct_images(X)[2] == list(range(9))
        for images in X.images.values():
            np.testing.assert_array_equal(images, CLOTHES[[7, 2, 2]])
        twin = pickle.loads(pickle.dumps(X))
    for images in twin.images.values():
        np.testing.assert_array_equal(images, CLOTHES[[7, 2, 2]])


def test_lists_and_frames_are_shared_too():
    rows = CLOTHES.tolist()
    assert distinct_images(TaskImages({"a": rows, "b": CLOTHES, "c": rows}))[2] == [0, 1, 0]


def test_made_from_task_images_and_slice_dicts():
    assert_rows(TaskImages(two()[[3, 1]]), [3, 1])
    X = TaskImages(SliceDict(digit=DIGITS, fashion=CLOTHES))
    np.testing.assert_array_equal(X[[5]].images["fashion"], CLOTHES[[5]])


def test_a_later_change_of_the_mapping_does_not_matter():
    given = {"digit": DIGITS, "fashion": CLOTHES, "again": DIGITS}
    X = TaskImages(given)
    given.clear()
    X.images.clear()
    X.tasks.clear()
    assert_rows(X, np.arange(12))


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, lambda X: pickle.loads(pickle.dumps(X))])
def test_copies_share_as_the_original(twin):
    assert_rows(twin(two()), np.arange(12))
    assert_rows(twin(two()[[5, 3]]), [5, 3])
    assert_rows(twin(two()[[5, 3]])[::-1], [3, 5])


def test_pickles_hold_a_shared_set_once():
    large = np.zeros((10, 10_000), np.uint8)
    assert len(pickle.dumps(TaskImages({"a": large, "b": large, "c": large}))) < 110_000


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (DIGITS, TypeError, r"needs a mapping task -> images, .* Got ndarray instead"),
        ({}, ValueError, "images is an empty mapping: it needs the images of every task"),
        ({"a": DIGITS, "b": DIGITS[:9]}, ValueError, r"images\['a'\] has 12 rows, images\['b'\] 9: pass one image per"),
        ({"a": DIGITS, "c": DIGITS, "b": DIGITS[:9]}, ValueError, r"images\['b'\] 9"),
        ({"a": DIGITS, "b": [[1], [2, 3]]}, ValueError, r"images\['b'\] cannot be read: .* inhomogeneous"),
        (
            {"a": [["x"]]},
            TypeError,
            r"images\['a'\] must hold numbers, .* Got an array of <U1 of shape \(1, 1\) instead",
        ),
        ({"a": None}, TypeError, r"images\['a'\] .* Got NoneType instead"),
        ({"a": sp.csr_array(np.eye(3))}, TypeError, "Got csr_array instead"),
        ({"a": np.array(3.0)}, TypeError, "Got ndarray instead"),
        (
            {"a": np.ma.masked_array([[1.0, 2.0]], mask=[[True, False]])},
            ValueError,
            r"images\['a'\] cannot be read: X has 1 masked values, not all in rows that are masked as a whole.*filled",
        ),
    ],
)
def test_what_is_refused(images, error, message):
    with pytest.raises(error, match=message):
        TaskImages(images)


def test_it_is_no_array():
    with pytest.raises(TypeError, match=r"not one array: use X\.images\['digit'\]"):
        np.asarray(two())


def test_scikit_learn_splits_without_reading():
    X = two()
    assert indexable(X, LABELS)[0] is X
    assert _num_samples(X) == 12
    for key in ([1, 2], np.array([1, 2]), (1, 2)):
        assert_rows(_safe_indexing(X, key), [1, 2])
    assert_rows(_safe_indexing(X, LABELS == 1), np.arange(1, 12, 2))
    assert_rows(_safe_indexing(X, slice(3)), [0, 1, 2])
    train, test, at_train, at_test = train_test_split(X, np.arange(12), random_state=0, stratify=LABELS)
    assert_rows(train, at_train)
    assert_rows(test, at_test)
    assert_rows(*shuffle(X, np.arange(12), random_state=0))


def test_scikit_learn_keeps_images_and_labels_together():
    pipeline = make_pipeline(FunctionTransformer(), Resize(), Numbers())
    cv = KFold(3, shuffle=True, random_state=0)
    assert cross_val_score(pipeline, numbered(), LABELS, cv=cv).tolist() == [1, 1, 1]
    assert cross_val_predict(pipeline, numbered(), LABELS, cv=cv).tolist() == LABELS.tolist()
    search = GridSearchCV(pipeline, {"numbers__c": [1, 2]}, cv=cv).fit(numbered(), LABELS)
    assert search.best_score_ == 1
    assert search.predict(numbered()[[5, 2]]).tolist() == [1, 0]


def test_other_processes_share_the_sets_too():
    def look(X):
        return distinct_images(X)[2], [float(np.asarray(images).sum()) for images in X.images.values()]

    # Large enough for joblib to send it as a memory map.
    large = np.ones((10, 200_000), np.float32)
    X = TaskImages({"a": large, "b": large[:, :5], "c": large})
    looks = Parallel(n_jobs=2)(delayed(look)(X[rows]) for rows in ([0, 1], slice(5)))
    assert looks == [([0, 1, 0], [4e5, 10, 4e5]), ([0, 1, 0], [1e6, 25, 1e6])]


def masked(images, rows):
    mask = np.zeros(images.shape, bool)
    mask[rows] = True
    return np.ma.MaskedArray(images, mask)


@pytest.mark.parametrize("twin", [lambda X: X, copy.deepcopy, lambda X: pickle.loads(pickle.dumps(X)), TaskImages])
def test_rows_masked_as_a_whole_are_no_images(twin):
    digits = masked(DIGITS, [3, 7])
    X = twin(TaskImages({"digit": digits, "again": digits, "fashion": masked(CLOTHES, [3]), "last": CLOTHES}))
    assert distinct_images(X)[2] == [0, 0, 1, 2]
    seen = np.ones((12, 4))
    seen[[3, 7], :2], seen[3, 2] = 0, 0
    for picked in (np.arange(12), [11, 7, 3, 3], [7, 0]):
        np.testing.assert_array_equal(image_cells(X[picked][:], X.tasks), seen[picked])
    assert image_cells(X[:3], X.tasks) is None
    np.testing.assert_array_equal(np.asarray(X.images["digit"]), DIGITS)
    image = X[7]
    assert image["digit"].mask.all()
    assert not np.ma.is_masked(image["fashion"])


@pytest.mark.parametrize("kind", [dict, TaskImages])
def test_views_of_a_masked_array_are_one_set_of_images(kind):
    images, more = masked(DIGITS, [3]), masked(DIGITS, [3, 5])
    # The same pixels, but other labels count.
    X = kind({"a": images[:9], "b": images[:9], "c": images[3:], "d": DIGITS[3:], "e": more[3:]})
    assert distinct_images(X)[2] == [0, 0, 1, 2, 3]
