from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from skmtl.inspection import TaskAffinityDisplay
from skmtl.model_selection import TaskAffinity

TASKS = ["a", "b", "c"]
MATRIX = np.array([[9.0, 0.2, -0.1], [0.05, 9.0, 0.4], [-0.3, 0.0, 9.0]])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def result(matrix=MATRIX, method="lookahead"):
    frame = pd.DataFrame(matrix, TASKS, TASKS)
    return TaskAffinity(frame, frame.abs() / 10, matrix[None], method, TASKS)


def test_rows_give_columns_receive_and_the_diagonal_is_left_out():
    display = TaskAffinityDisplay.from_affinity(result())
    drawn = display.im_.get_array()
    assert np.ma.getmaskarray(drawn).tolist() == np.eye(3, dtype=bool).tolist()
    assert drawn[0, 1] == 0.2
    assert drawn[1, 0] == 0.05
    assert (display.ax_.get_ylabel(), display.ax_.get_xlabel()) == ("giving", "receiving")
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == TASKS
    assert [t.get_text() for t in display.ax_.get_yticklabels()] == TASKS


def test_signed_measures_have_zero_in_the_middle_and_a_labelled_bar():
    display = TaskAffinityDisplay.from_affinity(result())
    # Not 9, which stands on the diagonal.
    assert display.im_.get_clim() == (-0.4, 0.4)
    assert display.im_.get_cmap().name == "RdBu"
    assert display.figure_.axes[1].get_ylabel() == "relative fall of the receiver's loss"


def test_measures_without_sign_start_at_zero():
    display = TaskAffinityDisplay.from_affinity(result(abs(MATRIX), "label_association"))
    assert display.im_.get_clim() == (0, 0.4)
    assert display.im_.get_cmap().name == "cividis"


def test_a_signed_measure_is_centred_even_where_all_values_are_positive():
    assert TaskAffinityDisplay.from_affinity(result(abs(MATRIX))).im_.get_clim() == (-0.4, 0.4)


def test_cells_hold_value_and_standard_error():
    texts = TaskAffinityDisplay.from_affinity(result()).text_
    assert len(texts) == 6
    assert texts[0, 1].get_text() == "0.200\n±0.020"
    assert texts[2, 0].get_position() == (0, 2)


def test_dark_cells_have_white_text():
    texts = TaskAffinityDisplay.from_affinity(result()).text_
    assert (texts[1, 2].get_color(), texts[2, 1].get_color()) == ("white", "black")


def test_cells_without_value_are_grey_and_empty():
    matrix = MATRIX.copy()
    matrix[0, 1] = np.nan
    display = TaskAffinityDisplay.from_affinity(result(matrix))
    assert (0, 1) not in display.text_
    np.testing.assert_allclose(display.im_.get_cmap().get_bad()[:3], 0.88)


def test_a_matrix_without_any_value_is_drawn():
    assert TaskAffinityDisplay.from_affinity([[1.0]], task_names=["only"]).text_ == {}


@pytest.mark.parametrize(
    ("n_tasks", "n_values", "errors"), [(8, 56, True), (9, 72, False), (12, 132, False), (13, 0, False)]
)
def test_numbers_are_written_where_there_is_room(n_tasks, n_values, errors):
    matrix = np.full((n_tasks, n_tasks), 0.25)
    texts = TaskAffinityDisplay.from_affinity(matrix, standard_error=matrix).text_
    assert len(texts) == n_values
    assert all(("±" in text.get_text()) == errors for text in texts.values())


def test_values_says_whether_numbers_are_written():
    assert TaskAffinityDisplay.from_affinity(result(), values=False).text_ == {}
    assert len(TaskAffinityDisplay.from_affinity(np.ones((13, 13)), values=True).text_) == 156


def test_tiny_values_keep_their_digits():
    texts = TaskAffinityDisplay.from_affinity([[0, 2e-7], [-1e-9, 0]]).text_
    assert (texts[0, 1].get_text(), texts[1, 0].get_text()) == ("2e-07", "-1e-09")


def test_what_is_rounded_to_zero_has_no_sign():
    texts = TaskAffinityDisplay.from_affinity([[0, 0.5], [-1e-9, 0]]).text_
    assert texts[1, 0].get_text() == "0.000"


def test_frames_have_names_and_rows_are_matched_to_columns():
    frame = pd.DataFrame(MATRIX, TASKS, TASKS).loc[["c", "a", "b"]]
    display = TaskAffinityDisplay.from_affinity(frame, standard_error=frame.abs())
    assert display.task_names == TASKS
    assert display.affinity.tolist() == MATRIX.tolist()
    assert display.standard_error.tolist() == abs(MATRIX).tolist()


def test_arrays_get_names():
    assert TaskAffinityDisplay.from_affinity(MATRIX).task_names == ["task0", "task1", "task2"]


def test_any_hashable_is_a_name():
    display = TaskAffinityDisplay.from_affinity(MATRIX, task_names=[1, ("x", 2), "y"])
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == ["1", "('x', 2)", "y"]


def test_forty_long_names_are_readable():
    names = [f"attribute_{i}_of_the_person_in_the_picture" for i in range(40)]
    display = TaskAffinityDisplay.from_affinity(np.ones((40, 40)), task_names=names)
    labels = display.ax_.get_xticklabels()
    assert len(labels) == 40
    assert all(label.get_rotation() == 90 and len(label.get_text()) <= 28 for label in labels)
    display.figure_.canvas.draw()
    # In pixels: no two names may touch.
    boxes = [label.get_window_extent() for label in display.ax_.get_yticklabels()]
    assert all(above.y0 >= below.y1 for above, below in pairwise(boxes))


def test_the_callers_axes_are_used():
    figure, ax = plt.subplots()
    display = TaskAffinityDisplay.from_affinity(MATRIX, ax=ax, colorbar=False)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert figure.axes == [ax]


@pytest.mark.parametrize(
    ("affinity", "params", "message"),
    [
        (np.ones((2, 3)), {}, r"square matrix \(n_tasks, n_tasks\)\. Got shape \(2, 3\)"),
        (MATRIX, {"task_names": ["a"]}, r"task_names must have 3 entries"),
        (MATRIX, {"standard_error": np.ones((2, 2))}, r"standard_error must have the shape \(3, 3\)"),
        (MATRIX, {"method": "look-ahead"}, r"method must be one of .* Did you mean 'lookahead'"),
        (pd.DataFrame(MATRIX, ["a", "b", "x"], TASKS), {}, r"the same tasks in its rows and columns"),
        (result(), {"task_names": TASKS}, r"A TaskAffinity has its own task_names"),
    ],
)
def test_mistakes_are_told(affinity, params, message):
    with pytest.raises(ValueError, match=message):
        TaskAffinityDisplay.from_affinity(affinity, **params)


def test_from_estimator_measures_and_draws():
    rng = np.random.default_rng(0)
    first = rng.integers(0, 2, 60)
    y = pd.DataFrame({"first": first, "same": first, "other": rng.integers(0, 2, 60)})
    display = TaskAffinityDisplay.from_estimator(
        None, np.zeros((60, 4, 4)), y, method="label_association", values=False, random_state=0
    )
    assert display.method == "label_association"
    assert display.task_names == ["first", "same", "other"]
    assert display.affinity[0, 1] == pytest.approx(1)
    assert display.text_ == {}
