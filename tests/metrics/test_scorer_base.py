import numpy as np
import pytest
import sklearn
from sklearn import metrics as skm
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.model_selection import KFold, cross_validate

from skmtl.metrics import multi_task_scorer, task_scorer


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("routing")
def test_weights_of_cells_are_routed_to_both_scorers(digits, targets, forests):
    X, y = digits[0], targets["int"]
    weights = np.random.default_rng(0).random((400, 3))
    model = forests["int"]
    model = sklearn.clone(model).set_fit_request(sample_weight=False)
    cv = KFold(2)
    found = {
        "multi": cross_validate(
            model,
            X,
            y,
            cv=cv,
            params={"sample_weight": weights},
            scoring=multi_task_scorer("accuracy").set_score_request(sample_weight=True),
        )["test_task1_accuracy"],
        "mapping": cross_validate(
            model,
            X,
            y,
            cv=cv,
            params={"sample_weight": weights},
            scoring={"one": task_scorer(1).set_score_request(sample_weight=True)},
        )["test_one"],
    }
    for fold, (train, test) in enumerate(cv.split(X)):
        predicted = sklearn.clone(model).fit(X[train], y[train]).predict(X[test])
        expected = skm.accuracy_score(y[test, 1], predicted[:, 1], sample_weight=weights[test, 1])
        assert found["multi"][fold] == found["mapping"][fold] == expected


@pytest.mark.usefixtures("routing")
def test_unset_request_is_an_error_and_false_ignores_the_weights(digits, targets, forests):
    X, y = digits[0], targets["int"]
    model = sklearn.clone(forests["int"]).set_fit_request(sample_weight=False)
    weights = {"sample_weight": np.arange(400)}
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        cross_validate(model, X, y, cv=2, params=weights, scoring=multi_task_scorer())
    scoring = {
        "weighted": task_scorer(1).set_score_request(sample_weight=True),
        "plain": task_scorer(1).set_score_request(sample_weight=False),
    }
    found = cross_validate(model, X, y, cv=2, params=weights, scoring=scoring)
    plain = cross_validate(model, X, y, cv=2, scoring=multi_task_scorer())["test_task1_accuracy"]
    assert found["test_plain"].tolist() == plain.tolist() != found["test_weighted"].tolist()
