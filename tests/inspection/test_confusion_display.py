import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from sklearn.metrics import confusion_matrix
from sklearn.tree import DecisionTreeClassifier

from skmtl.exceptions import UnlabelledTaskWarning
from skmtl.inspection import MultiTaskConfusionMatrixDisplay

ROWS = np.arange(200)


def texts(panel):
    return [[cell.get_text() for cell in row] for row in panel.text_]


def test_matrices_are_those_of_scikit_learn_on_the_labelled_rows(told, labels, holed):
    model = told(labels)
    display = MultiTaskConfusionMatrixDisplay.from_estimator(model, ROWS, holed[["kind", 7, "letter", "odd"]])
    assert display.task_names == list(labels.columns)
    assert [ax.get_title() for ax in display.axes_] == ["letter", "odd", "7", "kind"]
    predicted = pd.DataFrame(model.predict(ROWS), columns=labels.columns)
    for t, task in enumerate(labels):
        rows = holed[task].notna()
        classes = model.classes_[t].tolist()
        expected = confusion_matrix(labels[task][rows].tolist(), predicted[task][rows].tolist(), labels=classes)
        assert display.confusion_matrices[t].tolist() == expected.tolist()
        assert display.labels[t] == classes
        panel, ax = display.panels_[t], display.axes_[t]
        assert panel.im_.get_array().tolist() == expected.tolist()
        assert texts(panel) == expected.astype(str).tolist()
        for axis in (ax.get_xticklabels(), ax.get_yticklabels()):
            assert [label.get_text() for label in axis] == [str(c) for c in classes]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted label", "true label")
    assert display.figure_ is display.axes_[0].figure
    assert len(display.figure_.axes) == 4  # no colour bars beside numbers


def test_from_predictions_matches_columns_by_name(told, labels, holed):
    model = told(labels)
    expected = MultiTaskConfusionMatrixDisplay.from_estimator(model, ROWS, holed)
    predicted = pd.DataFrame(model.predict(ROWS), columns=labels.columns).infer_objects()
    found = MultiTaskConfusionMatrixDisplay.from_predictions(holed, predicted[["odd", "kind", "letter", 7]])
    assert found.labels == expected.labels
    for a, b in zip(found.confusion_matrices, expected.confusion_matrices, strict=True):
        assert a.tolist() == b.tolist()


@pytest.mark.parametrize("normalize", ["true", "pred", "all"])
def test_normalize_and_weights(told, labels, normalize):
    model = told(labels)
    weight = np.random.default_rng(0).random(labels.shape)
    display = MultiTaskConfusionMatrixDisplay.from_estimator(
        model, ROWS, labels, tasks=["odd"], normalize=normalize, sample_weight=weight
    )
    predicted = model.predict(ROWS)[:, 1].astype(bool)
    expected = confusion_matrix(labels["odd"], predicted, normalize=normalize, sample_weight=weight[:, 1])
    np.testing.assert_allclose(display.confusion_matrices[0], expected)
    assert texts(display.panels_[0]) == [[f"{v:.2f}" for v in row] for row in expected]


def test_counts_of_weights_are_written_short():
    display = MultiTaskConfusionMatrixDisplay.from_predictions([0, 1], [0, 1], sample_weight=[1234.5, 0.125])
    assert texts(display.panels_[0]) == [["1234", "0"], ["0", "0.125"]]


def test_tasks_and_labels_are_chosen(told, labels):
    model = told(labels)
    display = MultiTaskConfusionMatrixDisplay.from_estimator(
        model, ROWS, labels, tasks=[7, "letter"], labels={"letter": ["d", "a"]}
    )
    assert display.task_names == [7, "letter"]
    assert display.labels == [[1, 2], ["d", "a"]]
    predicted = model.predict(ROWS)[:, 0].astype(str)
    expected = confusion_matrix(labels["letter"].tolist(), predicted, labels=["d", "a"])
    assert display.confusion_matrices[1].tolist() == expected.tolist()


def test_one_dimensional_y_and_labels_the_model_has_not_seen():
    tree = DecisionTreeClassifier().fit([[0], [1]], ["b", "a"])
    display = MultiTaskConfusionMatrixDisplay.from_estimator(tree, [[0], [1], [1], [0]], ["b", "a", "c", None])
    assert display.labels == [["a", "b", "c"]]
    assert display.confusion_matrices[0].tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]
    plain = MultiTaskConfusionMatrixDisplay.from_predictions([2, 1, 1], [1, 1, 2], labels=[2, 1])
    assert plain.confusion_matrices[0].tolist() == [[0, 1], [1, 1]]


def test_a_task_without_labels_says_so(told, labels):
    model = told(labels)
    y = labels.assign(odd=None)
    with pytest.warns(UnlabelledTaskWarning, match="Task 'odd'") as record:
        display = MultiTaskConfusionMatrixDisplay.from_estimator(model, ROWS, y, tasks=["odd", "kind"])
    assert record[0].filename == __file__
    assert display.confusion_matrices[0] is None
    assert display.panels_[0] is None
    assert [text.get_text() for text in display.axes_[0].texts] == ["no labels in y"]
    with pytest.warns(UnlabelledTaskWarning, match="Task 'odd'") as record:
        MultiTaskConfusionMatrixDisplay.from_predictions(y, model.predict(ROWS))
    assert record[0].filename == __file__


def test_many_classes_stay_readable():
    y = np.arange(62).repeat(2)
    display = MultiTaskConfusionMatrixDisplay.from_predictions(y, y)
    assert display.panels_[0].text_ is None
    assert len(display.figure_.axes) == 2  # the panel and its colour bar
    ticks = display.axes_[0].get_xticks()
    assert ticks.tolist() == list(range(0, 62, 4))
    assert [label.get_text() for label in display.axes_[0].get_yticklabels()] == [str(i) for i in ticks]
    display.plot(include_values=True, colorbar=False, values_format="03d", cmap="cividis")
    assert texts(display.panels_[0])[1][:3] == ["000", "002", "000"]
    assert display.panels_[0].im_.cmap.name == "cividis"
    assert len(display.figure_.axes) == 1


def test_long_labels_are_shortened_and_turned():
    y = ["a very long name of a class", "another long name of a class"]
    ax = MultiTaskConfusionMatrixDisplay.from_predictions(y, y).axes_[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a very … class", "another… class"]
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {90}


def test_axes_of_the_caller(told, labels):
    _, axes = plt.subplots(2, 2)
    display = MultiTaskConfusionMatrixDisplay.from_estimator(told(labels), ROWS, labels, axes=axes)
    assert display.axes_.tolist() == axes.ravel().tolist()
    with pytest.raises(ValueError, match=r"one matplotlib Axes for each of the 4 panels. Got 1"):
        display.plot(axes=axes[0, 0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": {"odd": [3, 4]}}, r"labels of task 'odd' must hold some of its true labels.*Got \[3, 4\]"),
        ({"labels": [["a"]]}, "labels has 1 entries, but y has 4 tasks"),
        ({"normalize": "rows"}, "The 'normalize' parameter of MultiTaskConfusionMatrixDisplay.from_estimator must be"),
        ({"labels": {"odd": [True, False, True]}}, r"labels of task 'odd' must name every class once\. Got \[True"),
        ({"labels": {"kind": "maybe"}}, r"labels of task 'kind' must hold some of its true labels.*Got \['maybe'\]"),
        ({"tasks": ["od"]}, "Did you mean 'odd'"),
    ],
)
def test_bad_options(told, labels, options, message):
    with pytest.raises(ValueError, match=message):
        MultiTaskConfusionMatrixDisplay.from_estimator(told(labels), ROWS, labels, **options)


def test_what_cannot_be_drawn_is_said_before_anything_is_predicted():
    display = MultiTaskConfusionMatrixDisplay
    with pytest.raises(ValueError, match=r"The 'normalize' parameter of \w+Display\.from_predictions"):
        display.from_predictions([0], [0], normalize="tru")
    with pytest.raises(AttributeError, match="needs predict, which object does not have"):
        display.from_estimator(object(), [[0]], [0])


def test_numbers_of_equal_cells_can_be_read():
    display = MultiTaskConfusionMatrixDisplay.from_predictions([0, 0, 1, 1], [0, 1, 0, 1])
    (panel,) = display.panels_
    cell = panel.im_.cmap(panel.im_.norm(1))
    assert texts(panel) == [["1", "1"], ["1", "1"]]
    assert np.abs(np.subtract(panel.text_[0, 0].get_color(), cell)).max() > 0.5


def test_ordered_classes_keep_their_order(told):
    sizes = pd.Categorical(["large", "small", "medium"] * 20, ["small", "medium", "large", "huge"], ordered=True)
    y = pd.DataFrame({"size": sizes, "kind": list("ab") * 30})
    model = told(y.astype(object))
    one = MultiTaskConfusionMatrixDisplay.from_estimator(model, np.arange(60), y)
    predicted = pd.DataFrame(model.predict(np.arange(60)), columns=list(y))
    two = MultiTaskConfusionMatrixDisplay.from_predictions(y, predicted)
    order = ["small", "medium", "large"]
    expected = confusion_matrix(list(sizes), predicted["size"].tolist(), labels=order)
    for display in (one, two):
        assert display.labels == [order, ["a", "b"]]
        assert display.confusion_matrices[0].tolist() == expected.tolist()
        assert [text.get_text() for text in display.axes_[0].get_yticklabels()] == order
    given = MultiTaskConfusionMatrixDisplay.from_predictions(y, predicted, labels={"size": order[::-1]})
    assert given.labels[0] == order[::-1]


def test_one_class_is_no_reason_to_warn():
    display = MultiTaskConfusionMatrixDisplay.from_predictions(["a", "a", None], ["a", "a", "a"])
    assert display.confusion_matrices[0].tolist() == [[2]]
