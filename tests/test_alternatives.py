"""What the README's table says of the alternatives, and of us, seen happening."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from skorch import NeuralNetClassifier
from torch import nn

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.metrics import multi_task_scorer
from skmtl.model_selection import MultiTaskStratifiedKFold

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@pytest.fixture(scope="module")
def data():
    return load_two_digits(n_samples=120, random_state=0, return_X_y=True)


@pytest.fixture(scope="module")
def ours(data):
    return MultiTaskCNNClassifier(max_epochs=2, random_state=0).fit(*data)


@pytest.fixture(scope="module")
def theirs(data):
    X, y = data
    return MultiOutputClassifier(LogisticRegression(max_iter=1000)).fit(X.reshape(len(X), -1) / 255, y)


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleList([nn.Linear(128, 10), nn.Linear(128, 10)])

    def forward(self, X):
        return tuple(torch.softmax(head(X.flatten(1)), 1) for head in self.heads)


class BothLosses(nn.Module):
    def forward(self, probabilities, y):
        return sum(nn.functional.nll_loss(torch.log(p), y[:, t]) for t, p in enumerate(probabilities))


def skorch_net():
    return NeuralNetClassifier(
        TwoHeads, criterion=BothLosses, train_split=None, max_epochs=1, verbose=0, callbacks__valid_acc=None
    )


@pytest.fixture(scope="module")
def skorchs(data):
    X, y = data
    return skorch_net().fit(X.astype(np.float32) / 255, y)


def test_number_of_networks(ours, theirs, skorchs):
    assert len(theirs.estimators_) == 2
    assert isinstance(ours.net_.module_, nn.Module)
    assert isinstance(skorchs.module_, nn.Module)


def test_predict_with_several_heads(data, ours, theirs, skorchs):
    X, y = data
    assert ours.predict(X).shape == y.shape
    assert theirs.predict(X.reshape(len(X), -1)).shape == y.shape
    assert skorchs.predict(X.astype(np.float32) / 255).shape == (len(y),)


def test_missing_labels(data):
    X, y = data
    holes = y.astype(float)
    holes[::3, 0] = np.nan
    assert MultiTaskCNNClassifier(max_epochs=1).fit(X, holes).predict(X).shape == y.shape
    with pytest.raises(ValueError, match="NaN"):
        MultiOutputClassifier(LogisticRegression()).fit(X.reshape(len(X), -1), holes)
    with pytest.raises((ValueError, RuntimeError), match=r"NaN|nan|Long|Double|dtype|Float"):
        skorch_net().fit(X.astype(np.float32), holes)


def test_string_labels(data):
    X, y = data
    words = np.array([WORDS[v] for v in y.ravel()])
    words = words.reshape(y.shape)
    assert set(MultiTaskCNNClassifier(max_epochs=1).fit(X, words).predict(X).ravel()) <= set(words.ravel())
    predicted = MultiOutputClassifier(LogisticRegression(max_iter=1000)).fit(X.reshape(len(X), -1) / 255, words)
    assert set(predicted.predict(X.reshape(len(X), -1) / 255).ravel()) <= set(words.ravel())
    with pytest.raises(TypeError, match="<U5"):
        skorch_net().fit(X.astype(np.float32), words)


def test_accuracy_in_grid_search(data):
    X, y = data
    flat = X.reshape(len(X), -1) / 255
    theirs = MultiOutputClassifier(LogisticRegression(max_iter=1000))
    search = GridSearchCV(theirs, {"n_jobs": [1]}, scoring="accuracy", cv=2, error_score="raise")
    with pytest.raises(ValueError, match="multiclass-multioutput"):
        search.fit(flat, y)
    search = GridSearchCV(skorch_net(), {"lr": [0.1]}, scoring="accuracy", cv=2, error_score="raise")
    with pytest.raises(ValueError, match="multiclass-multioutput"):
        search.fit(X.astype(np.float32), y)
    search = GridSearchCV(
        MultiTaskCNNClassifier(max_epochs=1),
        {"lr": [1e-3]},
        scoring=multi_task_scorer(("accuracy",)),
        refit="mean_accuracy",
        cv=MultiTaskStratifiedKFold(2),
    ).fit(X, y)
    keys = {"mean_test_task0_accuracy", "mean_test_task1_accuracy", "mean_test_mean_accuracy", "mean_test_min_accuracy"}
    assert keys <= set(search.cv_results_)


def test_weights_per_sample_and_task(data):
    X, y = data
    weights = np.ones(y.shape)
    weights[:60, 1] = 0
    holes = y.astype(float)
    holes[:60, 1] = np.nan
    ours = MultiTaskCNNClassifier(max_epochs=1, random_state=0)
    # A weight of zero and a missing label are the same thing.
    weighted, missing = ours.fit(X, y, weights).predict_proba(X), ours.fit(X, holes).predict_proba(X)
    np.testing.assert_allclose(weighted[1], missing[1], atol=1e-6)
    with pytest.raises(ValueError, match=r"[Ss]ample weights"):
        MultiOutputClassifier(LogisticRegression()).fit(X.reshape(len(X), -1), y, sample_weight=weights)
    with pytest.raises(TypeError, match="sample_weight"):
        skorch_net().fit(X.astype(np.float32), y, sample_weight=weights)
