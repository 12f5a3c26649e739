import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn import metrics as skm
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from skmtl.exceptions import UnlabelledTaskWarning
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


def test_scorers_leave_out_a_task_without_weight():
    X, y = np.arange(4)[:, None], pd.DataFrame({"a": [1, 2, 1, 2], "b": [0, 1, 1, 0]})
    tree = DecisionTreeClassifier().fit(X, y)
    weights = np.array([[1, 0]] * 4)
    with pytest.warns(UnlabelledTaskWarning, match="Task 'b' has no labelled cell in y_true with a positive"):
        scores = multi_task_scorer("accuracy")(tree, X, y, sample_weight=weights)
    assert scores["a_accuracy"] == scores["mean_accuracy"] == scores["min_accuracy"] == 1
    assert np.isnan(scores["b_accuracy"])


@pytest.fixture
def named(digits, targets, forests):
    """A model that knows its tasks by name, its input, labels and weights of cells by task."""
    model = sklearn.clone(forests["mixed"]).fit(digits[0][:200], targets["mixed"][:200])
    model.task_names_ = ["digit", "size", "odd"]
    weights = pd.DataFrame(np.random.default_rng(0).random((200, 3)), columns=model.task_names_)
    return model, digits[0][200:], targets["mixed"][200:], weights


SCORERS = [task_scorer("digit"), task_scorer("size", "neg_log_loss"), multi_task_scorer(["accuracy", "neg_log_loss"])]


@pytest.mark.parametrize("scorer", SCORERS)
def test_weights_follow_their_names_else_the_columns_of_y(named, scorer):
    model, X, y, weights = named
    expected = scorer(model, X, y, sample_weight=weights)
    shuffled = ["odd", "digit", "size"]
    found = {
        "frame beside an array": scorer(model, X, y.to_numpy(), sample_weight=weights[shuffled]),
        "frame beside a frame": scorer(model, X, y[shuffled], sample_weight=weights),
        "array beside a frame": scorer(model, X, y[shuffled], sample_weight=weights[shuffled].to_numpy()),
    }
    assert found == dict.fromkeys(found, expected)
    assert expected != scorer(model, X, y, sample_weight=weights[shuffled].to_numpy())
    with pytest.raises(ValueError, match=r"sample_weight has no column 'size'.*Did you mean 'sise'"):
        scorer(model, X, y.to_numpy(), sample_weight=weights.rename(columns={"size": "sise"}))


@pytest.mark.parametrize("scorer", SCORERS)
def test_masked_weights_count_as_zero(named, scorer):
    model, X, y, weights = named
    cells = np.ma.masked_less(weights.to_numpy(), 0.5)
    assert scorer(model, X, y, sample_weight=cells) == scorer(model, X, y, sample_weight=cells.filled(0))
    assert scorer(model, X, y, sample_weight=cells) != scorer(model, X, y, sample_weight=cells.data)
    rows = cells[:, 0]
    assert scorer(model, X, y, sample_weight=rows) == scorer(model, X, y, sample_weight=rows.filled(0))


class Reader(TransformerMixin, BaseEstimator):
    """Of a row of NaN it makes one masked as a whole, as `ImageReader` of a file that it cannot read."""

    n_read = 0

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        Reader.n_read += 1
        blank = np.isnan(X)
        return np.ma.array(np.where(blank, 0, X), mask=blank)


@pytest.mark.parametrize("scorer", [task_scorer(0), multi_task_scorer(["accuracy", "neg_log_loss"])])
@pytest.mark.parametrize("wrap", [lambda model: model, FrozenEstimator], ids=["pipeline", "frozen"])
def test_images_that_a_pipeline_could_not_read_do_not_count(digits, targets, forests, scorer, wrap):
    X, y = digits[0][:60].astype(float), targets["int"][:60]
    pipeline = make_pipeline(Reader(), FrozenEstimator(forests["int"]))
    expected = scorer(pipeline, X[20:], y[20:])
    X[:20] = np.nan
    Reader.n_read = 0
    found = scorer(wrap(pipeline), X, y)
    assert Reader.n_read == 1
    assert found == expected
    assert scorer(pipeline, np.nan_to_num(X), y) != expected
