import re
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from PIL import Image

from skmtl.preprocessing._paths import list_paths

NAMES = ["a.png", "b.png"]


@pytest.mark.parametrize(
    "X",
    [
        NAMES,
        tuple(NAMES),
        [Path(name) for name in NAMES],
        np.array(NAMES),
        np.array(NAMES, dtype=object),
        np.array([Path(name) for name in NAMES])[:, None],
        np.array(NAMES, dtype=np.dtypes.StringDType()),
        pd.Series(NAMES, index=[7, 3]),
        pd.Series(NAMES, dtype="string"),
        pd.Series(NAMES, dtype="category"),
        pd.DataFrame({"path": NAMES}),
        pl.Series(NAMES),
        pl.DataFrame({"path": NAMES}),
    ],
    ids=lambda X: f"{type(X).__module__}.{type(X).__name__}",
)
def test_columns_of_paths(X):
    paths = list_paths(X)
    assert paths == NAMES
    assert {type(path) for path in paths} == {str}


def test_relative_paths_start_at_the_base_folder(tmp_path):
    elsewhere = str(tmp_path / "b.png")
    assert list_paths(["a.png", elsewhere], "data") == [str(Path("data", "a.png")), elsewhere]
    assert list_paths(["a.png"], Path("~/data")) == [str(Path("~/data/a.png").expanduser())]


@pytest.mark.parametrize("X", ["a.png", b"a.png", Path("a.png")])
def test_one_path_is_no_column(X):
    with pytest.raises(TypeError, match=rf"Got one {type(X).__name__} instead: pass \[path\]"):
        list_paths(X)


@pytest.mark.parametrize("X", [[], np.array([], dtype=str), pd.Series([], dtype=object)])
def test_no_paths(X):
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        list_paths(X)


@pytest.mark.parametrize(
    "X",
    [
        np.zeros((2, 4, 4), np.uint8),
        torch.zeros(2, 3, 4, 4),
        [np.zeros((4, 4, 3))] * 2,
        [Image.new("L", (2, 2))],
    ],
)
def test_images_need_no_reader(X):
    with pytest.raises(TypeError, match="these are images already"):
        list_paths(X)


@pytest.mark.parametrize("X", [np.arange(3), pd.Series([0.5, np.nan]), np.zeros((3, 1))])
def test_numbers_are_no_paths(X):
    with pytest.raises(TypeError, match="Got numbers"):
        list_paths(X)


def test_flat_images_get_a_hint():
    with pytest.raises(TypeError, match=r"of shape \(2, 64\) instead, images already\? Then leave out ImageReader"):
        list_paths(np.zeros((2, 64)))


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_two_columns_are_named(frame):
    with pytest.raises(ValueError, match=re.escape("Got shape (2, 2) ['path', 'kind'] instead: choose one column")):
        list_paths(frame({"path": NAMES, "kind": ["x", "y"]}))
    with pytest.raises(ValueError, match=re.escape("Got shape (1, 2) instead")):
        list_paths(np.array([NAMES]))


@pytest.mark.parametrize("X", [{"path": NAMES}, set(NAMES), iter(NAMES), None, 3])
def test_other_things_are_no_column(X):
    with pytest.raises(TypeError, match=f"X must be a column of paths .* Got {type(X).__name__} instead"):
        list_paths(X)


@pytest.mark.parametrize(
    "X",
    [
        ["a.png", None],
        ["a.png", ""],
        ["a.png", float("nan")],
        pd.Series(["a.png", None]),
        pd.Series(["a.png", pd.NA], dtype="string"),
        pl.Series(["a.png", None]),
    ],
)
def test_rows_without_a_path_are_named(X):
    with pytest.raises(ValueError, match=r"X\[1\] is .*: every row needs the path of a file"):
        list_paths(X)


@pytest.mark.parametrize(
    ("entry", "found"), [(b"b.png", "decode it with os.fsdecode"), (3, r"Got 3 \(int\)"), (["b.png"], r"\(list\)")]
)
def test_rows_with_something_else_are_named(entry, found):
    with pytest.raises(TypeError, match=rf"X\[1\] must be the path of an image file. .*{found}"):
        list_paths(["a.png", entry])
