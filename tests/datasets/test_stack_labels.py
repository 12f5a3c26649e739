import numpy as np
import pandas as pd
import polars as pl
import pytest

from skmtl.datasets._stack_labels import name_columns, stack_labels


def stack(**parts):
    return stack_labels({key: name_columns(key, y) for key, y in parts.items()})


def names(key, y):
    return name_columns(key, y).names


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([1, 2], ["digit"]),
        (np.array([1, 2]), ["digit"]),
        (pd.Series([1, 2], name="target"), ["digit"]),
        (np.array([[1], [2]]), ["digit"]),
        (np.array([[1, 3], [2, 3]]), ["digit_0", "digit_1"]),
        ([["a", 1], ["b", 2]], ["digit_0", "digit_1"]),
        (pd.DataFrame({"left": [1, 2]}), ["left"]),
        (pl.DataFrame({"left": [1, 2], "right": [1, None]}), ["left", "right"]),
    ],
)
def test_names(y, expected):
    assert names("digit", y) == expected


@pytest.mark.parametrize(("large", "dtype"), [(2**60, "int64"), (2**63, "uint64")])
def test_large_integers_of_two_kinds_stay_apart(large, dtype):
    signed = pd.DataFrame({"id": np.array([0, 1], np.int64)})
    unsigned = pd.DataFrame({"id": np.array([large, large + 1], np.uint64)})
    y = stack(a=signed, b=unsigned)
    assert y["id"].tolist() == [0, 1, large, large + 1]
    assert y["id"].dtype == dtype


def test_keys_of_other_types_name_tasks_too():
    assert names(3, [1, 2]) == [3]
    assert names(3, [[1, 2], [2, 1]]) == ["3_0", "3_1"]


def test_rows_lie_below_one_another():
    y = stack(a=[1, 2], b=[["x", True], ["y", False], ["x", None]])
    assert list(y) == ["a", "b_0", "b_1"]
    assert y["a"].tolist() == [1, 2, pd.NA, pd.NA, pd.NA]
    assert y["b_0"].tolist() == [None, None, "x", "y", "x"]
    assert y["b_1"].tolist() == [pd.NA, pd.NA, True, False, pd.NA]


@pytest.mark.parametrize(
    ("labels", "dtype", "whole"),
    [
        ([0, 1], "Int64", "int64"),
        (np.array([0, 1], np.uint8), "UInt8", "uint8"),
        (np.array([0, 1], ">i4"), "Int32", "int32"),
        ([True, False], "boolean", "bool"),
        ([0.0, 1.0], "float64", "float64"),
        (["a", "b"], "object", "object"),
        (np.array(["2020-01-01", "2021-01-01"], "M8[s]"), "datetime64[s]", "datetime64[s]"),
        (pd.Series(["a", "b"], dtype="category"), "object", "object"),
        (pd.Series([0, 1], dtype="Int16"), "Int64", "int64"),
    ],
)
def test_dtypes_of_whole_columns_and_of_those_with_holes(labels, dtype, whole):
    y = stack(a=labels, b=[1, 2, 3])
    assert str(y["a"].dtype) == dtype
    assert y["a"].isna().tolist() == [False, False, True, True, True]
    assert y["a"][:2].tolist() == pd.Series(labels).tolist()
    assert str(stack(a=labels)["a"].dtype) == whole


@pytest.mark.parametrize("marker", [None, np.nan, pd.NA])
def test_missing_labels_of_a_part_stay_missing(marker):
    y = stack(a=np.array([1, marker, 2], dtype=object), b=np.array(["x", marker], dtype=object))
    assert y["a"].tolist() == [1, pd.NA, 2, pd.NA, pd.NA]
    assert y["b"].isna().tolist() == [True, True, True, False, True]


def test_columns_of_one_name_are_one_task():
    y = stack(a=pd.DataFrame({"digit": [1, 2], "font": ["x", "y"]}), digit=[3, 4, 5])
    assert list(y) == ["digit", "font"]
    assert y["digit"].dtype == np.int64
    assert y["digit"].tolist() == [1, 2, 3, 4, 5]
    assert y["font"].isna().sum() == 3


def test_one_task_of_integers_and_floats_has_floats():
    assert stack(a=pd.DataFrame({"x": [1, 2]}), b=pd.DataFrame({"x": [3.0, np.nan]}))["x"].tolist()[:3] == [1.0, 2, 3]


def test_one_task_of_text_from_lists_and_frames():
    y = stack(x=["a", "b"], b=pd.DataFrame({"x": ["c", None]}))
    assert y["x"].tolist() == ["a", "b", "c", None]
    assert [type(v) for v in y["x"][:3]] == [str, str, str]


def test_a_part_without_labels_in_a_shared_task_says_nothing_of_its_type():
    y = stack(a=pd.DataFrame({"x": ["a", "b"]}), b=pd.DataFrame({"x": [np.nan, np.nan]}))
    assert y["x"].tolist() == ["a", "b", None, None]
    assert stack(a=[np.nan, np.nan])["a"].isna().all()


def test_one_task_of_numbers_and_text_is_refused():
    with pytest.raises(ValueError, match=r"task 'x' are of different types: number in parts\['a'\], str in parts"):
        stack(a=pd.DataFrame({"x": [1, 2]}), x=["1", "2"])
    with pytest.raises(ValueError, match=r"bool in .*, number in .*rename one"):
        stack(a=pd.DataFrame({"x": [True, False]}), x=[0, 1])


def test_names_of_one_text_are_refused():
    with pytest.raises(ValueError, match="called 0 and '0', which count as the same: rename"):
        stack_labels({0: name_columns(0, [1, 2]), "0": name_columns("0", [1, 2])})


def test_labels_are_not_changed():
    frame = pd.DataFrame({"x": [1, 2]})
    y = stack(a=frame)
    y.loc[0, "x"] = 9
    assert frame["x"].tolist() == [1, 2]


TWO = [[1, 2], [2, 1]]


@pytest.mark.parametrize(
    ("parts", "key", "name", "other"),
    [
        ({"a": TWO, "a_0": [5, 6]}, "a", "a_0", "a_0"),
        ({"a_1": [5, 6], "a": TWO}, "a", "a_1", "a_1"),
        ({"b": pd.DataFrame({"a_1": [5, 6]}), "a": TWO}, "a", "a_1", "b"),
        ({1: TWO, "1": TWO}, 1, "1_0", "1"),
    ],
)
def test_made_up_names_do_not_join_tasks(parts, key, name, other):
    match = (
        rf"A column of y in parts\[{key!r}\] has no name and would be called '{name}', as is a task of "
        rf"parts\['{other}'\]: pass y as a DataFrame with names"
    )
    with pytest.raises(ValueError, match=match):
        stack_labels({k: name_columns(k, y) for k, y in parts.items()})


def test_names_of_the_users_join_tasks():
    # A key is a name too; and so is that of a column, even one that looks like ours.
    assert stack(left=[1, 2], pair=pd.DataFrame({"left": [3]}))["left"].tolist() == [1, 2, 3]
    assert stack(a=pd.DataFrame({"a_0": [1]}), a_0=[[3]])["a_0"].tolist() == [1, 3]
