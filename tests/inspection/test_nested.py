import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmtl.inspection._nested import nested

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
