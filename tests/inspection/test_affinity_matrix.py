import numpy as np
import pandas as pd
import pytest

from skmtl.inspection._affinity_matrix import read_error, read_matrix


def test_a_frame_is_read_in_the_order_of_its_columns():
    frame = pd.DataFrame([[1, 2], [3, 4]], ["b", "a"], ["a", "b"])
    matrix, names = read_matrix(frame, None)
    assert names == ["a", "b"]
    assert matrix.tolist() == [[3, 4], [1, 2]]


def test_given_names_win():
    assert read_matrix(pd.DataFrame([[1.0]], ["a"], ["a"]), ["left"])[1] == ["left"]


def test_an_empty_matrix_is_refused():
    with pytest.raises(ValueError, match="square matrix"):
        read_matrix(np.empty((0, 0)), None)


def test_errors_of_a_frame_follow_the_names():
    frame = pd.DataFrame([[1, 2], [3, 4]], ["b", "a"], ["b", "a"])
    assert read_error(frame, ["a", "b"]).tolist() == [[4, 3], [2, 1]]


def test_errors_of_an_array_are_taken_as_they_are():
    assert read_error([[1, 2], [3, 4]], ["a", "b"]).tolist() == [[1, 2], [3, 4]]
