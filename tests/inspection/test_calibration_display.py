import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from sklearn.calibration import calibration_curve

from skmtl.exceptions import UnlabelledTaskWarning
from skmtl.inspection import MultiTaskCalibrationDisplay
from skmtl.metrics import expected_calibration_error

ROWS = np.arange(200)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_points_bars_and_titles(told, labels, holed, strategy):
    model = told(labels)
    options = {"n_bins": 8, "strategy": strategy}
    display = MultiTaskCalibrationDisplay.from_estimator(model, ROWS, holed[["kind", 7, "letter", "odd"]], **options)
    errors = expected_calibration_error(holed, model.predict_proba(ROWS), **options)
    assert display.errors == errors.tolist()
    for t, task in enumerate(labels):
        ax, line, bins = display.axes_[t], display.lines_[t], display.bins[t]
        assert ax.get_title() == f"{task}\nECE = {errors[task]:.3f}"
        rows = holed[task].notna().to_numpy()
        y_prob = model.probabilities[t][rows]
        correct = labels[task][rows] == model.classes_[t][y_prob.argmax(axis=1)]
        if strategy == "uniform":  # scikit-learn interpolates its quantiles
            accuracy, confidence = calibration_curve(correct, y_prob.max(axis=1), n_bins=8)
            np.testing.assert_allclose(line.get_xydata(), np.column_stack([confidence, accuracy]))
        else:
            assert bins["count"].max() - bins["count"].min() <= 1
        assert bins["count"].sum() == rows.sum()
        assert display.bars_[t].get_data().values.tolist() == (bins["count"] / rows.sum()).tolist()
        assert display.bars_[t].get_data().edges.tolist() == [bins["lower"][0], *bins["upper"]]
        diagonal = next(found for found in ax.lines if found is not line)
        assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("confidence", "accuracy (bars: share of cells)")
        assert ax.get_legend() is None  # a single curve without a name needs none


def test_two_estimators_on_the_same_axes(told, labels):
    before = MultiTaskCalibrationDisplay.from_estimator(told(labels), ROWS, labels, name="before")
    after = MultiTaskCalibrationDisplay.from_estimator(told(labels, 1), ROWS, labels, name="after", axes=before.axes_)
    for t, ax in enumerate(before.axes_):
        assert ax.get_title().endswith(f"ECE = {before.errors[t]:.3f}, {after.errors[t]:.3f}")
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["before", "after"]
        assert len(ax.lines) == 3
        colors = [to_hex(display.lines_[t].get_color()) for display in (before, after)]
        assert colors == ["#1f77b4", "#ff7f0e"]
    assert before.plot(name="alone", color="tab:red").figure_ is not after.figure_
    assert before.lines_[0].get_color() == "tab:red"


def test_weights_of_cells(told, labels):
    model = told(labels)
    weight = np.random.default_rng(0).integers(0, 3, labels.shape)
    display = MultiTaskCalibrationDisplay.from_predictions(labels, model.predict_proba(ROWS), sample_weight=weight)
    expected = expected_calibration_error(labels, model.predict_proba(ROWS), sample_weight=weight)
    assert display.errors == expected.tolist()
    assert display.bins[0]["count"].sum() == (weight[:, 0] > 0).sum()
    assert display.bins[0]["share"].sum() == pytest.approx(1)


def test_from_predictions_by_task(told, labels):
    model = told(labels)
    y_prob = dict(zip(labels, model.predict_proba(ROWS), strict=True))
    display = MultiTaskCalibrationDisplay.from_predictions(
        labels[["kind", "letter", 7, "odd"]], y_prob, tasks=[7, "kind"]
    )
    expected = MultiTaskCalibrationDisplay.from_estimator(model, ROWS, labels, tasks=[7, "kind"])
    assert display.task_names == [7, "kind"]
    assert display.errors == expected.errors


def test_one_dimensional_y():
    display = MultiTaskCalibrationDisplay.from_predictions([1, 0, 1], [0.9, 0.4, 0.2], n_bins=2)
    assert display.task_names == ["task0"]
    # One bin: confidences .9, .6 and .8, two of three right.
    np.testing.assert_allclose(display.lines_[0].get_xydata(), [[2.3 / 3, 2 / 3]])
    assert display.axes_[0].get_title() == "task0\nECE = 0.100"


def test_a_task_without_labels_says_so(told, labels):
    model, y = told(labels), labels.assign(odd=None)
    for call, data in (("from_estimator", (model, ROWS, y)), ("from_predictions", (y, model.predict_proba(ROWS)))):
        with pytest.warns(UnlabelledTaskWarning, match="Task 'odd'") as record:
            display = getattr(MultiTaskCalibrationDisplay, call)(*data)
        assert record[0].filename == __file__
        assert [text.get_text() for text in display.axes_[1].texts] == ["no labels in y"]
        assert np.isnan(display.errors).tolist() == [False, True, False, False]
        assert display.lines_[1] is display.bars_[1] is display.bins[1] is None


def test_bad_options(told, labels):
    with pytest.raises(ValueError, match=r"'strategy' parameter of MultiTaskCalibrationDisplay.from_estimator must be"):
        MultiTaskCalibrationDisplay.from_estimator(told(labels), ROWS, labels, strategy="even")
    with pytest.raises(ValueError, match=r"'n_bins' parameter of MultiTaskCalibrationDisplay.from_predictions must be"):
        MultiTaskCalibrationDisplay.from_predictions(pd.Series([0, 1]), [0.1, 0.9], n_bins=0)


def test_long_names_leave_room_for_the_diagram(told, labels):
    display = MultiTaskCalibrationDisplay.from_estimator(told(labels), ROWS, labels, name="a long name " * 9)
    display.figure_.canvas.draw()
    assert [text.get_text() for text in display.axes_[0].get_legend().get_texts()] == ["a long nam…ong name "]
    assert min(ax.get_position().width for ax in display.axes_) > 0.15
