"""Digits with several label columns of every kind, and forests fitted on them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier


class ForestPerTask(ClassifierMixin, BaseEstimator):
    """scikit-learn's forests refuse columns of several types; this takes them, one forest a column."""

    def fit(self, X, y):
        self.forests_ = [
            RandomForestClassifier(n_estimators=5, max_depth=4, random_state=0).fit(X, np.array(column.tolist()))
            for column in np.asarray(y, dtype=object).T
        ]
        self.classes_ = [forest.classes_ for forest in self.forests_]
        return self

    def predict(self, X):
        columns = [forest.predict(X).tolist() for forest in self.forests_]
        return np.array(list(zip(*columns, strict=True)), dtype=object)

    def predict_proba(self, X):
        return [forest.predict_proba(X) for forest in self.forests_]


@pytest.fixture(scope="session")
def digits():
    X, digit = load_digits(return_X_y=True)
    return X[:400], digit[:400]


@pytest.fixture(scope="session")
def targets(digits):
    """Columns of 10, 3 and 2 classes; integers, strings and booleans."""
    _, digit = digits
    size = np.array(["small", "medium", "wide"], dtype=object)[np.minimum(digit // 3, 2)]
    return {
        "int": np.column_stack([digit, digit % 3, digit % 2]),
        "str": np.column_stack([digit.astype(str), size.astype(str), np.where(digit % 2, "odd", "even")]),
        "mixed": pd.DataFrame({"digit": digit, "size": size, "odd": digit % 2 == 1}),
    }


@pytest.fixture(scope="session")
def forests(digits, targets):
    """One forest per kind of target, weak enough to be wrong sometimes."""
    X, _ = digits

    forest = RandomForestClassifier(n_estimators=5, max_depth=4, random_state=0)
    models = {"int": forest, "str": clone(forest), "mixed": ForestPerTask()}
    return {kind: model.fit(X[:200], targets[kind][:200]) for kind, model in models.items()}


@pytest.fixture
def holes():
    """Which cells of 200 rows and 3 tasks have no label."""
    return np.random.default_rng(0).random((200, 3)) < 0.3


def _one_task(forest, t, X):
    """Return (labels, probabilities, classes) of a forest's task in their own dtype."""
    labels, classes = forest.predict(X)[:, t], forest.classes_[t]
    dtype = np.array(classes.tolist()).dtype
    return labels.astype(dtype), forest.predict_proba(X)[t], classes.astype(dtype)


@pytest.fixture
def one_task():
    return _one_task
