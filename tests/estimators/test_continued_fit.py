"""What a second fit may change, and what a first one leaves behind."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from torch import nn

from skmtl import MultiTaskCNNClassifier
from skmtl.nn import ConvTrunk
from skmtl.weighting import LossWeighting


@pytest.fixture(scope="module")
def digits():
    images, labels = load_digits(return_X_y=True)
    return images[:65].reshape(-1, 8, 8), np.c_[labels % 2, labels >= 5][:65]


def small(**params):
    defaults = {"trunk": ConvTrunk(channels=(4,), hidden=(8,)), "max_epochs": 2, "random_state": 0}
    return MultiTaskCNNClassifier(**(defaults | params))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("trunk", ConvTrunk(channels=(5,))),
        ("weight_decay", 0.5),
        ("optimizer", "sgd"),
        ("net_params", {"optimizer__betas": (0.5, 0.9)}),
        ("standardize", False),
    ],
)
def test_what_cannot_change_is_refused(digits, name, value):
    clf = small(warm_start=True).fit(*digits)
    before = clf.predict_proba(digits[0])[0]
    clf.set_params(**{name: value})
    with pytest.raises(ValueError, match=f"{name} was .* when the network was built"):
        clf.fit(*digits)
    np.testing.assert_array_equal(clf.predict_proba(digits[0])[0], before)
    assert clf.set_params(warm_start=False).fit(*digits).n_iter_ == 2


def test_what_may_change_takes_effect(digits):
    seen = []

    def augment(batch):
        seen.append(len(batch))
        return batch

    clf = small(warm_start=True, batch_size=16).fit(*digits)
    clf.set_params(augment=augment, batch_size=20, task_weights=[3, 1]).fit(*digits)
    assert clf.n_iter_ == 4
    assert seen == [20, 20, 20, 5] * 2
    assert [row["task0_weight"] for row in clf.history_] == [1, 1, 1.5, 1.5]


def test_a_fitted_model_forgets_augment(digits):
    clf = small(augment=lambda batch: batch).fit(*digits)
    clf.set_params(augment=None)
    copy = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(copy.predict(digits[0]), clf.predict(digits[0]))


class NormTrunk(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.BatchNorm1d(8), nn.ReLU())

    def forward(self, X):
        return self.layers(X)


def test_a_lone_last_sample_is_left_out(digits):
    clf = small(trunk=NormTrunk, batch_size=32, max_epochs=1).fit(*digits)  # 65 = 2 * 32 + 1
    assert np.isfinite(clf.predict_proba(digits[0])[0]).all()
    assert clf.net_.history[-1]["train_batch_count"] == 2


def test_lbfgs_trains(digits):
    clf = small(optimizer=torch.optim.LBFGS, weight_decay=0, lr=0.5, lr_scheduler="constant", batch_size=65)
    clf.fit(*digits)
    assert clf.history_[-1]["train_loss"] < 0.7 * clf.history_[0]["train_loss"]


class TooFew(LossWeighting):
    def weights(self, losses):
        return losses[:1]


def test_a_weighting_of_the_wrong_length_is_refused(digits):
    with pytest.raises(ValueError, match=r"weighting: TooFew.weights must return one weight per task, shape \(2,\)"):
        small(weighting=TooFew()).fit(*digits)


def test_a_task_turned_off_has_no_say_in_stopping(digits):
    clf = small(early_stopping=True, validation_fraction=0.3, task_weights=[1, 0]).fit(*digits)
    assert all(row["valid_score"] == row["task0_valid_score"] for row in clf.history_)


def test_nested_parameters_of_a_name():
    clf = MultiTaskCNNClassifier().set_params(trunk__channels=(7,), lr=0.5)
    assert isinstance(clf.trunk, ConvTrunk)
    assert (clf.trunk.channels, clf.lr) == ((7,), 0.5)
    assert clf.set_params(trunk="cnn", trunk__channels=(3,)).trunk.channels == (3,)
    with pytest.raises(ValueError, match="Invalid parameter 'chanels' for estimator ConvTrunk"):
        clf.set_params(trunk__chanels=(7,))


def test_grid_over_the_default_trunk(digits):
    search = GridSearchCV(small(trunk="cnn", max_epochs=1), {"trunk__channels": [(2,), (3,)]}, cv=2).fit(*digits)
    assert search.best_estimator_.trunk.channels in {(2,), (3,)}
