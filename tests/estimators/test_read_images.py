"""What is refused before scikit-learn's own checks, and what is left to them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import torch

from skmtl.estimators._read_images import check_images_readable


class Wrapped:
    """An array-like that is no array."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype=dtype)


@pytest.mark.parametrize(
    "X",
    [
        np.zeros((2, 3)),
        np.zeros((2, 3, 4, 1)),
        [[1, 2], [3, 4]],
        np.array([["1", "2.5"]], dtype=object),
        np.array([[None, 1]], dtype=object),
        pd.DataFrame({"a": [1], "b": [0.5]}),
        pd.DataFrame({"a": [1, None], "b": [1, 2]}, dtype="Int64"),
        pl.DataFrame({"a": [1]}),
        sp.csr_array((2, 3)),
        sp.dok_array((2, 3)),
        np.empty((0, 3)),
        Wrapped([[1, 2]]),
        torch.zeros(2, 3),
        np.ma.array(np.zeros((2, 3))),
    ],
    ids=lambda X: type(X).__name__,
)
def test_left_to_scikit_learn(X):
    assert check_images_readable(X) is None


@pytest.mark.parametrize(
    ("X", "error", "match"),
    [
        (Wrapped([1, 2]), ValueError, r"Got an array of shape \(2,\) instead. Reshape your data"),
        ([], ValueError, r"Got an array of shape \(0,\)"),
        ("a", ValueError, "Got str instead"),
        ([[[1], [2, 3]]], ValueError, "X is ragged: resize all images to one shape"),
        ([["a", "b"]], ValueError, "X must hold numbers, the pixel values. Got <U1"),
        (pd.DataFrame({"a": [1], "b": ["x"]}), ValueError, "X must hold numbers, the pixel values. Got object"),
        (pl.DataFrame({"a": [1], "b": ["x"]}), ValueError, "X must hold numbers, the pixel values. Got object"),
        (torch.zeros(2, 3, device="meta"), ValueError, r"on the device 'meta', which holds no pixels"),
        (np.array([["1", "2"]]), ValueError, "X must hold numbers, the pixel values. Got <U1"),
        (np.zeros((2, 3), "M8[s]"), ValueError, r"X must hold numbers, the pixel values. Got datetime64\[s\]"),
        (np.zeros((2, 3), "m8[s]"), ValueError, r"X must hold numbers, the pixel values. Got timedelta64\[s\]"),
        (np.zeros((2, 3), [("r", "u1")]), ValueError, r"X must hold numbers, the pixel values. Got \[\('r', 'u1'\)\]"),
        (np.ma.array([[1, 2]], mask=[[0, 1]]), ValueError, r"X has 1 masked values.*X\.filled\(0\)"),
        ({"a": [1]}, TypeError, "Got dict instead: pass one of its values"),
    ],
)
def test_refused(X, error, match):
    with pytest.raises(error, match=match):
        check_images_readable(X)
