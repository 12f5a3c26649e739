"""Affinities from models of single tasks and pairs."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.metrics import task_scorer
from skmtl.model_selection import MultiTaskStratifiedKFold, task_affinity
from skmtl.model_selection._transfer import mean_losses, transfer_matrices
from skmtl.nn import ConvTrunk


class Known(ClassifierMixin, BaseEstimator):
    """Gives every task's class 1 a probability that depends on its company, as a table says."""

    def __init__(self, table=None, random_state=None):
        self.table = table
        self.random_state = random_state

    def fit(self, X, y):
        self.tasks_ = [y.name] if y.ndim == 1 else list(y.columns)
        self.classes_ = np.array([0, 1]) if y.ndim == 1 else [np.array([0, 1])] * len(self.tasks_)
        return self

    def predict(self, X):
        raise AssertionError("not asked")

    def predict_proba(self, X):
        found = []
        for task in self.tasks_:
            (company,) = [other for other in self.tasks_ if other != task] or [task]
            p = np.exp(-self.table.loc[company, task])
            found.append(np.tile([1 - p, p], (len(X), 1)))
        return found[0] if len(found) == 1 else found


@pytest.fixture
def table():
    """Losses: the receiver's in a column, its company in a row, alone on the diagonal."""
    tasks = ["a", "b", "c"]
    return pd.DataFrame([[0.5, 0.2, 0.6], [0.6, 0.4, 0.6], [0.25, 0.4, 0.3]], tasks, tasks)


def data(table, n=40):
    y = pd.DataFrame(1, index=range(n), columns=table.columns)
    y.iloc[0] = 0  # which is always trained on
    return np.zeros((n, 1)), y


def test_gains_and_losses_are_those_of_the_models(table):
    X, y = data(table)
    cv = [(np.arange(20), np.arange(20, 30)), (np.arange(10), np.arange(30, 40))]
    result = task_affinity(Known(table), X, y, "transfer", cv=cv, n_repeats=2)
    expected = 1 - table / np.diag(table)
    np.testing.assert_allclose(result.affinity, expected, atol=1e-12)
    assert result.affinity.loc["c", "a"] == pytest.approx(0.5)  # c halves a's loss, a doubles c's
    assert result.affinity.loc["a", "c"] == pytest.approx(-1)
    np.testing.assert_allclose(result.standard_error, 0, atol=1e-12)
    assert list(result.losses) == [("a",), ("b",), ("c",), ("a", "b"), ("a", "c"), ("b", "c")]
    assert result.losses["a", "c"] == pytest.approx({"a": 0.25, "c": 0.6})
    assert result.losses["b",] == pytest.approx({"b": 0.4})


def test_scores_that_are_no_losses_and_alone_0():
    scores = [np.array([[0.5], [-0.5]]), np.array([[0.0], [0.8]]), np.array([[0.6, 0.3], [-0.6, 0.4]])]
    found = transfer_matrices(scores, 2)
    np.testing.assert_allclose(found[:, 1, 0], [0.2, -0.2])  # what task 1 gives to task 0
    np.testing.assert_allclose(found[:, 0, 1], [np.nan, -0.5])
    np.testing.assert_allclose(found[:, [0, 1], [0, 1]], 0)
    assert mean_losses(scores, ["x", "y"])["x", "y"] == pytest.approx({"x": 0, "y": -0.35})
    scores[2][0] = np.nan  # a repeat in which the pair has no held-out label
    assert mean_losses(scores, ["x", "y"])["x", "y"] == pytest.approx({"x": 0.6, "y": -0.4})


def test_accuracy_has_no_losses():
    X, y = load_two_digits(120, return_X_y=True, as_frame=True)
    forest = RandomForestClassifier(5)
    result = task_affinity(forest, X.reshape(len(X), -1), y, "transfer", scoring="accuracy", random_state=0)
    assert result.losses is None
    assert np.isfinite(result.affinity).all(axis=None)


def test_every_task_by_its_own_metric(table):
    X, y = data(table)
    scoring = {"a": "neg_log_loss", "b": "neg_log_loss", "c": "neg_brier_score"}
    one = task_affinity(Known(table), X, y, "transfer", n_repeats=1, scoring="neg_log_loss", random_state=0)
    mixed = task_affinity(Known(table), X, y, "transfer", n_repeats=1, scoring=scoring, random_state=0)
    np.testing.assert_array_equal(mixed.affinity[["a", "b"]], one.affinity[["a", "b"]])
    brier = (1 - np.exp(-table["c"])) ** 2  # of labels that are all 1
    np.testing.assert_allclose(mixed.affinity["c"], 1 - brier / brier["c"], atol=1e-12)
    assert mixed.losses["a", "c"]["c"] == pytest.approx(brier["a"])
    y.iloc[-10:] = 0  # classes to rank
    scoring["c"] = "roc_auc"  # more is better: no loss
    assert task_affinity(Known(table), X, y, "transfer", n_repeats=1, scoring=scoring).losses is None
    with pytest.raises(ValueError, match=r"scoring must name every task; it lacks \['b'\]"):
        task_affinity(Known(table), X, y, "transfer", scoring={"a": "roc_auc", "c": "roc_auc"})


def test_one_repeat_is_fits_by_hand():
    X, y = load_two_digits(80, missing_rate=0.3, return_X_y=True, as_frame=True)
    y = (y > 4).astype(float).where(y.notna())
    clf = MultiTaskCNNClassifier(ConvTrunk(channels=(2,), hidden=(4,)), max_epochs=2)
    cv = MultiTaskStratifiedKFold(2)
    weights = np.linspace(0.5, 1.5, len(X))
    result = task_affinity(clf, X, y, "transfer", cv=cv, n_repeats=1, random_state=3, sample_weight=weights)
    (seed,) = np.random.RandomState(3).randint(2**31 - 1, size=1)
    losses = {"alone": [], "pair": []}
    for train, test in cv.split(X, y):
        for name, columns in (("alone", "right"), ("pair", ["left", "right"])):
            rows = train[y.loc[train, columns].notna().to_numpy().reshape(len(train), -1).any(axis=1)]
            clf.set_params(random_state=int(seed)).fit(X[rows], y.loc[rows, columns], weights[rows])
            score = task_scorer("right", "neg_log_loss")(clf, X[test], y.loc[test, columns], weights[test])
            losses[name].append(-score)
    assert result.losses["left", "right"]["right"] == pytest.approx(np.mean(losses["pair"]))
    expected = 1 - np.mean(losses["pair"]) / np.mean(losses["alone"])
    assert result.affinity.loc["left", "right"] == pytest.approx(expected)


def test_a_task_that_is_not_trained(table):
    X, y = data(table)
    clf = MultiTaskCNNClassifier(task_weights={"a": 0, "b": 1, "c": 2})
    with pytest.raises(ValueError, match=r"task_weights is 0 for \['a'\]"):
        task_affinity(clf, X, y, "transfer")
