import pytest
from sklearn.ensemble import StackingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skmtl import MultiTaskCalibratedClassifier, MultiTaskCNNClassifier, TaskGroupingClassifier
from skmtl.model_selection._models_inside import may_offer, models_inside, refuses_1d

COLUMNS = MultiOutputClassifier(LogisticRegression())


def test_pipelines_and_searches_are_opened_and_no_other():
    search = GridSearchCV(make_pipeline(StandardScaler(), COLUMNS), {})
    found = dict(models_inside(make_pipeline(search)))
    assert list(found) == [
        "",
        "gridsearchcv__",
        "gridsearchcv__estimator__",
        "gridsearchcv__estimator__multioutputclassifier__",
    ]
    assert list(found.values())[1:] == [search, search.estimator, COLUMNS]


@pytest.mark.parametrize("last", ["passthrough", None, LogisticRegression])
def test_what_is_no_estimator_ends_it(last):
    pipeline = make_pipeline(StandardScaler(), last)
    assert list(models_inside(pipeline)) == [("", pipeline)]
    assert not refuses_1d(pipeline)


@pytest.mark.parametrize("model", [COLUMNS, ClassifierChain(LogisticRegression())], ids=lambda m: type(m).__name__)
def test_who_refuses_a_1d_target(model):
    inside = [model, make_pipeline(StandardScaler(), model), GridSearchCV(model, {}), FrozenEstimator(model)]
    meta = [MultiTaskCalibratedClassifier(part) for part in inside]
    assert all(refuses_1d(part) for part in inside + meta)


def test_who_takes_a_1d_target():
    for model in (LogisticRegression(), KNeighborsClassifier(), MultiTaskCNNClassifier()):
        assert not refuses_1d(make_pipeline(model))
        assert not refuses_1d(MultiTaskCalibratedClassifier(model))


LINEAR = LinearSVC()


@pytest.mark.parametrize(
    "model",
    [
        LINEAR,
        make_pipeline(StandardScaler(), LINEAR),
        MultiOutputClassifier(LINEAR),
        make_pipeline(MultiOutputClassifier(make_pipeline(StandardScaler(), LINEAR))),
        TaskGroupingClassifier(LINEAR),
        FrozenEstimator(LINEAR),
    ],
    ids=str,
)
def test_who_will_have_no_probabilities(model):
    assert not may_offer(model, ["predict_proba"])
    assert may_offer(LINEAR, ["decision_function", "predict_proba"])


@pytest.mark.parametrize(
    "model",
    [
        MultiTaskCNNClassifier(),
        COLUMNS,
        FrozenEstimator(COLUMNS),
        # Only fitting them tells.
        MultiOutputClassifier(StackingClassifier([("svc", LINEAR)])),
        GridSearchCV(LINEAR, {}),
        make_pipeline(GridSearchCV(make_pipeline(LINEAR), {"linearsvc": [LogisticRegression()]})),
    ],
    ids=str,
)
def test_who_may_have_probabilities(model):
    assert may_offer(model, ["predict_proba"])
