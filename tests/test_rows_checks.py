import numpy as np
import pytest
import torch
from sklearn import config_context

from skmtl._rows import LazyRows, check_finite, check_numeric, read_rows


class Store:
    """Stored rows without a library."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __getitem__(self, key):
        return self.array[key]


def memmap(tmp_path, array):
    array.tofile(tmp_path / "x")
    return np.memmap(tmp_path / "x", array.dtype, "r", shape=array.shape)


HOLDERS = {
    "array": lambda tmp_path, array: array,
    "memmap": memmap,
    "store": lambda tmp_path, array: Store(array),
    "tensor": lambda tmp_path, array: torch.from_numpy(array),
    "lazy": lambda tmp_path, array: LazyRows(array, np.arange(len(array))[::-1]),
}


@pytest.fixture(params=HOLDERS)
def hold(request, tmp_path, monkeypatch):
    # Two rows at a time.
    monkeypatch.setattr("skmtl._rows._checks.PART_BYTES", 2 * 4 * 8)
    return lambda array: read_rows(HOLDERS[request.param](tmp_path, array))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, "Input X contains NaN."),
        (np.inf, "Input X contains infinity or a value too large"),
        (-np.inf, "Input X contains infinity"),
    ],
)
@pytest.mark.parametrize("row", [0, 3, 6])
def test_values_that_are_not_finite_are_found_wherever_they_are(hold, dtype, value, message, row):
    X = np.ones((7, 4), dtype)
    check_finite(hold(X))
    X[row, 2] = value
    with pytest.raises(ValueError, match=message):
        check_finite(hold(X))
    with config_context(assume_finite=True):
        check_finite(hold(X))


def test_large_finite_values_are_finite(hold):
    for dtype in (np.float16, np.float64):
        check_finite(hold(np.full((7, 4), np.finfo(dtype).max, dtype)))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn])
def test_tensors_of_few_bits(dtype):
    X = torch.ones(7, 4).to(dtype)
    check_finite(read_rows(X))
    X[3, 1] = torch.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        check_finite(read_rows(X))


def test_only_picked_rows_are_looked_at():
    X = np.ones((7, 4))
    X[3] = np.nan
    check_finite(read_rows(LazyRows(X, [6, 0, 6])))
    with pytest.raises(ValueError, match="NaN"):
        check_finite(read_rows(LazyRows(X, [6, 3])))


@pytest.mark.parametrize("dtype", ["uint8", "int64", "bool"])
def test_integers_and_bools_are_not_read(dtype):
    class Unreadable(Store):
        def __getitem__(self, key):
            raise AssertionError

    check_finite(read_rows(Unreadable(np.ones((3, 2), dtype))))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float16", ">f8"])
def test_numbers_are_numeric(dtype):
    check_numeric(read_rows(Store(np.ones((3, 2), dtype))))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones((3, 2), complex), r"Complex data not supported: X is complex128, .* Pass X\.real"),
        (np.array([["a", "b"]]), r"X must hold numbers, the pixel values\. Got <U1 instead: read image files"),
        (np.array([[{}]]), "Got object instead"),
        (np.array([["2020-01-01"]], "M8[D]"), r"Got datetime64\[D\] instead"),
    ],
)
def test_other_dtypes_are_named(array, message):
    with pytest.raises(ValueError, match=message):
        check_numeric(read_rows(Store(array)))


def test_complex_arrays_and_tensors_are_named():
    for X in (np.ones((3, 2), complex), torch.ones(3, 2, dtype=torch.complex64)):
        with pytest.raises(ValueError, match="Complex data not supported"):
            check_numeric(read_rows(X))
