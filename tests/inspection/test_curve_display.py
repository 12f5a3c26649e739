import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import precision_score, recall_score, roc_auc_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import BernoulliNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from skmtl.exceptions import UnlabelledTaskWarning
from skmtl.inspection import MultiTaskPrecisionRecallDisplay, MultiTaskRocCurveDisplay

ROWS = np.arange(200)
BOTH = pytest.mark.parametrize("display_class", [MultiTaskRocCurveDisplay, MultiTaskPrecisionRecallDisplay])


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@BOTH
def test_from_estimator_and_from_predictions_draw_the_same(display_class, told, labels, holed):
    model = told(labels)
    weight = np.random.default_rng(0).random(labels.shape)
    options = {"tasks": ["kind", "odd"], "pos_label": {"kind": "no"}, "sample_weight": weight}
    one = display_class.from_estimator(model, ROWS, holed, **options)
    two = display_class.from_predictions(holed, model.predict_proba(ROWS), **options)
    assert one.task_names == two.task_names == ["kind", "odd"]
    assert one.pos_labels == two.pos_labels == ["no", True]
    for a, b in zip(one.curves, two.curves, strict=True):
        assert a.line_.get_xydata().tolist() == b.line_.get_xydata().tolist()
    assert [ax.get_title() for ax in one.axes_] == ["kind\npositive: no", "odd\npositive: True"]


@BOTH
def test_two_estimators_on_the_same_axes(display_class, told, labels):
    first = display_class.from_estimator(told(labels), ROWS, labels, name="first", color="tab:green")
    second = display_class.from_estimator(told(labels, seed=1), ROWS, labels, name="second", axes=first.axes_)
    assert first.figure_ is second.figure_
    for ax in first.axes_:
        texts = [text.partition(" (")[0] for text in legend(ax)]
        assert sorted(texts) == ["Chance level", "first", "second"]
        assert len(ax.lines) == 3
    assert first.curves[0].line_.get_color() == "tab:green"
    again = first.plot()
    assert again is first
    assert first.figure_ is not second.figure_


@BOTH
def test_panels_without_a_curve(display_class, told, labels):
    y = labels.assign(odd=None, kind="yes")
    with (
        pytest.warns(UnlabelledTaskWarning, match="Task 'odd'") as unlabelled,
        pytest.warns(UndefinedMetricWarning, match="Task 'kind'") as one_class,
    ):
        display = display_class.from_estimator(told(labels), ROWS, y)
    assert {w.filename for w in [*unlabelled, *one_class]} == {__file__}
    assert [curve is None for curve in display.curves] == [True, False, True]
    notes = [[text.get_text() for text in ax.texts] for ax in display.axes_]
    assert notes == [["no labels in y"], [], ["only one class in y"]]


@BOTH
def test_one_dimensional_y_and_decision_values(display_class):
    X, y = load_breast_cancer(return_X_y=True)
    model = LinearSVC(random_state=0, max_iter=50_000).fit(X[:, :2], y)
    display = display_class.from_estimator(model, X[:, :2], y)
    assert display.task_names == ["task0"]
    if display_class is MultiTaskRocCurveDisplay:
        assert display.curves[0].roc_auc == pytest.approx(roc_auc_score(y, model.decision_function(X[:, :2])))
    reverse = display_class.from_estimator(model, X[:, :2], y, pos_label=0)
    if display_class is MultiTaskRocCurveDisplay:  # ranks turn round, and so do the classes
        assert reverse.curves[0].roc_auc == pytest.approx(display.curves[0].roc_auc)
    with pytest.raises(AttributeError, match="needs predict_proba, which LinearSVC does not have"):
        display_class.from_estimator(model, X, y, response_method="predict_proba")
    with pytest.raises(ValueError, match=r"response_method must be one of .* Did you mean 'predict_proba'"):
        display_class.from_estimator(model, X, y, response_method="predict_probas")


def test_classifiers_of_scikit_learn():
    X, digit = load_digits(return_X_y=True)
    X, y = X[:300], np.column_stack([digit % 2, digit > 4]).astype(int)[:300]
    for model in (MultiOutputClassifier(BernoulliNB()), MLPClassifier((4,), solver="lbfgs", max_iter=2000)):
        probabilities = model.fit(X, y).predict_proba(X)
        display = MultiTaskRocCurveDisplay.from_estimator(model, X, pd.DataFrame(y, columns=["odd", "high"]))
        assert display.task_names == ["odd", "high"]
        for t in range(2):
            score = probabilities[t][:, 1] if isinstance(probabilities, list) else probabilities[:, t]
            assert display.curves[t].roc_auc == pytest.approx(roc_auc_score(y[:, t], score))


@BOTH
def test_long_names_leave_room_for_the_curves(display_class, told, labels):
    display = display_class.from_estimator(told(labels), ROWS, labels, name="a network of a very long name indeed")
    display.figure_.canvas.draw()
    assert legend(display.axes_[0])[0].startswith("a network …me indeed (A")
    assert min(ax.get_position().width for ax in display.axes_) > 0.15


def test_a_tuned_threshold_is_marked(told, labels):
    model = told(labels)
    model.thresholds_ = {"odd": 0.4, "kind": 0.6}
    odd, kind = (model.predict_proba(ROWS)[list(labels).index(task)][:, 1] for task in ("odd", "kind"))
    yes, no = labels["kind"] == "yes", labels["kind"] == "no"
    options = {"tasks": ["odd", 7, "kind"], "pos_label": {"kind": "no"}}
    display = MultiTaskPrecisionRecallDisplay.from_estimator(make_pipeline(model), ROWS, labels, **options)
    first, none, last = display.operating_points
    assert none is None
    assert first == (0.4, recall_score(labels["odd"], odd >= 0.4), precision_score(labels["odd"], odd >= 0.4))
    assert last == pytest.approx((0.4, recall_score(no, kind < 0.6), precision_score(no, kind < 0.6)))
    assert "threshold 0.4" in legend(display.axes_[0])
    assert display.axes_[0].lines[-1].get_xydata().tolist() == [list(first[1:])]
    assert not any(text.startswith("threshold") for text in legend(display.axes_[1]))
    roc = MultiTaskRocCurveDisplay.from_estimator(model, ROWS, labels, tasks=["kind"])
    assert roc.operating_points[0][1:] == pytest.approx((np.mean(kind[no] >= 0.6), np.mean(kind[yes] >= 0.6)))


@BOTH
def test_a_mark_lies_on_the_curve_and_only_where_it_can(display_class, told, labels):
    model = told(labels)
    model.thresholds_ = {"odd": 0.4, "kind": 2.0}
    display = display_class.from_estimator(model, ROWS, labels, tasks=["odd", "kind"])
    curve, (mark,) = display.curves[0].line_.get_xydata(), display.axes_[0].lines[-1].get_xydata()
    assert np.abs(curve - mark).max(axis=1).min() < 1e-12
    if display_class is MultiTaskPrecisionRecallDisplay:  # nothing is positive
        assert not any(text.startswith("threshold") for text in legend(display.axes_[1]))
    assert display_class.from_predictions(labels, model.predict_proba(ROWS)).operating_points is None
    display.plot()


def test_the_legend_leaves_the_curve_free():
    # Rare positives: the curve is at the bottom.
    y = np.r_[np.ones(20), np.zeros(380)].astype(int)
    score = np.r_[np.linspace(0.3, 0.9, 20), np.linspace(0, 0.95, 380)]
    display = MultiTaskPrecisionRecallDisplay.from_predictions(y, np.column_stack([1 - score, score]))
    display.figure_.canvas.draw()
    ax = display.axes_[0]
    points = ax.transData.transform(display.curves[0].line_.get_xydata())
    assert ax.get_legend().get_window_extent().count_contains(points) == 0
