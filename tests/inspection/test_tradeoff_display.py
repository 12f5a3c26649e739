from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from sklearn.model_selection import GridSearchCV

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.inspection import TaskTradeoffDisplay
from skmtl.metrics import multi_task_scorer
from skmtl.model_selection import SingleTaskComparison, task_weight_tradeoff
from skmtl.nn import ConvTrunk


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def tradeoff(scores, pareto, knee=None, names=("left", "right"), weights=None):
    scores = np.asarray(scores, dtype=float)
    weights = np.ones_like(scores) if weights is None else weights
    columns = pd.MultiIndex.from_product([["weight", "score", "std"], names])
    table = pd.DataFrame(np.hstack([weights, scores, scores / 100]), columns=columns)
    table[("pareto", "")] = pareto
    table[("knee", "")] = np.arange(len(scores)) == knee
    return table


def two_tasks():
    scores = [[0.9, 0.5], [0.6, 0.9], [0.8, 0.8], [0.7, 0.7]]
    weights = [[2.0, 0], [0, 2], [1.2, 0.8], [1, 1]]
    return tradeoff(scores, [True, True, True, False], knee=2, weights=weights)


def three_tasks():
    return tradeoff(
        [[0.9, 0.5, 0.7], [0.6, 0.9, 0.7], [0.8, 0.8, 0.7], [0.5, 0.5, 0.7]],
        [True, True, True, False],
        knee=2,
        names=("left", "right", 3),
        weights=[[3, 0, 0], [0, 3, 0], [1, 1.5, 0.5], [1, 1, 1]],
    )


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_all_candidates_are_points_coloured_by_weight():
    display = TaskTradeoffDisplay.from_tradeoff(two_tasks())
    (points,) = display.ax_.collections
    assert points.get_offsets().tolist() == [[0.9, 0.5], [0.6, 0.9], [0.8, 0.8], [0.7, 0.7]]
    assert points.get_array().tolist() == [1, 0, 0.6, 0.5]
    assert display.figure_.axes[1].get_ylabel() == "share of the weight of left"
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("score of left", "score of right")


def test_the_front_is_a_staircase_in_order():
    front = TaskTradeoffDisplay.from_tradeoff(two_tasks()).front_
    assert front.get_xydata().tolist() == [[0.6, 0.9], [0.8, 0.8], [0.9, 0.5]]
    # Down at a point, then level to the next: between two points only the worse score of either is sure.
    assert front.get_drawstyle() == "steps-pre"


def test_the_knee_is_a_star_with_its_weights_in_the_legend():
    display = TaskTradeoffDisplay.from_tradeoff(two_tasks())
    assert display.knee_.get_xydata().tolist() == [[0.8, 0.8]]
    assert display.knee_.get_marker() == "*"
    assert legend(display.figure_) == ["candidates", "Pareto front", "knee: left 1.2, right 0.8"]


def test_a_table_may_have_no_knee():
    table = two_tasks()
    table[("knee", "")] = False
    display = TaskTradeoffDisplay.from_tradeoff(table)
    assert display.knee_ is None
    assert legend(display.figure_) == ["candidates", "Pareto front"]


def test_error_bars_are_one_standard_deviation():
    display = TaskTradeoffDisplay.from_tradeoff(two_tasks(), error_bars=True)
    across, upright, _ = display.ax_.collections
    np.testing.assert_allclose(across.get_segments()[0], [[0.891, 0.5], [0.909, 0.5]])
    np.testing.assert_allclose(upright.get_segments()[1], [[0.6, 0.891], [0.6, 0.909]])


def comparison(scores):
    frame = pd.DataFrame({"single_task": scores})
    return SingleTaskComparison(frame, 0.0, (0, 0), pd.DataFrame(), pd.DataFrame(), "accuracy", 0.95)


@pytest.mark.parametrize(
    "single_task",
    [
        {"right": 0.75, "left": 0.85},
        pd.Series({"right": 0.75, "left": 0.85}),
        [0.85, 0.75],
        comparison({"right": 0.75, "left": 0.85}),
    ],
)
def test_single_task_models_are_a_point(single_task):
    display = TaskTradeoffDisplay.from_tradeoff(two_tasks(), single_task=single_task)
    assert display.single_task_.get_xydata().tolist() == [[0.85, 0.75]]
    assert legend(display.figure_)[-1] == "single-task models"


def test_one_single_task_model_is_a_line():
    at_left = TaskTradeoffDisplay.from_tradeoff(two_tasks(), single_task={"left": 0.85}).single_task_
    at_right = TaskTradeoffDisplay.from_tradeoff(two_tasks(), single_task={"right": 0.75}).single_task_
    assert at_left.get_xdata() == [0.85, 0.85]
    assert at_right.get_ydata() == [0.75, 0.75]
    assert TaskTradeoffDisplay.from_tradeoff(two_tasks(), single_task={}).single_task_ is None


def test_candidates_without_weights_have_one_colour():
    table = two_tasks()
    table[[("weight", "left"), ("weight", "right")]] = np.nan
    table[("knee", "")] = False
    display = TaskTradeoffDisplay.from_tradeoff(table)
    assert display.ax_.collections[0].get_array() is None
    assert len(display.figure_.axes) == 1


def test_more_tasks_are_parallel_coordinates():
    display = TaskTradeoffDisplay.from_tradeoff(three_tasks())
    heights = [line.get_ydata().tolist() for line in display.front_]
    # Each axis from its lowest to its highest score; the last one has a single one.
    np.testing.assert_allclose(heights, [[1, 0, 0.5], [0.25, 1, 0.5], [0.75, 0.75, 0.5]])
    np.testing.assert_allclose(display.knee_.get_ydata(), [0.75, 0.75, 0.5])
    assert display.knee_.get_linewidth() > display.front_[0].get_linewidth()
    assert {to_rgba(line.get_color()) for line in display.front_} == {to_rgba("tab:blue")}
    assert legend(display.figure_) == ["dominated", "Pareto front", "knee (its weights in brackets)"]


def test_axes_have_names_weights_and_ends():
    display = TaskTradeoffDisplay.from_tradeoff(three_tasks())
    below = [text.get_text() for text in display.ax_.get_xticklabels()]
    (top,) = display.ax_.child_axes
    assert below == ["0.500\nleft (1)", "0.500\nright (1.5)", "0.693\n3 (0.5)"]
    assert [text.get_text() for text in top.get_xticklabels()] == ["0.900", "0.900", "0.707"]
    assert display.ax_.get_ylabel() == "score, an axis per task"


def test_axes_name_the_metric_of_the_search():
    table = two_tasks()
    table.attrs["metrics"] = {"left": "accuracy", "right": "neg_log_loss"}
    ax = TaskTradeoffDisplay.from_tradeoff(table).ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("accuracy of left", "neg_log_loss of right")
    table = three_tasks()
    table.attrs["metrics"] = {"left": "accuracy", "right": "accuracy", "3": "accuracy"}
    assert TaskTradeoffDisplay.from_tradeoff(table).ax_.get_ylabel() == "accuracy, an axis per task"


def test_noise_does_not_fill_the_axes():
    scores = [[0.92901, 0.5, 0.7], [0.92900, 0.9, 0.8]]
    table = tradeoff(scores, [True, True], names=["shape", "left", "right"])
    table[("std", "shape")] = [0.03, 0.02]
    display = TaskTradeoffDisplay.from_tradeoff(table)
    np.testing.assert_allclose(display.front_[0].get_ydata(), [0.5, 0, 0], atol=0.001)
    np.testing.assert_allclose(display.front_[1].get_ydata(), [0.5, 1, 1], atol=0.001)
    two = tradeoff(np.array(scores)[:, :2], [True, True], names=["shape", "left"])
    two[("std", "shape")] = [0.03, 0.02]
    ax = TaskTradeoffDisplay.from_tradeoff(two).ax_
    np.testing.assert_allclose(ax.get_xlim(), [0.914, 0.944], atol=0.0001)
    np.testing.assert_allclose(ax.get_ylim(), [0.48, 0.92])


def test_single_task_models_widen_the_axes():
    display = TaskTradeoffDisplay.from_tradeoff(three_tasks(), single_task={"left": 1.0, 3: 0.2})
    np.testing.assert_allclose(display.single_task_.get_ydata(), [1, np.nan, 0])
    np.testing.assert_allclose(display.front_[0].get_ydata(), [0.8, 0, 1])


def test_a_task_without_score_leaves_a_gap():
    table = three_tasks()
    table[("score", 3)] = np.nan
    display = TaskTradeoffDisplay.from_tradeoff(table)
    np.testing.assert_allclose(display.front_[0].get_ydata(), [1, 0, np.nan])
    assert display.ax_.get_xticklabels()[2].get_text() == "\n3 (0.5)"


def test_forty_long_names_are_readable():
    names = [f"a_rather_long_name_of_a_task_{i}" for i in range(40)]
    scores = np.random.default_rng(0).random((5, 40))
    display = TaskTradeoffDisplay.from_tradeoff(tradeoff(scores, [True] * 5, knee=0, names=names))
    display.figure_.canvas.draw()
    labels = display.ax_.get_xticklabels()
    boxes = [label.get_window_extent() for label in labels]
    assert all(label.get_rotation() == 90 for label in labels)
    assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))


@pytest.mark.parametrize("table", [two_tasks(), three_tasks()])
def test_the_callers_axes_are_used(table):
    figure, ax = plt.subplots()
    display = TaskTradeoffDisplay.from_tradeoff(table, ax=ax, colorbar=False)
    assert display.ax_ is ax
    assert figure.axes == [ax]
    assert ax.get_legend() is not None


def test_from_search_tabulates_and_draws():
    X, y = load_two_digits(120, return_X_y=True, as_frame=True)
    clf = MultiTaskCNNClassifier(ConvTrunk(channels=(2,), hidden=(4,)), max_epochs=1, random_state=0)
    weights = [{"left": w, "right": 2 - w} for w in (0.2, 1, 1.8)]
    search = GridSearchCV(clf, {"task_weights": weights}, scoring=multi_task_scorer("accuracy"), refit=False, cv=2)
    search.fit(X, y)
    display = TaskTradeoffDisplay.from_search(search, single_task={"left": 0.5, "right": 0.5}, error_bars=True)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("accuracy of left", "accuracy of right")
    pd.testing.assert_frame_equal(display.table, task_weight_tradeoff(search))
    points = display.ax_.collections[-1]
    np.testing.assert_allclose(points.get_array(), [0.1, 0.5, 0.9])
    np.testing.assert_allclose(points.get_offsets()[:, 1], search.cv_results_["mean_test_right_accuracy"])
    front = search.cv_results_["mean_test_left_accuracy"][display.table["pareto"]]
    assert display.front_.get_xdata().tolist() == sorted(front)


@pytest.mark.parametrize(
    ("table", "params", "message"),
    [
        (tradeoff([[0.5]], [True], names=["only"]), {}, r"needs two tasks or more\. Got \['only'\] only"),
        (pd.DataFrame({"score": [1]}), {}, r"what task_weight_tradeoff returns.*lacks \['weight'"),
        (two_tasks().drop(columns="knee", level=0), {}, r"It lacks \['knee'\]"),
        (two_tasks().iloc[:0], {}, r"table has no row"),
        (three_tasks(), {"error_bars": True}, r"error_bars can only be drawn for two tasks\. Got 3"),
        (two_tasks(), {"single_task": {"lefft": 1}}, r"single_task names the task 'lefft'.*Did you mean 'left'"),
        (two_tasks(), {"single_task": [1.0]}, r"single_task has 1 entries"),
    ],
)
def test_mistakes_are_told(table, params, message):
    with pytest.raises(ValueError, match=message):
        TaskTradeoffDisplay.from_tradeoff(table, **params)


def test_a_knee_of_unknown_weights_has_none():
    scores = [[0.9, 0.5], [0.6, 0.9]]
    table = tradeoff(scores, [True, True], knee=0, weights=np.full((2, 2), np.nan))
    assert legend(TaskTradeoffDisplay.from_tradeoff(table).figure_) == ["candidates", "Pareto front", "knee"]


def test_long_names_of_tasks_still_differ():
    names = [f"attribute_number_{i}_of_the_left_hand_digit" for i in range(2)]
    display = TaskTradeoffDisplay.from_tradeoff(tradeoff([[0.9, 0.5]], [True], knee=0, names=names))
    assert display.ax_.get_xlabel() != display.ax_.get_ylabel()
    assert legend(display.figure_)[-1] == "knee: …0_of_t…_digit 1, …1_of_t…_digit 1"
