import datetime
import enum
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_matrix

from skmtl._targets import MISSING, TargetEncoder, read_targets

NAN = float("nan")


class Side(enum.Enum):
    LEFT = 1
    RIGHT = 2


def round_trip(y, missing_label=None):
    targets = read_targets(y, missing_label)
    encoder = TargetEncoder().fit(targets)
    codes = encoder.encode(targets)
    return encoder, codes, encoder.decode(codes)


@pytest.mark.parametrize(
    ("y", "classes", "codes"),
    [
        ([3, 1, 3], [1, 3], [1, 0, 1]),
        (["b", "a", None], ["a", "b"], [1, 0, -1]),
        ([True, False, True], [False, True], [1, 0, 1]),
        ([1, NAN, 2.0], [1.0, 2.0], [0, -1, 1]),
        ([pd.NA, "x", "y"], ["x", "y"], [-1, 0, 1]),
        ([pd.NaT, 5, 6], [5, 6], [-1, 0, 1]),
        (np.array([2, 9, 2], dtype=np.uint8), [2, 9], [0, 1, 0]),
        (np.array([2, NAN, 9]), [2.0, 9.0], [0, -1, 1]),
        (np.array(["b", "a", "b"]), ["a", "b"], [1, 0, 1]),
        (np.array([None, 1, 2], dtype=object), [1, 2], [-1, 0, 1]),
        (pd.Series([1, None, 2], dtype="Int64"), [1, 2], [0, -1, 1]),
        (pd.Series([True, None, False], dtype="boolean"), [False, True], [1, -1, 0]),
        (pd.Series(["u", None, "t"], dtype="string"), ["t", "u"], [1, -1, 0]),
        (pd.Series(["u", None, "t"]), ["t", "u"], [1, -1, 0]),
        (pd.Series(["b", "a", None], dtype=pd.CategoricalDtype(["c", "b", "a"])), ["a", "b"], [1, 0, -1]),
        (pd.Series([2, 1, None], dtype=pd.CategoricalDtype([1, 2, 3])), [1, 2], [1, 0, -1]),
        (pd.Series([2.5, None, 1.5]).map({2.5: "x", 1.5: "y"}), ["x", "y"], [0, -1, 1]),
        (pl.Series([4, None, 2]), [2, 4], [1, -1, 0]),
        (pl.Series(["q", None, "p"]), ["p", "q"], [1, -1, 0]),
        (pl.Series([True, None, False]), [False, True], [1, -1, 0]),
    ],
)
def test_one_column(y, classes, codes):
    encoder, got, decoded = round_trip(y)
    assert encoder.one_dimensional_
    assert encoder.task_names_ == ["task0"]
    assert encoder.classes_[0].tolist() == classes
    assert [type(c) for c in encoder.classes_[0].tolist()] == [type(c) for c in classes]
    assert got[:, 0].tolist() == codes
    assert got.dtype == np.int64
    labelled = [c for c in codes if c >= 0]
    assert decoded[got[:, 0] >= 0].tolist() == [classes[c] for c in labelled]


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint16", "int64", "bool", "<U1", "object"])
@pytest.mark.parametrize("shape", [(4,), (2, 2), (4, 1)])
def test_arrays_come_back_in_their_own_dtype(dtype, shape):
    y = np.array([1, 0, 0, 1]).astype(dtype).reshape(shape)
    decoded = round_trip(y)[2]
    if not (dtype == "object" and len(shape) == 1):
        assert decoded.dtype == y.dtype
    assert decoded.shape == y.shape
    np.testing.assert_array_equal(decoded, y)


def mixed():
    return {"count": [7, 5, 7], "letter": ["b", None, "a"], "flag": [True, False, True]}


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_mixed_frame(frame):
    y = frame(mixed())
    encoder, codes, decoded = round_trip(y)
    assert encoder.task_names_ == ["count", "letter", "flag"]
    assert not encoder.one_dimensional_
    assert [c.tolist() for c in encoder.classes_] == [[5, 7], ["a", "b"], [False, True]]
    assert codes.tolist() == [[1, 1, 1], [0, -1, 0], [1, 0, 1]]
    assert decoded.dtype == object
    assert decoded[0].tolist() == [7, "b", True]
    assert [type(v) for v in decoded[0]] == [int, str, bool]


def test_nullable_and_categorical_frame():
    y = pd.DataFrame(
        {
            "i": pd.array([1, pd.NA, 2], dtype="Int64"),
            "b": pd.array([pd.NA, True, False], dtype="boolean"),
            "c": pd.Categorical(["x", "y", None]),
        }
    )
    encoder, codes, _ = round_trip(y)
    assert codes.tolist() == [[0, -1, 0], [-1, 1, 1], [1, 0, -1]]
    assert [c.tolist() for c in encoder.classes_] == [[1, 2], [False, True], ["x", "y"]]


def test_lists_of_mixed_columns_keep_each_columns_type():
    encoder, codes, decoded = round_trip([["a", 1, True], [None, 2, False], ["b", NAN, None]])
    assert [c.dtype.kind for c in encoder.classes_] == ["U", "i", "b"]
    assert codes.tolist() == [[0, 0, 1], [-1, 1, 0], [1, -1, -1]]
    assert decoded[0].tolist() == ["a", 1, True]


def test_frame_of_one_kind_gives_that_kind():
    assert round_trip(pd.DataFrame({"a": [1, 2], "b": [3, 4]}, dtype="int32"))[2].dtype == np.int32
    assert round_trip([["a", "xyz"], ["b", "u"]])[2].dtype == np.dtype("<U3")


@pytest.mark.parametrize(
    ("y", "missing_label", "codes"),
    [
        (np.array([[1, -1], [2, 5], [-1, 6]]), -1, [[0, -1], [1, 0], [-1, 1]]),
        ([["a", "?"], ["b", "u"], ["?", "v"]], "?", [[0, -1], [1, 0], [-1, 1]]),
        (np.array([["a", "?"], ["b", "u"], ["?", "v"]]), "?", [[0, -1], [1, 0], [-1, 1]]),
        (pd.DataFrame({"a": ["p", "q", "?"], "n": [1, 2, 1]}), "?", [[0, 0], [1, 1], [-1, 0]]),
        (pd.DataFrame({"a": ["p", "q", None], "n": [1, 2, -9]}), -9, [[0, 0], [1, 1], [-1, -1]]),
        (np.array([[1.0, NAN], [2, 5], [-1, 6]]), -1, [[0, -1], [1, 0], [-1, 1]]),
        (np.array([[1, 3], [2, 5]]), NAN, [[0, 0], [1, 1]]),
    ],
)
def test_missing_label_adds_one_marker(y, missing_label, codes):
    assert round_trip(y, missing_label)[1].tolist() == codes


def test_class_seen_only_without_label_does_not_exist():
    y = pd.DataFrame({"a": pd.Categorical(["x", "y", None, "x"], categories=["x", "y", "z"])})
    assert round_trip(y)[0].classes_[0].tolist() == ["x", "y"]


def test_the_users_target_is_left_alone():
    y = np.array([["a", None], ["b", 1], [None, 2]], dtype=object)
    frame = pd.DataFrame(mixed())
    before, frame_before = y.copy(), frame.copy()
    round_trip(y)
    round_trip(frame)
    assert y.tolist() == before.tolist()
    pd.testing.assert_frame_equal(frame, frame_before)


def test_read_only_and_big_endian():
    y = np.array([[3, 1], [2, 1], [2, 0]], dtype=">i4")
    y.flags.writeable = False
    assert round_trip(y)[1].tolist() == [[1, 1], [0, 1], [0, 0]]


def test_columns_meet_by_name():
    fitted = read_targets(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
    encoder = TargetEncoder().fit(fitted)
    assert encoder.encode(read_targets(pd.DataFrame({"b": ["y"], "a": [1]}))).tolist() == [[0, 1]]
    # An array has no names: its order counts.
    assert encoder.encode(read_targets([[2, "x"]])).tolist() == [[1, 0]]
    with pytest.raises(ValueError, match=r"y has no column 'a'; its columns are .*Did you mean 'aa'"):
        encoder.encode(read_targets(pd.DataFrame({"aa": [1], "b": ["x"]})))
    with pytest.raises(ValueError, match=r"y has 1 columns .*, but there are 2 tasks"):
        encoder.encode(read_targets([1, 2]))


def test_names_of_a_frame_meet_a_model_without_names_by_position():
    encoder = TargetEncoder().fit(read_targets([[1, 5], [2, 6]]))
    assert encoder.encode(read_targets(pd.DataFrame({"u": [1], "v": [6]}))).tolist() == [[0, 1]]


def test_series_name_is_the_task_name():
    assert read_targets(pd.Series([1, 2], name="digit")).names == ["digit"]
    assert read_targets(pl.Series("digit", [1, 2])).names == ["digit"]
    assert read_targets(pd.Series([1, 2])).names == ["task0"]


@pytest.mark.parametrize(
    ("y", "label", "match"),
    [
        ([["a", 1], ["b", 2]], [["c", 1]], r"Task 'task0' has the label 'c',.* not among its classes \['a', 'b'\]"),
        ([["a", 1], ["b", 2]], [["a", 3]], "Task 'task1' has the label 3"),
        ([["a", 1], ["b", 2]], [[1, 1]], "Task 'task0' has the label 1,.* not among"),
        ([["a", 1], ["b", 2]], [["a", "x"]], "Task 'task1' has the label 'x',.* not among"),
        (["left", "right"], ["lefft"], "Did you mean 'left'?"),
        ([1, 2], [1.5], "has the label 1.5"),
    ],
)
def test_unknown_label(y, label, match):
    encoder = TargetEncoder().fit(read_targets(y))
    with pytest.raises(ValueError, match=match):
        encoder.encode(read_targets(label))


def test_given_classes():
    targets = read_targets([[1, "b"], [1, "b"]])
    encoder = TargetEncoder().fit(targets, [[3, 1, 2, 2], np.array(["b", "a"])])
    assert [c.tolist() for c in encoder.classes_] == [[1, 2, 3], ["a", "b"]]
    assert encoder.encode(targets).tolist() == [[0, 1], [0, 1]]


@pytest.mark.parametrize("classes", [[[1], ["a", "b"]], [[1, 1], ["a", "b"]], [[[1, 2]], ["a", "b"]]])
def test_given_classes_need_two_labels(classes):
    with pytest.raises(ValueError, match="classes for task 'task0' must be a 1d array of at least two labels"):
        TargetEncoder().fit(read_targets([[1, "b"]]), classes)


@pytest.mark.parametrize(
    ("y", "error", "match"),
    [
        (None, ValueError, "requires y to be passed, but the target y is None"),
        (csr_matrix([[1, 0]]), TypeError, "y is a sparse matrix.*pass y.toarray"),
        ({"a": [1]}, TypeError, "y is a dict.*pandas.DataFrame"),
        ([[1, 2], [3]], ValueError, "y is ragged: every row needs the same number of labels"),
        ([[1, 2], 3], ValueError, "y is ragged"),
        (np.zeros((2, 2, 2)), ValueError, r"y should be a 1d array .* Got an array of shape \(2, 2, 2\)"),
        (5, ValueError, r"y should be a 1d array .* Got an array of shape \(\)"),
        (np.zeros((3, 0)), ValueError, "y has no columns"),
        (pd.DataFrame(index=range(3)), ValueError, "y has no columns"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), ValueError, "several columns named a: give every task its own"),
        (pd.DataFrame([[1, 2]], columns=[0, "0"]), ValueError, "several columns named 0: give every task its own"),
        ([["a", 1], [1, 2]], ValueError, "The labels of task 'task0' mix int and str"),
        ([True, 1, 2], ValueError, "The labels of task 'task0' mix bool and int"),
    ],
)
def test_targets_that_make_no_sense(y, error, match):
    with pytest.raises(error, match=match):
        read_targets(y)


@pytest.mark.parametrize(
    ("y", "match"),
    [
        ([[1, None], [2, None]], "Task 'task1' has no label at all, so it has no class to learn: drop this column"),
        (
            [[1, 5], [2, 5], [1, None]],
            "Classifier can't train when only one class is present. Task 'task1' has only the class 5",
        ),
        (np.array([1.0, np.inf]), "Task 'task0': Input y contains infinity .* Mark cells without a label with NaN"),
        (np.array([0.1, 0.25, 0.7]), "Task 'task0': Unknown label type: continuous.* bin the values"),
        ([[1, 0.5], [2, 0.7]], "Task 'task1': Unknown label type: continuous"),
        ([datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)], "Task 'task0': Unknown label type: date. Labels must"),
        ([Side.LEFT, Side.RIGHT], r"Unknown label type: Side. .* convert them, with \[str\(v\) for v in labels\]"),
        ([Decimal(1), Decimal(2)], "Task 'task0': Unknown label type: Decimal"),
    ],
)
def test_columns_no_classifier_can_learn(y, match):
    with pytest.raises(ValueError, match=match):
        TargetEncoder().fit(read_targets(y))


def test_dates_are_labels_too():
    _, codes, decoded = round_trip(pd.Series(pd.to_datetime(["2021-01-01", None, "2020-01-01"])))
    assert codes[:, 0].tolist() == [1, MISSING, 0]
    assert decoded[0] == np.datetime64("2021-01-01")


def test_bytes_are_refused_by_task():
    with pytest.raises(TypeError, match="Task 'task0': Support for labels represented as bytes"):
        TargetEncoder().fit(read_targets([b"a", b"b"]))


def test_variable_width_strings():
    y = np.array([["a", "long"], ["b", "x"]], dtype=np.dtypes.StringDType())
    _, codes, decoded = round_trip(y)
    assert codes.tolist() == [[0, 0], [1, 1]]
    assert decoded.tolist() == y.tolist()


@pytest.mark.parametrize(
    ("chunk", "classes", "decoded"),
    [
        (np.array([["a", "b"]]), [["a", "apple"], ["b", "banana"]], ["apple", "banana"]),
        (np.array([[1, 2]], dtype=np.int8), [[1, 300], [2, 4]], [300, 4]),
        (np.array([[1, 0]], dtype=object), [[0, 1], [0, 1]], [1, 1]),
    ],
)
def test_given_classes_survive_the_dtype_of_the_first_chunk(chunk, classes, decoded):
    encoder = TargetEncoder().fit(read_targets(chunk), classes)
    got = encoder.decode(np.array([[1, 1]]))
    assert got.tolist() == [decoded]
    assert (got.dtype == object) == (chunk.dtype == object)


def test_masked_cells_have_no_label():
    y = np.ma.array([[1, 5], [2, 6], [3, 5]], mask=[[0, 0], [0, 0], [1, 1]], dtype=np.int8)
    encoder, codes, decoded = round_trip(y)
    assert [c.tolist() for c in encoder.classes_] == [[1, 2], [5, 6]]
    assert codes.tolist() == [[0, 0], [1, 1], [MISSING, MISSING]]
    assert decoded.dtype == np.int8
    encoder, codes, decoded = round_trip(np.ma.array([1, 2, 3], mask=[0, 0, 1], dtype=np.int8))
    assert codes[:, 0].tolist() == [0, 1, MISSING]
    assert decoded.dtype == np.int8
    assert not isinstance(decoded, np.ma.MaskedArray)


@pytest.mark.parametrize("dtype", [bool, object])
@pytest.mark.parametrize("marker", [0, 1, np.int64(0), 0.0])
def test_numbers_mark_no_boolean(dtype, marker):
    assert read_targets(np.array([True, False], dtype=dtype), marker).columns[0].labelled.all()


@pytest.mark.parametrize("marker", [True, np.True_])
def test_booleans_mark_booleans_only(marker):
    for dtype in (int, float, object):
        assert read_targets(np.array([0, 1], dtype=dtype), marker).columns[0].labelled.all()
    for dtype in (bool, object):
        labelled = read_targets(np.array([False, True], dtype=dtype), marker).columns[0].labelled
        assert labelled.tolist() == [True, False]


@pytest.mark.parametrize("marker", [np.int64(-1), np.float32(-1), np.array([-1])[0], -1.0])
def test_numpy_scalars_mark_numbers(marker):
    for y in (np.array([-1, 3]), [-1, 3]):
        assert read_targets(y, marker).columns[0].labelled.tolist() == [False, True]
    assert read_targets(["?", "a"], np.str_("?")).columns[0].labelled.tolist() == [False, True]


@pytest.mark.parametrize("marker", [pd.NA, None, NAN, pd.NaT])
def test_markers_that_always_mean_missing(marker):
    assert read_targets(["a", None], marker).columns[0].labelled.tolist() == [True, False]


@pytest.mark.parametrize("marker", [[-1], (-1, -2), np.array([-1]), np.array(-1), {-1}, {"a": -1}, pd.Series([-1])])
def test_missing_label_is_a_scalar(marker):
    with pytest.raises(
        TypeError, match=r"missing_label must be None or one scalar, .* replace the others in y by None"
    ):
        read_targets([1, 2], marker)
