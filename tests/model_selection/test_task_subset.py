import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import TaskImages
from skmtl.model_selection._task_subset import (
    inputs_of,
    own_missing_label,
    subset,
    take_rows,
    task_frame,
    with_seed,
)
from skmtl.nn import MLPHead
from skmtl.weighting import FAMO

FRAME = pd.DataFrame({"sex": ["f", "m", "f", "m"], "age": [0, 1, 2, 0], "smile": [True, False, None, True]})


@pytest.mark.parametrize(
    ("y", "dtype"),
    [
        (np.array([[1, 2], [3, 4]], np.int8), np.int8),
        (np.array([[1.5, 2], [3, 4]]), np.float64),
        (np.array([["a", "b"], ["b", "a"]]), object),
        (np.array([[True, False], [False, True]]), bool),
    ],
)
def test_labels_keep_their_dtype(y, dtype):
    frame = task_frame(y)
    assert list(frame.columns) == ["task0", "task1"]
    assert set(frame.dtypes) == {np.dtype(dtype)}
    np.testing.assert_array_equal(frame.to_numpy(), y)


def test_cells_without_a_label():
    frame = task_frame(np.ma.array([[1, 2], [3, 4], [-1, 5]], mask=[[0, 1], [0, 0], [0, 0]]), missing_label=-1)
    assert frame["task0"].tolist() == [1, 3, None]
    assert frame["task1"].tolist() == [None, 4, 5]
    assert isinstance(frame["task1"][1], int)
    assert np.isnan(task_frame(np.array([0.5, np.nan]))["task0"][1])


def test_frames_keep_names_and_orders():
    size = pl.Series("size", ["s", "l", None], dtype=pl.Enum(["s", "m", "l"]))
    frame = task_frame(pl.DataFrame({"size": size, "n": [1, 2, 3]}))
    assert list(frame.columns) == ["size", "n"]
    assert frame["size"].cat.categories.tolist() == ["s", "m", "l"]
    assert frame["size"].cat.ordered
    assert task_frame(pd.Series([1, 2], name="n")).columns.tolist() == ["n"]


def test_parameters_of_some_tasks():
    clf = MultiTaskCNNClassifier(
        task_weights=[1, 2, 4],
        class_weight=["balanced", None, {True: 2.0, False: 1.0}],
        head={"smile": "mlp", "age": MLPHead(hidden=(4,))},
        monitor=1,
        weighting="famo",
        sharing="mmoe",
    )
    X = np.zeros((4, 8, 8))
    pair, same, y = subset(clf, X, FRAME, [1, 2])
    assert same is X
    assert pair.task_weights == [0.5, 1.0]
    assert pair.class_weight == [None, {True: 2.0, False: 1.0}]
    assert pair.head["smile"] == "mlp"
    assert pair.head["age"].hidden == (4,)
    assert pair.monitor == "age"
    assert (pair.weighting, pair.sharing) == ("famo", "mmoe")
    assert y.columns.tolist() == ["age", "smile"]
    alone, _, y = subset(clf, X, FRAME, [0])
    assert (alone.task_weights, alone.class_weight, alone.head, alone.monitor) == ([0.25], ["balanced"], {}, None)
    assert (alone.weighting, alone.sharing) == ("equal", "hard")
    assert y.name == "sex"
    assert clf.task_weights == [1, 2, 4]


def test_weights_of_labels_are_those_of_the_tasks_that_have_them():
    clf = MultiTaskCNNClassifier(class_weight={"f": 3.0, "m": 1.0, 2: 5.0})
    assert subset(clf, None, FRAME, [0])[0].class_weight == [{"f": 3.0, "m": 1.0}]
    assert subset(clf, None, FRAME, [1, 2])[0].class_weight == [{2: 5.0}, None]


def test_a_task_turned_off_is_learned_alone():
    clf = MultiTaskCNNClassifier(task_weights={"sex": 0, "age": 1, "smile": 1})
    assert subset(clf, None, FRAME, [0])[0].task_weights is None


def test_parameters_inside_a_pipeline():
    pipeline = make_pipeline(FunctionTransformer(), MultiTaskCNNClassifier(task_weights=[1, 1, 2], weighting=FAMO()))
    copy, _, _ = subset(pipeline, None, FRAME, [0, 2])
    assert copy[-1].task_weights == [0.5, 1.0]
    assert isinstance(copy[-1].weighting, FAMO)


def test_a_subset_is_trainable():
    rng = np.random.default_rng(0)
    X, frame = rng.random((12, 8, 8)), pd.concat([FRAME] * 3, ignore_index=True)
    clf = MultiTaskCNNClassifier(task_weights={"sex": 1, "age": 3, "smile": 1}, max_epochs=1, random_state=0)
    clf, X, y = subset(clf, X, frame, [2, 1])
    assert clf.fit(X, y).task_names_ == ["smile", "age"]
    assert clf.history_[0]["age_weight"] == pytest.approx(1.5)


def test_a_single_task_is_a_column_for_those_that_want_columns():
    forest = RandomForestClassifier()
    assert subset(make_pipeline(forest), None, FRAME, [1])[2].shape == (4,)
    _, _, y = subset(make_pipeline(MultiOutputClassifier(forest)), None, FRAME, [1])
    pd.testing.assert_frame_equal(y, FRAME[["age"]])


def test_images_of_some_tasks():
    a, b = np.zeros((3, 2, 2)), np.ones((3, 2, 2))
    X = {"sex": a, "age": b, "smile": a}
    assert inputs_of(a, list(FRAME.columns), [1]) is a
    kept = inputs_of(X, list(FRAME.columns), [0, 2])
    assert list(kept) == ["sex", "smile"]
    assert kept["sex"] is a
    assert kept["smile"] is a
    kept = inputs_of(TaskImages(X), list(FRAME.columns), [1])
    np.testing.assert_array_equal(np.asarray(kept["age"][:]), b)


def test_rows_of_a_mapping_stay_shared():
    a, b = np.arange(4.0), np.arange(4.0, 8)
    taken = take_rows({"x": a, "y": b, "z": a}, np.array([3, 0]))
    assert taken["x"].tolist() == [3, 0]
    assert taken["y"].tolist() == [7, 4]
    assert taken["z"] is taken["x"]
    assert take_rows(a, np.array([1])).tolist() == [1]


def test_seed_of_everything_inside():
    pipeline = make_pipeline(RandomForestClassifier(random_state=3))
    assert with_seed(pipeline, 7)[-1].random_state == 7
    assert pipeline[-1].random_state == 3


def test_missing_label_inside():
    assert own_missing_label(make_pipeline(MultiTaskCNNClassifier(missing_label=-1))) == -1
    assert own_missing_label(RandomForestClassifier()) is None
