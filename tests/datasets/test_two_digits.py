import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.utils import check_random_state

from skmtl._targets import read_targets
from skmtl.datasets import load_two_digits

DIGITS = load_digits()
INK = np.rint(DIGITS.images * 255 / 16).astype(np.uint8)


def test_images_are_the_two_source_digits_side_by_side():
    data = load_two_digits(50)
    assert data.images.dtype == np.uint8
    assert data.images.shape == (50, 8, 16)
    for image, (left, right) in zip(data.images, data.source, strict=True):
        np.testing.assert_array_equal(image, np.hstack([INK[left], INK[right]]))
    np.testing.assert_array_equal(data.target, DIGITS.target[data.source])
    assert data.target.dtype == np.int64
    assert data.images.max() == 255


def test_bunch_names():
    data = load_two_digits(200)
    assert data.task_names == ["left", "right"]
    assert [names.tolist() for names in data.target_names] == [list(range(10))] * 2
    assert "load_digits" in data.DESCR
    assert "frame" not in data


def test_overlap_combines_shared_columns_by_maximum():
    data = load_two_digits(30, overlap=0.5)
    assert data.images.shape == (30, 8, 12)
    for image, (left, right) in zip(data.images, data.source, strict=True):
        np.testing.assert_array_equal(image[:, :4], INK[left][:, :4])
        np.testing.assert_array_equal(image[:, 4:8], np.maximum(INK[left][:, 4:], INK[right][:, :4]))
        np.testing.assert_array_equal(image[:, 8:], INK[right][:, 4:])


@pytest.mark.parametrize(("overlap", "width"), [(0.0, 16), (0.1, 16), (0.125, 15), (0.3, 14), (0.99, 9)])
def test_overlap_is_rounded_down_to_whole_pixels(overlap, width):
    assert load_two_digits(2, overlap=overlap).images.shape == (2, 8, width)


def test_shift_moves_each_digit_within_the_larger_canvas():
    shift = 2
    data = load_two_digits(400, shift=shift, overlap=0.25)
    assert data.images.shape == (400, 12, 18)
    seen = set()
    for image, (left, right) in zip(data.images, data.source, strict=True):
        seen.add(next(places for places in _placements(shift) if (_draw(left, right, places) == image).all()))
    rows_left, columns_left, rows_right, columns_right = (set(v) for v in zip(*seen, strict=True))
    assert rows_left == columns_left == rows_right == columns_right == {0, 1, 2, 3, 4}


def _placements(shift):
    offsets = range(2 * shift + 1)
    return [(a, b, c, d) for a in offsets for b in offsets for c in offsets for d in offsets]


def _draw(left, right, places):
    image = np.zeros((12, 18), dtype=np.uint8)
    row, column, other_row, other_column = places
    image[row : row + 8, column : column + 8] = INK[left]
    part = image[other_row : other_row + 8, 6 + other_column : 14 + other_column]
    np.maximum(part, INK[right], out=part)
    return image


def test_same_seed_same_arrays_and_another_seed_others():
    first, again, other = (load_two_digits(40, shift=1, missing_rate=0.3, random_state=s) for s in (7, 7, 8))
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.target, again.target)
    assert (first.source != other.source).any()


def test_pairs_do_not_depend_on_how_they_are_drawn():
    plain = load_two_digits(40)
    other = load_two_digits(40, shift=2, overlap=0.5, missing_rate=0.5)
    np.testing.assert_array_equal(plain.source, other.source)


def test_global_generator_is_neither_read_nor_moved():
    before = check_random_state(None).get_state()
    load_two_digits(10, random_state=None)
    load_two_digits(10, shift=1, missing_rate=0.5)
    np.testing.assert_equal(check_random_state(None).get_state(), before)


def test_train_and_test_share_no_digit():
    train = load_two_digits(3000, subset="train", random_state=1)
    test = load_two_digits(3000, subset="test", random_state=2)
    assert not set(train.source.ravel()) & set(test.source.ravel())
    assert set(np.unique(test.target)) == set(range(10))
    share = len(set(test.source.ravel())) / len(DIGITS.target)
    assert 0.31 < share < 0.34


def test_all_draws_from_both_subsets():
    test = set(load_two_digits(5000, subset="test").source.ravel())
    everything = set(load_two_digits(5000).source.ravel())
    assert test & everything
    assert everything - test


def test_missing_rate_removes_exactly_that_share_of_each_task():
    data = load_two_digits(200, missing_rate=0.25)
    assert data.target.dtype == np.float64
    assert np.isnan(data.target).sum(axis=0).tolist() == [50, 50]
    full = load_two_digits(200)
    kept = ~np.isnan(data.target)
    np.testing.assert_array_equal(data.target[kept], full.target[kept])
    assert (np.isnan(data.target[:, 0]) != np.isnan(data.target[:, 1])).any()


@pytest.mark.parametrize("missing_rate", [(0.0, 0.6), [0, 0.6], {"right": 0.6}, {1: 0.6}, np.array([0.0, 0.6])])
def test_missing_rate_per_task(missing_rate):
    target = load_two_digits(100, missing_rate=missing_rate).target
    assert np.isnan(target).sum(axis=0).tolist() == [0, 60]


def test_higher_missing_rate_removes_the_same_cells_and_more():
    low, high = (np.isnan(load_two_digits(100, missing_rate=r).target) for r in (0.2, 0.6))
    assert (high | ~low).all()
    one = np.isnan(load_two_digits(100, missing_rate={"right": 0.2}).target)
    np.testing.assert_array_equal(one[:, 1], low[:, 1])


def test_missing_labels_are_read_as_missing():
    y = load_two_digits(100, missing_rate=(0, 0.5), return_X_y=True, as_frame=True)[1]
    assert read_targets(y).names == ["left", "right"]
    assert [int(c.labelled.sum()) for c in read_targets(y).columns] == [100, 50]


def test_as_frame_keeps_images_an_array():
    data = load_two_digits(20, as_frame=True)
    assert isinstance(data.images, np.ndarray)
    assert isinstance(data.target, pd.DataFrame)
    assert list(data.frame) == ["left", "right", "source_left", "source_right"]
    np.testing.assert_array_equal(data.frame[["source_left", "source_right"]], data.source)
    np.testing.assert_array_equal(data.target, load_two_digits(20).target)


def test_return_X_y():
    X, y = load_two_digits(20, return_X_y=True)
    data = load_two_digits(20)
    np.testing.assert_array_equal(X, data.images)
    np.testing.assert_array_equal(y, data.target)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_samples": 0}, "'n_samples' parameter of load_two_digits must be an int in the range"),
        ({"overlap": 1.0}, "'overlap' parameter .* range \\[0.*, 1.*\\)"),
        ({"overlap": -0.1}, "'overlap' parameter"),
        ({"shift": 1.5}, "'shift' parameter .* must be an int"),
        ({"missing_rate": 1.5}, "'missing_rate' parameter"),
        ({"missing_rate": (0.1, 1.5)}, "missing_rate of task 'right' .* Got 1.5"),
        ({"missing_rate": (0.1, "x")}, "missing_rate of task 'right' .* Got 'x'"),
        ({"missing_rate": (0.1,)}, "missing_rate has 1 entries, but y has 2 tasks"),
        ({"missing_rate": {"rihgt": 0.5}}, "rihgt.*Did you mean 'right'"),
        ({"subset": "tset"}, "subset must be one of .* Got 'tset' instead. Did you mean 'test'"),
        ({"shift": True}, "shift must say how much. Got True instead, which would be read as 1: pass a number"),
        ({"missing_rate": True}, "missing_rate must say how much. Got True"),
        ({"random_state": "zero"}, "'random_state' parameter"),
    ],
)
def test_bad_parameters_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        load_two_digits(**options)
