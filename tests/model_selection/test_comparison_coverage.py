"""The intervals of `compare_with_single_task` cover what is known to be true, as often as they say."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state

from skmtl.model_selection import compare_with_single_task

N_FEATURES, N_SAMPLES, NOISE = 40, 100, 0.5
DIRECTIONS = {
    "positive": np.eye(N_FEATURES)[[0, 0]],
    "none": np.eye(N_FEATURES)[[0, 1]],
    "negative": np.eye(N_FEATURES)[[0, 1]],
}
REPEATS = 200


class SharedDirections(ClassifierMixin, BaseEstimator):
    """A linear classifier per task, of which several are drawn to their mean; in "none" it sees random halves."""

    def __init__(self, transfer="positive", random_state=None):
        self.transfer = transfer
        self.random_state = random_state

    def fit(self, X, y):
        y = np.asarray(y).reshape(len(X), -1)
        rows = np.arange(len(X))
        if self.transfer == "none":
            # Other rows with other tasks: the two kinds of models differ, but neither is better.
            rng = np.random.default_rng([check_random_state(self.random_state).randint(2**31), y.shape[1]])
            rows = rng.permutation(len(X))[: len(X) // 2]
        self.coef_ = (2 * y[rows] - 1).T @ X[rows] / len(rows)
        if self.transfer != "none":
            self.coef_ = self.coef_ / 2 + self.coef_.mean(axis=0) / 2
        self.classes_ = [np.array([0, 1])] * y.shape[1] if y.shape[1] > 1 else np.array([0, 1])
        return self

    def predict(self, X):
        predicted = (X @ self.coef_.T > 0).astype(int)
        return predicted if predicted.shape[1] > 1 else predicted[:, 0]


def draw(rng, directions, n_samples):
    X = rng.normal(size=(n_samples, N_FEATURES))
    return X, (X @ directions.T + NOISE * rng.normal(size=(n_samples, 2)) > 0).astype(int)


def expected_accuracy(model, directions):
    """Of new rows: two normal variables of this correlation have the same sign so often."""
    aligned = np.sum(model.coef_ * directions, axis=1) / np.linalg.norm(model.coef_, axis=1)
    return 1 - np.arccos(aligned / np.sqrt(1 + NOISE**2)) / np.pi


def true_differences(transfer, directions, n_train, n_draws=1500):
    rng = np.random.default_rng(1)
    found = []
    for _ in range(n_draws):
        X, y = draw(rng, directions, n_train)
        multi = expected_accuracy(SharedDirections(transfer).fit(X, y), directions)
        alone = [expected_accuracy(SharedDirections(transfer).fit(X, y[:, [t]]), directions[[t]])[0] for t in (0, 1)]
        found.append(multi - alone)
    return np.mean(found, axis=0)


@pytest.mark.parametrize("transfer", DIRECTIONS)
def test_intervals_cover_the_truth_at_their_nominal_rate(transfer):
    directions, cv = DIRECTIONS[transfer], 3
    n_train = N_SAMPLES * (cv - 1) // cv
    truth = np.zeros(2) if transfer == "none" else true_differences(transfer, directions, n_train)
    assert {"positive": np.all(truth > 0.008), "none": True, "negative": np.all(truth < -0.008)}[transfer]
    rng = np.random.default_rng(0)
    covered, flagged = [], []
    for seed in range(REPEATS):
        X, y = draw(rng, directions, N_SAMPLES)
        estimator = SharedDirections(transfer)
        table = compare_with_single_task(estimator, X, y, cv=cv, n_repeats=2, random_state=seed).table
        covered += ((table["lower"] <= truth) & (truth <= table["upper"])).tolist()
        flagged += table["negative_transfer"].tolist()
    # 400 intervals, in pairs: the standard error of the rate is 1 to 1.5 points.
    assert 0.92 <= np.mean(covered) <= 0.985
    # Half of the intervals that miss lie below zero if there is nothing; harm is flagged more often than help.
    assert np.mean(flagged) <= {"positive": 0.01, "none": 0.045, "negative": 1}[transfer]
