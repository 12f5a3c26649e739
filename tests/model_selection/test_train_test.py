"""One split of several arrays, in scikit-learn's order and sizes."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skmtl.model_selection import MultiTaskStratifiedShuffleSplit, multi_task_train_test_split


def digits():
    bunch = load_digits()
    return bunch.images, np.column_stack([bunch.target, bunch.target % 2, bunch.target >= 5])


def test_order_and_types_of_the_parts():
    images, y = digits()
    frame = pd.DataFrame(y, columns=["digit", "odd", "high"], index=[f"row{i}" for i in range(len(y))])
    numbers = list(range(len(y)))
    parts = multi_task_train_test_split(images, frame, numbers, stratify=frame, random_state=0)
    X_train, X_test, y_train, y_test, train, test = parts
    assert [type(p) for p in parts] == [np.ndarray] * 2 + [pd.DataFrame] * 2 + [list] * 2
    assert sorted(train + test) == numbers
    np.testing.assert_array_equal(X_train, images[train])
    np.testing.assert_array_equal(X_test, images[test])
    pd.testing.assert_frame_equal(y_train, frame.iloc[train])
    pd.testing.assert_frame_equal(y_test, frame.iloc[test])


def test_polars_frames_are_split():
    _, y = digits()
    frame = pl.DataFrame(y, schema=["digit", "odd", "high"])
    y_train, y_test = multi_task_train_test_split(frame, stratify=frame, random_state=0)
    expected = multi_task_train_test_split(y, stratify=y, random_state=0)
    np.testing.assert_array_equal(y_train.to_numpy(), expected[0])
    np.testing.assert_array_equal(y_test.to_numpy(), expected[1])


@pytest.mark.parametrize("size", [{}, {"test_size": 0.33}, {"train_size": 0.5}, {"test_size": 7, "train_size": 100}])
def test_sizes_are_scikit_learns(size):
    images, y = digits()
    ours = multi_task_train_test_split(images, y, stratify=y, random_state=0, **size)
    theirs = train_test_split(images, y, random_state=0, **size)
    assert [p.shape for p in ours] == [p.shape for p in theirs]


def test_class_shares_on_real_labels():
    _, y = digits()
    _, y_test = multi_task_train_test_split(y, stratify=y, random_state=0)
    for column, part in zip(y.T, y_test.T, strict=True):
        np.testing.assert_allclose(np.bincount(part) / len(part), np.bincount(column) / len(column), atol=0.003)


def test_labels_need_not_be_among_the_arrays():
    images, y = digits()
    X_train, X_test = multi_task_train_test_split(images, stratify=y, test_size=0.2, random_state=3)
    cv = MultiTaskStratifiedShuffleSplit(1, test_size=0.2, random_state=3)
    ((train, test),) = cv.split(images, y)
    np.testing.assert_array_equal(X_train, images[train])
    np.testing.assert_array_equal(X_test, images[test])


def test_missing_labels_are_kept_and_spread():
    y = digits()[1].astype(float)
    y[:600, 1] = np.nan
    marked = np.nan_to_num(y, nan=-1)
    y_train, y_test = multi_task_train_test_split(y, stratify=y, test_size=0.25, random_state=0)
    assert np.isnan(y_train).sum() == 600 - np.isnan(y_test).sum() == pytest.approx(450, abs=1)
    marked_train, _ = multi_task_train_test_split(marked, stratify=marked, random_state=0, missing_label=-1)
    np.testing.assert_array_equal(marked_train, np.nan_to_num(y_train, nan=-1))


def test_same_random_state_same_parts():
    y = digits()[1]
    first = multi_task_train_test_split(y, stratify=y, random_state=5)
    second = multi_task_train_test_split(y, stratify=y, random_state=5)
    other = multi_task_train_test_split(y, stratify=y, random_state=6)
    np.testing.assert_array_equal(first[0], second[0])
    assert not np.array_equal(first[0], other[0])


def test_bad_calls():
    y = np.array([[0, 1], [1, 0]] * 5)
    with pytest.raises(ValueError, match="No array to split: pass at least one"):
        multi_task_train_test_split(stratify=y)
    with pytest.raises(TypeError, match="required keyword-only argument: 'stratify'"):
        multi_task_train_test_split(y)
    with pytest.raises(ValueError, match=r"stratify is None, but the labels .* pass stratify=y"):
        multi_task_train_test_split(y, stratify=None)
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[10, 9\]"):
        multi_task_train_test_split(y, y[:9], stratify=y)
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[10, 8\]"):
        multi_task_train_test_split(y, stratify=y[:8])
    with pytest.raises(ValueError, match="test_size=10 should be either positive and smaller"):
        multi_task_train_test_split(y, stratify=y, test_size=10)
    with pytest.raises(ValueError, match="Task 'task0' of y cannot be stratified: Unknown label type: continuous"):
        multi_task_train_test_split(y, stratify=np.linspace(0.1, 0.9, 10))
