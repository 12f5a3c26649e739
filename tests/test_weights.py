import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from skmtl._weights import check_sample_weight, check_task_weights

NAMES = ["digit", "side"]
FRAME = {"side": [1.0, 2], "digit": [3.0, 4]}


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_of_sample_weights_meet_by_name(frame):
    weights = frame(FRAME)
    for columns in (None, NAMES, NAMES[::-1]):
        assert check_sample_weight(weights, 2, NAMES, columns).tolist() == [[3, 1], [4, 2]]
    # Without names of its own, y says nothing but the order.
    assert check_sample_weight(weights, 2, ["task0", "task1"]).tolist() == [[1, 3], [2, 4]]
    # A task that is not there has no weight to lose.
    assert check_sample_weight(weights, 2, ["digit"]).tolist() == [[3], [4]]


@pytest.mark.parametrize("columns", [None, NAMES])
def test_wrong_names_come_with_a_suggestion(columns):
    wrong = pd.DataFrame(FRAME).rename(columns={"side": "sides"})
    with pytest.raises(ValueError, match="sample_weight has no column 'side'; its columns are") as error:
        check_sample_weight(wrong, 2, NAMES, columns)
    assert str(error.value).endswith(
        "['sides', 'digit'], but the tasks are ['digit', 'side']: name its columns after the tasks. "
        "Did you mean 'sides'?"
    )


def test_names_that_happen_to_be_ours_are_names():
    names = ["task0", "task1"]
    with pytest.raises(ValueError, match="sample_weight has no column 'task0'"):
        check_sample_weight(pd.DataFrame(FRAME), 2, names, names)


def test_weights_without_names_follow_the_columns_of_y():
    cells = pd.DataFrame(FRAME).to_numpy()
    assert check_sample_weight(cells, 2, NAMES).tolist() == cells.tolist()
    assert check_sample_weight(cells, 2, NAMES, NAMES[::-1]).tolist() == cells[:, ::-1].tolist()
    assert check_sample_weight([1, 2], 2, NAMES, NAMES[::-1]).tolist() == [1, 2]
    assert check_sample_weight(None, 2, NAMES) is None


def test_masked_weights_are_zero_and_stay_masked():
    masked = np.ma.masked_array([[1, 2], [3, np.nan]], mask=[[1, 0], [0, 1]])
    assert check_sample_weight(masked, 2, NAMES).tolist() == [[0, 2], [3, 0]]
    assert masked.mask.tolist() == [[True, False], [False, True]]
    assert check_sample_weight(np.ma.masked_array([5, 7], mask=[0, 1]), 2, ()).tolist() == [5, 0]


def test_tensors_of_sample_weights():
    for dtype in (torch.bfloat16, torch.float32, torch.float64):
        weights = torch.tensor([[1, 2], [3, 0]], dtype=dtype, requires_grad=True)
        assert check_sample_weight(weights, 2, NAMES, NAMES[::-1]).tolist() == [[2, 1], [0, 3]]
        assert check_sample_weight(weights[:, 0], 2, ()).tolist() == [1, 3]
    with pytest.raises(ValueError, match=r"sample_weight is a Tensor that NumPy cannot read .*to_dense\(\) first"):
        check_sample_weight(weights.detach().to_sparse(), 2, NAMES)


TASK_WEIGHTS = [
    (None, [1, 1]),
    ([2, 0], [1, 0]),
    (np.array([1, 2.5]), [0.5, 1.25]),
    (torch.tensor([1, 2.5], requires_grad=True), [0.5, 1.25]),
    ({"side": 4, "digit": 1}, [0.25, 1]),
    ([2.0**200, 2.0**202], [0.25, 1]),
    ([5e-324, 0], [1, 0]),
    (pd.Series({"side": 3, "digit": 1}), [0.5, 1.5]),
]


@pytest.mark.parametrize(("given", "expected"), TASK_WEIGHTS)
def test_task_weights(given, expected):
    weights = check_task_weights(given, NAMES)
    assert weights.tolist() == expected
    assert weights.dtype == np.float64


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ([1], "task_weights has 1 entries, but y has 2 tasks"),
        ({"digit": 1}, r"task_weights must name every task; it lacks \['side'\]"),
        ({"digit": 1, "sid": 1}, "task_weights names the task 'sid'.*Did you mean 'side'"),
        ([1, -1], "task_weights must be finite numbers >= 0. Got -1 for task 'side'"),
        ([np.nan, 1], "task_weights must be finite numbers >= 0. Got nan for task 'digit'"),
        ([1, np.inf], "task_weights must be finite"),
        (["1", 1], "task_weights must be finite numbers >= 0. Got '1'"),
        ([0, 0], "task_weights are all zero, so that no task counts: give at least one"),
    ],
)
def test_bad_task_weights(given, match):
    with pytest.raises(ValueError, match=match):
        check_task_weights(given, NAMES)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (np.ones(5), r"sample_weight must have shape \(6,\) or \(6, 2\) \(n_samples, n_tasks\). Got \(5,\) instead"),
        (np.ones((6, 3)), r"Got \(6, 3\) instead"),
        (np.full(6, -1.0), "sample_weight must be >= 0. Got -1.0"),
        (np.zeros(6), "sample_weight is zero for every sample"),
        (np.full(6, np.nan), "sample_weight contains NaN"),
        (["a"] * 6, "could not convert string"),
    ],
)
def test_bad_sample_weights(given, match):
    with pytest.raises(ValueError, match=match):
        check_sample_weight(given, 6, NAMES)


def test_weights_of_rows_only():
    assert check_sample_weight(np.array([1, 2]), 2, ()).tolist() == [1, 2]
    for cells in (np.ones((2, 1)), pd.DataFrame({"digit": [1, 2]})):
        with pytest.raises(ValueError, match=r"must have shape \(2,\), one weight a row. Got \(2, 1\) instead"):
            check_sample_weight(cells, 2, ())


def test_all_weights_may_be_zero_where_allowed():
    assert check_sample_weight(np.zeros(2), 2, NAMES, allow_zero=True).tolist() == [0, 0]
