from collections.abc import Mapping
from types import MappingProxyType

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from skorch.helper import SliceDict

from skmtl._rows import LazyRows, TaskImages, distinct_images

A, B = np.zeros((4, 2, 2)), np.ones((4, 2, 2))


class Own(Mapping):
    """A mapping that is no dict."""

    def __init__(self, items):
        self.items_ = items

    def __getitem__(self, key):
        return self.items_[key]

    def __iter__(self):
        return iter(self.items_)

    def __len__(self):
        return len(self.items_)


@pytest.mark.parametrize(
    "X",
    [
        A,
        A.tolist(),
        None,
        torch.zeros(2, 2),
        LazyRows(A),
        pd.DataFrame({"a": [1.0]}),
        sp.csr_array(np.eye(2)),
        sp.dok_array(np.eye(2)),
        sp.dok_matrix(np.eye(2)),
        sp.dok_matrix((2, 2)),
    ],
    ids=lambda X: type(X).__name__,
)
def test_what_is_no_mapping(X):
    assert distinct_images(X) is None


@pytest.mark.parametrize("kind", [dict, Own, MappingProxyType, lambda items: SliceDict(**items), TaskImages])
def test_tasks_keep_their_order_and_share_objects(kind):
    tasks, values, input_of = distinct_images(kind({"b": B, "a": A, "c": B, "d": A.copy()}))
    assert (tasks, input_of) == (["b", "a", "c", "d"], [0, 1, 0, 2])
    for value, expected in zip(values, [B, A, A], strict=True):
        np.testing.assert_array_equal(value, expected)
    if kind is not TaskImages:
        assert values[0] is B
        assert values[1] is A


def test_keys_of_any_kind():
    assert distinct_images({0: A, (1, 2): B, None: A})[0] == [0, (1, 2), None]


def test_lazy_rows_share_a_storage_with_the_same_rows():
    X = LazyRows(A)
    given = {"a": A, "lazy": X, "same": LazyRows(A), "picked": X[[2, 1]], "alike": LazyRows(A, [2, 1]), "other": X[1:3]}
    assert distinct_images(given)[2] == [0, 0, 0, 1, 1, 2]
    assert distinct_images({"all": X, "all, but picked": X[:]})[2] == [0, 1]
    assert distinct_images(TaskImages({"a": X[:2], "b": LazyRows(A, [0, 1])}))[2] == [0, 0]


def test_splits_of_task_images_share():
    X = TaskImages({"a": A, "b": B, "c": A})
    tasks, values, input_of = distinct_images(X[[3, 0]])
    assert (tasks, input_of) == (["a", "b", "c"], [0, 1, 0])
    assert [value.shape for value in values] == [(2, 2, 2)] * 2
    assert values[0] is X[[3, 0]]._inputs[0] or values[0]._storage is A


def test_the_answer_is_not_the_inside_of_task_images():
    X = TaskImages({"a": A, "b": B})
    for part in distinct_images(X):
        part.clear()
    assert X.tasks == ["a", "b"]
    assert len(distinct_images(X)[1]) == 2


def test_groups_of_hdf5_files_are_mappings(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["a"], file["b"] = A, B
        tasks, values, input_of = distinct_images(file)
        assert (tasks, input_of) == (["a", "b"], [0, 1])
        np.testing.assert_array_equal(values[1], B)


@pytest.mark.parametrize("empty", [{}, SliceDict(), Own({})], ids=lambda X: type(X).__name__)
def test_empty_mappings(empty):
    with pytest.raises(
        ValueError, match=r"X is an empty mapping: it needs the images of every task, as in \{'age': X1"
    ):
        distinct_images(empty)


def test_a_slice_dict_of_no_rows_is_not_empty():
    assert distinct_images(SliceDict(a=A[:0], b=B[:0]))[0] == ["a", "b"]


def test_views_of_the_same_memory_are_one_set():
    images = np.arange(24.0).reshape(6, 4)
    same = {"a": images[:3], "b": images[:3], "c": images[1:4], "d": images[:3].copy(), "e": images[:3].T[:3]}
    _, _, input_of = distinct_images(same)
    assert input_of == [0, 0, 1, 2, 3]
