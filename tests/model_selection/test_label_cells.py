"""Labels of every kind become numbers; missing cells get one of their own."""

import numpy as np
import pandas as pd
import pytest

from skmtl.model_selection._label_cells import read_cells


def test_read_cells_numbers_all_tasks_through_and_gives_missing_cells_their_own_number():
    y = pd.DataFrame({"shape": ["b", None, "a", "b"], "size": [3.0, 1.0, np.nan, 3.0]})
    read = read_cells(y)
    np.testing.assert_array_equal(read.cells, [[1, 4], [2, 3], [0, 5], [1, 4]])
    assert read.classes == [("shape", "a"), ("shape", "b"), ("shape",), ("size", 1.0), ("size", 3.0), ("size",)]
    np.testing.assert_array_equal(read.counts, [1, 2, 1, 1, 2, 1])


def test_read_cells_takes_a_column_without_any_label():
    read = read_cells([[0, None], [1, None]])
    assert read.classes == [("task0", 0), ("task0", 1), ("task1",)]


def test_read_cells_takes_a_missing_label():
    np.testing.assert_array_equal(read_cells(np.array([0, -1, 1, -1]), missing_label=-1).cells.ravel(), [0, 2, 1, 2])


@pytest.mark.parametrize("column", [[0.5, 1.25, 2.75, 0.1], [1.5, np.nan, 0.25, 2.0]])
def test_read_cells_names_the_continuous_task(column):
    y = pd.DataFrame({"digit": [0, 1, 0, 1], "angle": column})
    with pytest.raises(ValueError, match=r"Task 'angle' of y cannot be stratified: Unknown label type: continuous"):
        read_cells(y)
