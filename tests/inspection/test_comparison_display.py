from dataclasses import replace
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from sklearn.tree import DecisionTreeClassifier

from skmtl.inspection import SingleTaskComparisonDisplay
from skmtl.model_selection import SingleTaskComparison

TABLE = pd.DataFrame(
    {
        "single_task": [0.8, 0.7, 0.9],
        "multi_task": [0.83, 0.71, 0.86],
        "difference": [0.03, 0.01, -0.04],
        "lower": [0.01, -0.02, -0.06],
        "upper": [0.05, 0.04, -0.02],
        "negative_transfer": [False, False, True],
    },
    index=pd.Index(["shape", "colour", 7], name="task"),
)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def comparison(table=TABLE):
    return SingleTaskComparison(table, 0.25, (-1.5, 2.0), pd.DataFrame(), pd.DataFrame(), "accuracy", 0.9)


def test_a_point_and_an_interval_per_task():
    display = SingleTaskComparisonDisplay.from_comparison(comparison())
    assert list(display.lines_) == ["shape", "colour", 7]
    for place, (line, low, high) in enumerate(
        zip(display.lines_.values(), TABLE["lower"], TABLE["upper"], strict=True)
    ):
        point, _, (bar,) = line
        assert point.get_xydata().tolist() == [[TABLE["difference"].iloc[place], place]]
        np.testing.assert_allclose(bar.get_segments()[0], [[low, place], [high, place]])


def test_the_first_task_is_on_top_and_zero_has_a_line():
    display = SingleTaskComparisonDisplay.from_comparison(comparison())
    assert display.ax_.get_ylim() == (2.5, -0.5)
    assert [t.get_text() for t in display.ax_.get_yticklabels()] == ["shape", "colour", "7"]
    assert display.ax_.lines[0].get_xdata() == [0, 0]


def test_every_task_by_its_own_metric():
    found = replace(comparison(), metric={"shape": "accuracy", 7: "f1", "colour": "neg_log_loss"})
    display = SingleTaskComparisonDisplay.from_comparison(found)
    labels = [t.get_text() for t in display.ax_.get_yticklabels()]
    assert labels == ["shape (accuracy)", "colour (neg_log_loss)", "7 (f1)"]
    assert display.ax_.get_xlabel() == "score, multi-task minus single-task (90 % interval)"


def test_negative_transfer_differs_in_colour_and_marker():
    lines = SingleTaskComparisonDisplay.from_comparison(comparison()).lines_
    looks = {name: (to_rgba(line[0].get_color()), line[0].get_marker()) for name, line in lines.items()}
    assert looks == {
        "shape": (to_rgba("tab:blue"), "o"),
        "colour": (to_rgba("0.45"), "s"),
        7: (to_rgba("tab:red"), "X"),
    }


def test_title_axis_and_legend_say_what_is_drawn():
    display = SingleTaskComparisonDisplay.from_comparison(comparison())
    assert display.ax_.get_title() == "Δm = +0.25 % [-1.50, +2.00], higher is better"
    assert display.ax_.get_xlabel() == "accuracy, multi-task minus single-task (90 % interval)"
    (legend,) = display.figure_.legends
    assert [t.get_text() for t in legend.get_texts()] == ["gain", "no clear difference", "negative transfer"]


def test_the_legend_explains_what_is_there():
    display = SingleTaskComparisonDisplay.from_comparison(comparison(TABLE.iloc[2:]))
    assert [t.get_text() for t in display.figure_.legends[0].get_texts()] == ["negative transfer"]


def test_a_difference_without_interval_is_a_point():
    table = TABLE.assign(lower=np.nan, upper=np.nan, negative_transfer=False)
    point, caps, bars = SingleTaskComparisonDisplay.from_comparison(comparison(table)).lines_["shape"]
    assert point.get_xdata().tolist() == [0.03]
    assert (caps, bars) == ((), ())


def test_the_callers_axes_are_used():
    figure, ax = plt.subplots()
    display = SingleTaskComparisonDisplay.from_comparison(comparison(), ax=ax)
    assert display.ax_ is ax
    assert figure.legends == []
    assert len(ax.get_legend().get_texts()) == 3


def test_forty_tasks_get_a_line_each():
    table = pd.concat([TABLE] * 14).iloc[:40].set_axis([f"a_rather_long_name_of_a_task_{i}" for i in range(40)])
    display = SingleTaskComparisonDisplay.from_comparison(comparison(table))
    display.figure_.canvas.draw()
    boxes = [label.get_window_extent() for label in display.ax_.get_yticklabels()]
    assert len(boxes) == 40
    assert all(above.y0 >= below.y1 for above, below in pairwise(boxes))


def test_from_estimator_compares_and_draws():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    y = pd.DataFrame({"first": X[:, 0] > 0, "second": X[:, 1] > 0})
    display = SingleTaskComparisonDisplay.from_estimator(
        DecisionTreeClassifier(max_depth=2), X, y, cv=3, n_repeats=1, random_state=0, confidence_level=0.8
    )
    assert list(display.lines_) == ["first", "second"]
    assert display.confidence_level == 0.8


@pytest.mark.parametrize(
    ("gain", "interval", "title"),
    [
        (np.nan, (np.nan, np.nan), "Δm unknown"),
        (1.5, (np.nan, np.nan), "Δm = +1.50 %, higher is better"),
        (1.5, (-np.inf, 2.0), "Δm = +1.50 % [-inf, +2.00], higher is better"),
    ],
)
def test_what_is_not_known_of_the_gain_is_not_written(gain, interval, title):
    assert SingleTaskComparisonDisplay(TABLE, gain, interval).plot().ax_.get_title() == title
