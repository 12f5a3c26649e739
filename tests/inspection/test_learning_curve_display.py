import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.inspection import TaskLearningCurveDisplay
from skmtl.nn import ConvTrunk

TASKS = ["a", 1]
SHARES = [[[0, 0.25, 0.75], [0.25, 0, 0.5], [0.75, 0.5, 0]], [[0, np.nan, 1], [np.nan, 0, np.nan], [1, np.nan, 0]]]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def history(valid=True):
    rows = [
        {"epoch": e, "a_train_loss": 3 / e, "1_train_loss": 4 / e, "a_weight": 0.5 * e, "1_weight": 2 - 0.5 * e}
        for e in (1, 2, 3)
    ]
    if valid:
        for row, score in zip(rows, (0.5, 0.75, 0.75), strict=True):
            row.update(valid_score=score, a_valid_score=score, a_valid_loss=1 - score)
            row.update({"1_valid_score": score, "1_valid_loss": 2 - score})
    return rows


def legends(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_panel_per_task_with_both_losses():
    display = TaskLearningCurveDisplay.from_history(history(), TASKS)
    assert [ax.get_title() for ax in display.axes_] == ["a", "1"]
    assert [ax.get_xlabel() for ax in display.axes_] == ["epoch"] * 2
    assert [ax.get_ylabel() for ax in display.axes_] == ["loss"] * 2
    lines = display.lines_[1]
    assert lines["training"].get_xdata().tolist() == [1, 2, 3]
    assert lines["training"].get_ydata().tolist() == [4, 2, 4 / 3]
    assert lines["validation"].get_ydata().tolist() == [1.5, 1.25, 1.25]
    assert legends(display.figure_) == ["training", "validation", "best epoch (2)"]


def test_the_first_of_equally_good_epochs_is_marked():
    display = TaskLearningCurveDisplay.from_history(history(), TASKS)
    assert all(lines["best epoch"].get_xdata() == [2, 2] for lines in display.lines_)


def test_the_epoch_that_was_kept_is_marked():
    display = TaskLearningCurveDisplay.from_history(history(), TASKS, best_epoch=3)
    assert display.lines_[0]["best epoch"].get_xdata() == [3, 3]


def test_without_validation_no_epoch_is_the_best():
    display = TaskLearningCurveDisplay.from_history(history(valid=False), TASKS)
    assert [list(lines) for lines in display.lines_] == [["training"]] * 2
    assert display.figure_.legends == []


@pytest.mark.parametrize(
    ("quantity", "legend", "values", "label"),
    [("score", "validation", [0.5, 0.75, 0.75], "accuracy"), ("weight", "weight", [0.5, 1, 1.5], "weight")],
)
def test_other_quantities(quantity, legend, values, label):
    display = TaskLearningCurveDisplay.from_history(history(), TASKS, quantity=quantity, tasks="a")
    assert display.lines_[0][legend].get_ydata().tolist() == values
    assert display.axes_[0].get_ylabel() == label


def test_conflicts_are_means_over_the_other_tasks():
    rows = [
        {"epoch": e, "gradient_conflict": shares, "conflict_rate": rate}
        for e, shares, rate in zip((1, 2), SHARES, (0.5, 1.0), strict=True)
    ]
    display = TaskLearningCurveDisplay.from_history(rows, ["a", "b", "c"], quantity="conflict")
    found = [lines["against other tasks"].get_ydata() for lines in display.lines_]
    np.testing.assert_array_equal(found, [[0.5, 1], [0.375, np.nan], [0.625, 1]])
    assert display.lines_[2]["all pairs"].get_ydata().tolist() == [0.5, 1]


def test_of_two_tasks_there_is_one_pair():
    rows = [{"epoch": 1, "gradient_conflict": [[0, 0.25], [0.25, 0]], "conflict_rate": 0.25}]
    display = TaskLearningCurveDisplay.from_history(rows, ["a", "b"], quantity="conflict")
    assert [list(lines) for lines in display.lines_] == [["against other tasks"]] * 2


def test_a_frame_is_a_history_and_epochs_may_lack_what_others_have():
    rows = [*history(), {"epoch": 4, "a_train_loss": 0.5, "1_train_loss": 0.6}]
    for given in (rows, pd.DataFrame(rows)):
        display = TaskLearningCurveDisplay.from_history(given, TASKS)
        np.testing.assert_array_equal(display.lines_[0]["validation"].get_ydata(), [0.5, 0.25, 0.25, np.nan])
        assert display.best_epoch is None
        assert display.lines_[0]["best epoch"].get_xdata() == [2, 2]


def test_tasks_are_picked_by_name_or_index():
    display = TaskLearningCurveDisplay.from_history(history(), TASKS, tasks=[1, 0])
    assert [ax.get_title() for ax in display.axes_] == ["1", "a"]


def test_epochs_have_whole_numbers():
    display = TaskLearningCurveDisplay.from_history(history(), TASKS)
    display.figure_.canvas.draw()
    assert all(tick == int(tick) for tick in display.axes_[0].get_xticks())


def test_a_single_epoch_is_visible():
    display = TaskLearningCurveDisplay.from_history(history()[:1], TASKS)
    assert display.lines_[0]["training"].get_marker() == "o"


def test_the_callers_axes_are_used():
    figure, axes = plt.subplots(2)
    display = TaskLearningCurveDisplay.from_history(history(), TASKS, axes=axes)
    assert list(display.axes_) == list(axes)
    assert figure.legends == []
    assert len(axes[0].get_legend().get_texts()) == 3


@pytest.mark.parametrize(
    ("rows", "params", "message"),
    [
        (history(False), {"quantity": "score"}, r"no 'a_valid_score'.*fit with early_stopping=True"),
        (history(), {"quantity": "conflict"}, r"no 'gradient_conflict'.*fit with record_conflicts=True"),
        (history(), {"quantity": "losses"}, r"quantity must be one of .* Did you mean 'loss'"),
        (history(), {"tasks": ["b"]}, r"tasks names the task 'b'"),
        ([], {}, r"history has no row"),
    ],
)
def test_what_the_history_lacks_is_told(rows, params, message):
    with pytest.raises(ValueError, match=message):
        TaskLearningCurveDisplay.from_history(rows, TASKS, **params)
    assert plt.get_fignums() == []


def test_wrong_names_are_told():
    with pytest.raises(ValueError, match=r"no 'x_train_loss'.*check task_names"):
        TaskLearningCurveDisplay.from_history(history(), ["x", "y"])


def test_an_estimator_without_history_is_refused():
    with pytest.raises(ValueError, match="DummyClassifier has no history_"):
        TaskLearningCurveDisplay.from_estimator(DummyClassifier())


def test_from_estimator_draws_the_history_of_the_model_inside():
    X, y = load_two_digits(150, return_X_y=True, as_frame=True)
    clf = MultiTaskCNNClassifier(
        ConvTrunk(channels=(4,), hidden=(8,)),
        max_epochs=4,
        early_stopping=True,
        record_conflicts=True,
        monitor="right",
        random_state=0,
    )
    model = make_pipeline(FunctionTransformer(), clf).fit(X, y)
    display = TaskLearningCurveDisplay.from_estimator(model, quantity="score", tasks=["right"])
    history, kept = model[-1].history_, model[-1].best_score_
    line, best = display.lines_[0]["validation"], display.lines_[0]["best epoch"].get_xdata()[0]
    assert line.get_ydata().tolist() == [row["right_valid_score"] for row in history]
    assert history[best - 1]["right_valid_score"] == kept
    for quantity in ("loss", "weight", "conflict"):
        assert len(TaskLearningCurveDisplay.from_estimator(model, quantity=quantity).axes_) == 2


def test_a_single_epoch_is_a_whole_number():
    display = TaskLearningCurveDisplay.from_history(history()[:1], TASKS)
    low, high = display.axes_[0].get_xlim()
    assert [tick for tick in display.axes_[0].get_xticks() if low <= tick <= high] == [1]
