import numpy as np
import pandas as pd
import pytest

from skmtl.model_selection._fit_params import fit_params_of, read_fit_params

FRAME = pd.DataFrame({"sex": ["f", "m", "f"], "age": [0, 1, 2]})
CELLS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


def test_weights_are_matched_with_the_tasks_and_all_else_stays():
    other = object()
    swapped = pd.DataFrame({"age": CELLS[:, 1], "sex": CELLS[:, 0]})
    params = {"clf__sample_weight": swapped, "groups": other, "scale__sample_weight": None}
    found = read_fit_params([1, 2, 3], params, FRAME, named=True)
    assert list(params) == ["clf__sample_weight", "groups", "scale__sample_weight"]
    np.testing.assert_array_equal(found["sample_weight"], [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(found["clf__sample_weight"], CELLS)
    assert found["groups"] is other
    assert found["scale__sample_weight"] is None
    assert read_fit_params(None, None, FRAME, named=True) == {}


def test_tasks_without_names_go_by_position():
    frame = FRAME.set_axis(["task0", "task1"], axis=1)
    weights = pd.DataFrame(CELLS, columns=["v", "u"])
    np.testing.assert_array_equal(read_fit_params(weights, None, frame, named=False)["sample_weight"], CELLS)


def test_weights_of_another_shape():
    with pytest.raises(ValueError, match=r"sample_weight must have shape \(3,\) or \(3, 2\)"):
        read_fit_params(None, {"clf__sample_weight": np.ones((3, 3))}, FRAME, named=True)


def test_weights_of_cells_are_those_of_the_tasks():
    rows, groups = np.arange(3.0), CELLS.astype(int)
    given = {"sample_weight": rows, "clf__sample_weight": CELLS, "groups": groups, "a__sample_weight": None}
    alone, swapped = (fit_params_of(given, tasks) for tasks in ([1], [1, 0]))
    np.testing.assert_array_equal(alone["clf__sample_weight"], [2.0, 4.0, 6.0])
    np.testing.assert_array_equal(swapped["clf__sample_weight"], CELLS[:, ::-1])
    for found in (alone, swapped):
        assert found["sample_weight"] is rows
        assert found["groups"] is groups
        assert found["a__sample_weight"] is None
