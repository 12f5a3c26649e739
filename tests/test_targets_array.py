import sys

import h5py
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
import zarr

from skmtl._targets import TargetEncoder, as_array, is_frame, read_targets

CELLS = np.array([[0, 1], [1, 0], [1, 1]])
NAN = float("nan")


class Labelled:
    """An array of another library, as of xarray: names of its own, a dtype, and NumPy's protocol."""

    columns = ("a", "b")

    def __init__(self, values):
        self._values = np.asarray(values)

    dtype = property(lambda self: self._values.dtype)
    shape = property(lambda self: self._values.shape)

    def __array__(self, dtype=None, copy=None):
        return self._values if dtype is None else self._values.astype(dtype)


class Distant:
    """An array on another device, as of CuPy."""

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")


KINDS = {
    "int": torch.tensor(CELLS),
    "uint8": torch.tensor(CELLS, dtype=torch.uint8),
    "bool": torch.tensor(CELLS, dtype=torch.bool),
    "half": torch.tensor(CELLS, dtype=torch.float16),
    "bfloat16": torch.tensor(CELLS, dtype=torch.bfloat16),
    "gradient": torch.tensor(CELLS, dtype=torch.float32, requires_grad=True),
    "result": torch.tensor(CELLS, dtype=torch.float32, requires_grad=True) * 1,
    "parameter": torch.nn.Parameter(torch.tensor(CELLS, dtype=torch.float64)),
    "view": torch.tensor(CELLS.T.copy()).T,
    "negated": torch.complex(torch.zeros(3, 2), -torch.tensor(CELLS, dtype=torch.float32)).conj().imag,
    "rows": list(torch.tensor(CELLS)),
    "zarr": zarr.array(CELLS),
    "labelled": Labelled(CELLS),
    "matrix": CELLS.view(np.matrix),
}


@pytest.mark.parametrize("kind", KINDS)
def test_two_axes_are_a_task_each(kind):
    targets = read_targets(KINDS[kind])
    assert targets.names == ["task0", "task1"]
    assert not targets.named
    assert not targets.one_dimensional
    assert [c.labels.tolist() for c in targets.columns] == [[0, 1, 1], [1, 0, 1]]
    assert all(c.labelled.all() and c.order is None for c in targets.columns)


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("rows", "matrix", "labelled")])
def test_one_axis_is_one_task(kind):
    targets = read_targets(KINDS[kind][:, 0])
    assert targets.one_dimensional
    assert targets.columns[0].labels.tolist() == [0, 1, 1]


def test_arrays_on_disk(tmp_path):
    np.save(tmp_path / "y.npy", CELLS)
    with h5py.File(tmp_path / "y.h5", "w") as file:
        for y in (np.load(tmp_path / "y.npy", mmap_mode="r"), file.create_dataset("y", data=CELLS)):
            assert [c.labels.tolist() for c in read_targets(y).columns] == [[0, 1, 1], [1, 0, 1]]


@pytest.mark.parametrize("dtype", ["int8", "int64", "bool", "float32", "float64"])
def test_tensors_come_back_in_their_own_dtype(dtype):
    y = torch.tensor(CELLS).to(getattr(torch, dtype))
    targets = read_targets(y)
    encoder = TargetEncoder().fit(targets)
    decoded = encoder.decode(encoder.encode(targets))
    assert decoded.dtype == dtype
    np.testing.assert_array_equal(decoded, y.numpy())


def test_nan_of_tensors_is_missing():
    y = torch.tensor([[1.0, NAN], [NAN, 2.0]], requires_grad=True)
    assert [c.labelled.tolist() for c in read_targets(y).columns] == [[True, False], [False, True]]
    assert read_targets(torch.tensor([[-1, 3]]), -1).columns[0].labelled.tolist() == [False]
    assert y.requires_grad


def test_classes_may_be_tensors():
    encoder = TargetEncoder().fit(read_targets(torch.tensor([1, 0])), [torch.arange(3)])
    assert encoder.classes_[0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("kind", ["array", "index"])
def test_columns_of_pandas_without_a_series_keep_type_and_order(kind):
    make = {"array": lambda s: s.array, "index": pd.Index}[kind]
    column = read_targets(make(pd.Series([3, None, 2], dtype="Int64"))).columns[0]
    assert column.labels.tolist() == [3, 2]
    assert column.labels.dtype.kind == "i"
    assert column.labelled.tolist() == [True, False, True]
    levels = pd.CategoricalDtype(["low", "high"], ordered=True)
    assert read_targets(make(pd.Series(["high", "low"], dtype=levels))).columns[0].order == ["low", "high"]
    assert read_targets(make(pd.Series([True, False], dtype="boolean"))).columns[0].labels.dtype == bool


def test_orders_of_polars():
    levels = pl.Enum(["low", "high"])
    series = pl.Series("a", ["high", "low"], dtype=levels)
    assert read_targets(series).columns[0].order == ["low", "high"]
    assert [c.order for c in read_targets(pl.DataFrame([series, pl.Series("b", [1, 2])])).columns] == [
        ["low", "high"],
        None,
    ]


def test_only_pandas_and_polars_have_frames():
    assert is_frame(pd.DataFrame({"a": [1]}))
    assert is_frame(pl.DataFrame({"a": [1]}))
    for other in (pd.Series([1]), pl.Series([1]), pl.LazyFrame({"a": [1]}), Labelled(CELLS), CELLS, [1]):
        assert not is_frame(other)


@pytest.mark.parametrize(
    ("y", "error", "match"),
    [
        (torch.tensor(CELLS, device="meta"), TypeError, r"y is a Tensor that NumPy cannot read \(.* meta tensor"),
        (torch.tensor(CELLS).to_sparse(), TypeError, r"y is a Tensor .* cannot read \(.*to_dense\(\) first"),
        ([torch.tensor([1.0], requires_grad=True)], TypeError, r"y is a list that NumPy cannot read \(.*requires grad"),
        ([torch.tensor([1, 2]), torch.tensor([1])], ValueError, "y is ragged: every row needs the same number"),
        (Distant(), TypeError, r"y is a Distant that NumPy cannot read \(Implicit .*\): convert it to a NumPy array"),
        (pl.LazyFrame({"a": [1]}), TypeError, r"y is a LazyFrame, which has no values yet: pass y.collect\(\)"),
        (np.zeros(2, "i4,i4"), TypeError, r"y is a structured array .* \('f0', 'f1'\): pass pandas.DataFrame\(y\)"),
        (
            (i for i in range(3)),
            ValueError,
            r"shape \(\) from generator instead: pass an array, a list or a data frame",
        ),
        ({"a": 1}.values(), ValueError, r"shape \(\) from dict_values instead: pass an array, a list"),
        (CELLS[..., None], ValueError, r"an array of shape \(3, 2, 1\) instead: pass numpy.asarray\(y\).squeeze\(-1\)"),
        (torch.tensor(CELLS)[None], ValueError, r"shape \(1, 3, 2\) instead: pass numpy.asarray\(y\).squeeze\(0\)"),
        (np.eye(2)[CELLS], ValueError, r"shape \(3, 2, 2\) instead: pass numpy.asarray\(y\).argmax\(-1\) if the last"),
        (np.eye(2)[CELLS].tolist(), ValueError, r"or .reshape\(len\(y\), -1\) if every entry is a task"),
    ],
)
def test_what_is_no_target_comes_with_a_remedy(y, error, match):
    with pytest.raises(error, match=match):
        read_targets(y)


@pytest.mark.parametrize("wrap", [np.asarray, torch.tensor, np.ndarray.tolist])
def test_the_remedies_work(wrap):
    squeezed, one_hot = wrap(CELLS[..., None]), wrap(np.eye(2)[CELLS])
    for y in (np.asarray(squeezed).squeeze(-1), np.asarray(one_hot).argmax(-1)):
        assert [c.labels.tolist() for c in read_targets(y).columns] == [[0, 1, 1], [1, 0, 1]]
    assert len(read_targets(np.asarray(one_hot).reshape(len(one_hot), -1)).columns) == 4


def test_masked_arrays_stay_masked():
    masked = np.ma.masked_array([1, 2], mask=[1, 0])
    assert as_array("y", masked).tolist() == [None, 2]
    assert as_array("y", [1, "a"], object).tolist() == [1, "a"]


def test_libraries_are_not_imported_for_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    assert as_array("y", [1, 2]).tolist() == [1, 2]
    assert "torch" not in sys.modules
