import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import ClassifierChain
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import MultiTaskCalibratedClassifier, MultiTaskCNNClassifier
from skmtl.model_selection._fit_params import fit_params_of, passed_on, read_fit_params

FRAME = pd.DataFrame({"sex": ["f", "m", "f"], "age": [0, 1, 2]})
CELLS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
LINEAR = LogisticRegression()
PIPELINE = Pipeline([("scale", StandardScaler()), ("clf", LINEAR)])


def test_weights_are_matched_with_the_tasks_and_all_else_stays():
    other = object()
    swapped = pd.DataFrame({"age": CELLS[:, 1], "sex": CELLS[:, 0]})
    params = {"scale__sample_weight": [1, 2, 3], "groups": other}
    found = read_fit_params(PIPELINE, swapped, params, FRAME, named=True)
    assert list(params) == ["scale__sample_weight", "groups"]
    np.testing.assert_array_equal(found.pop("sample_weight"), CELLS)
    assert found == params
    assert read_fit_params(LINEAR, None, None, FRAME, named=True) == {}


def test_tasks_without_names_go_by_position():
    frame = FRAME.set_axis(["task0", "task1"], axis=1)
    weights = pd.DataFrame(CELLS, columns=["v", "u"])
    found = read_fit_params(LINEAR, weights, None, frame, named=False)
    np.testing.assert_array_equal(found["sample_weight"], CELLS)


@pytest.mark.parametrize(
    ("weights", "params", "error", "message"),
    [
        (np.ones((3, 3)), None, ValueError, r"sample_weight must have shape \(3,\) or \(3, 2\)"),
        (None, {"sample_weight": np.ones(3)}, ValueError, "^params holds 'sample_weight': pass it as sample_weight="),
        (
            None,
            {"clf__sample_weight": np.ones(3)},
            ValueError,
            "^clf__sample_weight would count in training only: pass",
        ),
    ],
)
def test_weights_are_given_in_one_way(weights, params, error, message):
    with pytest.raises(error, match=message):
        read_fit_params(PIPELINE, weights, params, FRAME, named=True)


def test_weights_of_cells_are_those_of_the_tasks():
    rows, groups = np.arange(3.0), CELLS.astype(int)
    given = {"sample_weight": CELLS, "clf__sample_weight": None, "groups": groups}
    alone, swapped = (fit_params_of(given, tasks) for tasks in ([1], [1, 0]))
    np.testing.assert_array_equal(alone["sample_weight"], [2.0, 4.0, 6.0])
    np.testing.assert_array_equal(swapped["sample_weight"], CELLS[:, ::-1])
    assert given["sample_weight"] is CELLS
    for found in (alone, swapped):
        assert found["groups"] is groups
        assert found["clf__sample_weight"] is None
    assert fit_params_of({"sample_weight": rows}, [1])["sample_weight"] is rows
    assert fit_params_of({"groups": groups}, [1]) == {"groups": groups}


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (LINEAR, "sample_weight"),
        (MultiTaskCNNClassifier(), "sample_weight"),
        (ClassifierChain(LINEAR), "sample_weight"),
        (MultiTaskCalibratedClassifier(PIPELINE), "sample_weight"),  # which passes them on in its turn
        (GridSearchCV(LINEAR, {}), "sample_weight"),
        (PIPELINE, "clf__sample_weight"),
        (GridSearchCV(PIPELINE, {}), "clf__sample_weight"),
        (Pipeline([("a", PIPELINE)]), "a__clf__sample_weight"),
        (Pipeline([("a", GridSearchCV(PIPELINE, {}))]), "a__clf__sample_weight"),
        (make_pipeline(MultiTaskCalibratedClassifier(PIPELINE)), "multitaskcalibratedclassifier__sample_weight"),
    ],
)
def test_the_last_step_gets_the_weights(estimator, name):
    given = {"sample_weight": CELLS, "groups": [0]}
    assert passed_on(estimator, given) == {name: CELLS, "groups": [0]}
    assert list(given) == ["sample_weight", "groups"]
    assert passed_on(estimator, {"groups": [0]}) == {"groups": [0]}
    with config_context(enable_metadata_routing=True):
        assert passed_on(estimator, given) == given


@pytest.mark.parametrize("estimator", [KNeighborsClassifier(), GridSearchCV(make_pipeline(KNeighborsClassifier()), {})])
def test_an_estimator_that_takes_no_weights(estimator):
    with pytest.raises(TypeError, match="sample_weight was given, but KNeighborsClassifier takes none: leave it out"):
        passed_on(estimator, {"sample_weight": CELLS})
    assert passed_on(estimator, {"groups": [0]}) == {"groups": [0]}


def test_weights_reach_the_step_through_a_search_in_a_pipeline():
    X, y = np.arange(12.0)[:, None], np.arange(12) // 3 % 2
    weights = np.linspace(0.1, 2, 12)
    nested = Pipeline([("a", GridSearchCV(PIPELINE, {"clf__C": [0.5]}, cv=2))])
    nested.fit(X, y, **passed_on(nested, {"sample_weight": weights}))
    by_hand = LogisticRegression(C=0.5).fit(StandardScaler().fit_transform(X), y, weights)
    np.testing.assert_array_equal(nested["a"].best_estimator_["clf"].coef_, by_hand.coef_)
