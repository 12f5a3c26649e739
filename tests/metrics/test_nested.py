import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from skmtl import TaskGroupingClassifier
from skmtl.metrics._nested import as_asked, nested, seen_cells
from skmtl.metrics._responses import fitted_attribute
from skmtl.model_selection._fit_params import passed_on
from skmtl.model_selection._models_inside import models_inside

X = np.random.default_rng(0).normal(size=(12, 2))
Y = np.column_stack([np.arange(12) % 2, np.arange(12) // 2 % 2])


def test_from_the_outside_in_with_the_input_of_each():
    pipeline = make_pipeline(FunctionTransformer(np.negative), MultiOutputClassifier(LogisticRegression()))
    search = GridSearchCV(pipeline, {}, cv=2).fit(X, Y)
    found = list(nested(search, X))
    best = search.best_estimator_
    assert [estimator for estimator, _ in found] == [search, best, best[-1], best[-1].estimators_[0]]
    assert [seen is X for _, seen in found] == [True, True, False, False]
    assert (found[2][1] == -X).all()
    assert [type(e).__name__ for e, _ in nested(search, X, ("best_estimator_",))][-1] == "MultiOutputClassifier"


def test_steps_transform_only_what_is_asked_for():
    def fail(X):
        raise AssertionError

    pipeline = make_pipeline(FunctionTransformer(fail), LogisticRegression())
    assert next(nested(pipeline, X))[0] is pipeline
    assert [seen for _, seen in nested(pipeline, None)] == [None, None]
    assert list(nested(None, X)) == []


def test_as_asked_is_the_model_behind_pipelines_searches_and_frozen_estimators():
    inner = MultiOutputClassifier(LogisticRegression())
    search = GridSearchCV(make_pipeline(FunctionTransformer(np.negative), inner), {}, cv=2).fit(X, Y)
    for outer in (search, FrozenEstimator(search), make_pipeline("passthrough", FrozenEstimator(search))):
        model, asked = as_asked(outer, X)
        assert model is search.best_estimator_[-1]
        assert (asked == -X).all()
        assert (model.predict(asked) == outer.predict(X)).all()
    assert as_asked(inner, X) == (inner, X)


def test_who_makes_something_of_predictions_answers_for_itself():
    class Opposite(Pipeline):
        def predict(self, X):
            return 1 - super().predict(X)

    pipeline = Opposite([("same", FunctionTransformer()), ("tree", DecisionTreeClassifier())]).fit(X, Y)
    assert as_asked(pipeline, X) == (pipeline, X)


def masked(X):
    X = np.ma.array(X)
    X[3] = np.ma.masked
    return X


def test_seen_cells_are_those_the_model_sees():
    mask = FunctionTransformer(masked)
    pipeline = make_pipeline(mask, DecisionTreeClassifier(random_state=0)).fit(X, Y)
    expected = np.ones((12, 2))
    expected[3] = 0
    np.testing.assert_array_equal(seen_cells(pipeline, X, ["a", "b"]), expected)
    np.testing.assert_array_equal(seen_cells(pipeline[-1], masked(X), ["a", "b"]), expected)
    assert seen_cells(pipeline[-1], X, ["a", "b"]) is None
    # scikit-learn's own meta-estimators learn from masked rows too.
    several = MultiOutputClassifier(make_pipeline(mask, DecisionTreeClassifier())).fit(X, Y)
    assert seen_cells(several, X, ["a", "b"]) is None
    ours = TaskGroupingClassifier(pipeline, groups=[(0, 1)]).fit(X, Y)
    np.testing.assert_array_equal(seen_cells(ours, X, ["a", "b"]), expected)


class Trained(DecisionTreeClassifier):
    def __init__(self, steps=100):
        super().__init__()
        self.steps = steps


def test_a_number_of_steps_is_no_pipeline():
    model = Trained().fit(X, Y)
    assert list(nested(model, X)) == [(model, X)]
    assert fitted_attribute(model, "task_names_") is None
    assert list(models_inside(model)) == [("", model)]
    assert passed_on(model, {"sample_weight": [1]}) == {"sample_weight": [1]}
