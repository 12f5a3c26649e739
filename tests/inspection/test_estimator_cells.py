import numpy as np
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
