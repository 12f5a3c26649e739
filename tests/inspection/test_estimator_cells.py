import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skmtl import MultiTaskCNNClassifier
from skmtl.inspection._estimator_cells import EstimatorCells
from skmtl.nn import ConvTrunk

PROBA = ("predict_proba",)


def test_cells_are_the_columns_and_rows_of_the_estimator(told, labels, holed):
    model = told(labels)
    shuffled = holed[["kind", 7, "letter", "odd"]]
    source = EstimatorCells(model, np.arange(200), shuffled, None, None, PROBA, "Display")
    assert source.names == ["letter", "odd", 7, "kind"]
    assert [source.n_classes(t) for t in range(4)] == [4, 2, 2, 2]
    for t, task in enumerate(labels):
        rows = holed[task].notna().to_numpy()
        cells = source.cells(t)
        assert cells.name == task
        assert cells.y_true.tolist() == labels[task][rows].tolist()
        assert cells.y_prob.tolist() == model.probabilities[t][rows].tolist()
        assert cells.classes.tolist() == model.classes_[t].tolist()


def test_models_of_both_libraries_in_pipelines_and_searches():
    X, digit = load_digits(return_X_y=True)
    X, y = X[:120], np.column_stack([digit, digit % 2])[:120]
    cnn = MultiTaskCNNClassifier(
        ConvTrunk(channels=(2,), hidden=(4,)), image_shape=(8, 8), max_epochs=1, random_state=0
    )
    bayes = MultiOutputClassifier(GaussianNB(var_smoothing=1e-3))
    models = [make_pipeline(StandardScaler(), cnn), GridSearchCV(bayes, {"estimator__priors": [None]}, cv=2)]
    for model in models:
        model.fit(X, y)
        source = EstimatorCells(model, X, y, None, None, PROBA, "Display")
        for t in range(2):
            assert source.cells(t).y_prob.tolist() == model.predict_proba(X)[t].tolist()
            assert source.cells(t).y_true.tolist() == y[:, t].tolist()


def test_decision_values_get_a_column_for_either_class():
    X, digit = load_digits(n_class=2, return_X_y=True)
    model = LinearSVC(random_state=0).fit(X, digit)
    methods = ("predict_proba", "decision_function")
    cells = EstimatorCells(model, X, digit, None, None, methods, "Display").cells(0)
    decision = model.decision_function(X)
    assert cells.y_prob.tolist() == np.column_stack([-decision, decision]).tolist()


class OnlyPredict(ClassifierMixin, BaseEstimator):
    def __init__(self):
        self.classes_ = np.array([0, 1])


def test_an_estimator_without_the_method_is_told_so():
    with pytest.raises(AttributeError, match="Display needs predict_proba, which OnlyPredict does not have"):
        EstimatorCells(OnlyPredict(), [[0]], [0], None, None, PROBA, "Display")


def test_true_and_predicted_labels_and_weights(told, labels, holed):
    model, weight = told(labels), np.arange(200.0)
    source = EstimatorCells(model, np.arange(200), holed, weight, None, ("predict",), "Display")
    rows = holed["kind"].notna().to_numpy()
    cells = source.label_cells(3)
    assert cells.y_true.tolist() == labels["kind"][rows].tolist()
    assert cells.y_pred.tolist() == model.predict(np.arange(200))[rows, 3].tolist()
    assert cells.labelled.tolist() == rows.tolist()
    assert cells.sample_weight.tolist() == weight[rows].tolist()


class Sure(ClassifierMixin, BaseEstimator):
    """Says 1 whatever it sees."""

    def __init__(self):
        self.classes_, self.task_names_ = [np.array([0, 1])] * 2, ["a", "b"]

    def predict(self, X):
        return np.ones((4, 2), dtype=int)

    def predict_proba(self, X):
        return [np.tile([0.1, 0.9], (4, 1))] * 2


def test_labels_of_rows_without_image_do_not_count():
    X = np.ma.masked_array(np.zeros((4, 2, 2)), mask=np.zeros((4, 2, 2), dtype=bool))
    X[1] = np.ma.masked
    y = pd.DataFrame({"a": [None, 0, 1, 1], "b": [0, 1, None, 0]})
    source = EstimatorCells(Sure(), {"a": X, "b": np.zeros((4, 2, 2))}, y, None, None, PROBA, "Display")
    assert [len(source.cells(t)) for t in range(2)] == [2, 3]
    assert source.cells(0).y_true.tolist() == [1, 1]
    assert source.label_cells(0).labelled.tolist() == [False, False, True, True]
    assert source.label_cells(1).y_true.tolist() == [0, 1, 0]


def test_labels_of_another_type_than_the_classes_are_told_so():
    source = EstimatorCells(Sure(), np.zeros((4, 2)), [["0", "1"]] * 4, None, None, PROBA, "Display")
    for cells in (source.cells, source.label_cells):
        with pytest.raises(ValueError, match=r"Task 'b' has true labels such as '1', but none of its classes \[0, 1\]"):
            cells(1)
