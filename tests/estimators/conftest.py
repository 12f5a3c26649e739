"""Real digits and a small classifier, so that a fit takes a fraction of a second."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from skmtl import MultiTaskCNNClassifier
from skmtl._targets import TargetEncoder, read_targets
from skmtl.nn import ConvTrunk


@pytest.fixture(scope="session")
def digits():
    """Digits 0 to 3 in [0, 1]: images (120, 8, 8), codes (120, 2), a frame of an int and a string task."""
    bunch = load_digits(n_class=4)
    images, digit = bunch.images[:120] / 16, bunch.target[:120]
    frame = pd.DataFrame({"digit": digit, "parity": np.where(digit % 2, "odd", "even")})
    images.setflags(write=False)  # a fit that writes to its input fails here
    return SimpleNamespace(images=images, codes=np.column_stack([digit, digit % 2]), frame=frame, digit=digit)


@pytest.fixture(scope="session")
def make():
    """Function from parameters to a small, seeded classifier."""

    def classifier(**params):
        trunk = ConvTrunk(channels=(4,), hidden=(16,))
        return MultiTaskCNNClassifier(**{"trunk": trunk, "max_epochs": 2, "random_state": 0, "lr": 0.01, **params})

    return classifier


class LinearPerTask(ClassifierMixin, BaseEstimator):
    """One logistic regression per column, which skips missing labels: what wraps a network can wrap this."""

    def __init__(self, C=1e4, missing_label=None):
        self.C = C
        self.missing_label = missing_label

    def fit(self, X, y, sample_weight=None):
        targets = read_targets(y, self.missing_label)
        self._encoder = TargetEncoder().fit(targets)
        self.task_names_ = targets.names
        rows = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
        weights = np.broadcast_to(rows.reshape(len(X), -1), (len(X), len(targets.columns)))
        self.models_ = [
            LogisticRegression(C=self.C).fit(X[c.labelled], c.labels, weights[c.labelled, t])
            for t, c in enumerate(targets.columns)
        ]
        classes = [m.classes_ for m in self.models_]
        self.classes_ = classes[0] if targets.one_dimensional else classes
        return self

    def predict_proba(self, X):
        proba = [m.predict_proba(X) for m in self.models_]
        return proba[0] if self._encoder.one_dimensional_ else proba

    def predict(self, X):
        return self._encoder.decode(np.column_stack([m.predict_proba(X).argmax(axis=1) for m in self.models_]))


@pytest.fixture(scope="session")
def linear():
    """A cheap stand-in for the network, as a class."""
    return LinearPerTask


@pytest.fixture(scope="session")
def noisy():
    """Rows whose labels no model can know for sure: X (240, 6), tasks of 3 strings, 2 strings (few "yes"), 2 bools."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(240, 6))
    kind = np.array(["ash", "elm", "oak"])[(X[:, :3] + rng.normal(size=(240, 3))).argmax(axis=1)]
    flag = np.where(X[:, 3] + rng.normal(size=240) > 1.2, "yes", "no").astype(object)
    frame = pd.DataFrame({"kind": kind, "flag": flag, "on": X[:, 4] + rng.normal(size=240) > 0})
    frame.loc[rng.random(240) < 0.2, "flag"] = None
    return SimpleNamespace(X=X, frame=frame)
