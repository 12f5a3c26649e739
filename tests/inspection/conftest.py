"""Estimators that say what they are told."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin


class Told(ClassifierMixin, BaseEstimator):
    """A fitted classifier of several tasks; `X` are the rows of the probabilities that it was told."""

    def __init__(self, probabilities, classes, task_names):
        self.probabilities = probabilities
        self.classes_ = [np.array(labels) for labels in classes]
        self.task_names_ = task_names

    def predict_proba(self, X):
        return [p[X] for p in self.probabilities]

    def predict(self, X):
        columns = [k[p[X].argmax(axis=1)] for k, p in zip(self.classes_, self.probabilities, strict=True)]
        return pd.DataFrame(dict(zip(self.task_names_, columns, strict=True))).to_numpy(dtype=object)


@pytest.fixture(scope="session")
def told():
    """Make a `Told` estimator of a frame of labels: right more often than not, and never sure."""

    def make(y, seed=0):
        rng = np.random.default_rng(seed)
        classes = [np.unique(y[task].dropna().tolist()) for task in y]
        probabilities = []
        for task, labels in zip(y, classes, strict=True):
            noise = rng.dirichlet(np.ones(len(labels)), len(y))
            truth = y[task].to_numpy(dtype=object)[:, None] == labels
            probabilities.append(0.7 * noise + 0.3 * truth)
            probabilities[-1] /= probabilities[-1].sum(axis=1, keepdims=True)
        return Told(probabilities, classes, list(y.columns))

    return make


@pytest.fixture(scope="session")
def labels():
    """Strings of four classes, booleans, integers of two classes and strings of two: 200 rows."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "letter": np.array(["a", "b", "c", "d"], dtype=object)[rng.integers(0, 4, 200)],
            "odd": rng.random(200) < 0.4,
            7: rng.integers(1, 3, 200),
            "kind": np.where(rng.random(200) < 0.3, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def holed(labels):
    """The same with a third of the cells missing."""
    return labels.astype(object).mask(np.random.default_rng(1).random(labels.shape) < 1 / 3, None)
