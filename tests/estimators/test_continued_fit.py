"""What a second fit may change, and what a first one leaves behind."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, LRScheduler
from torch import nn

from skmtl import MultiTaskCNNClassifier
from skmtl.estimators import _base as base
from skmtl.estimators._snapshot import snapshot
from skmtl.exceptions import InterruptedFitWarning
from skmtl.nn import ConvTrunk
from skmtl.training import train as real_train
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
    with pytest.raises(ValueError, match=f"{name} is not what it was when the network was built"):
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


def test_a_lone_last_sample_joins_the_batch_before(digits):
    seen = []
    clf = small(trunk=NormTrunk, batch_size=32, max_epochs=1, augment=lambda b: seen.append(len(b)) or b)
    clf.fit(*digits)  # 65 = 2 * 32 + 1
    assert seen == [2, 32, 33]  # the first is the trial before the training
    assert np.isfinite(clf.predict_proba(digits[0])[0]).all()


def test_numpy_integers_are_integers(digits):
    clf = small(max_epochs=np.int64(2), batch_size=np.int32(16)).fit(*digits)
    assert clf.n_iter_ == 2


def test_a_failed_fit_leaves_the_model_as_it_was(digits):
    clf = small(warm_start=True).fit(*digits)
    before = clf.predict_proba(digits[0])[0]
    with pytest.raises(ValueError, match="Training diverged"):
        clf.set_params(lr=1e30, lr_scheduler="constant", max_epochs=20).fit(*digits)
    np.testing.assert_array_equal(clf.predict_proba(digits[0])[0], before)
    assert clf.net_.train_split is None
    clf.set_params(lr=1e-3, max_epochs=1).fit(*digits)
    assert [row["epoch"] for row in clf.history_] == [1, 2, 3]


def test_partial_fit_refuses_other_classes_and_early_stopping(digits):
    clf = small().partial_fit(*digits, classes=[[0, 1], [0, 1, 2]])
    clf.partial_fit(*digits, classes=[[0, 1], [2, 1, 0]])
    with pytest.raises(ValueError, match=r"classes of task 'task1' are .* in the first call"):
        clf.partial_fit(*digits, classes=[[0, 1], [0, 1]])
    with pytest.raises(ValueError, match="early_stopping=True has no meaning in partial_fit"):
        clf.set_params(early_stopping=True).partial_fit(*digits)


def test_columns_in_another_order_take_their_weights_along(digits):
    X, y = digits
    frame = pd.DataFrame(y, columns=["odd", "big"])
    weights = np.random.default_rng(0).random(y.shape)
    one = small(warm_start=True).fit(X, frame).fit(X, frame, weights)
    other = small(warm_start=True).fit(X, frame).fit(X, frame[["big", "odd"]], weights[:, ::-1])
    np.testing.assert_array_equal(one.predict_proba(X)[0], other.predict_proba(X)[0])


@pytest.mark.parametrize("params", [{"class_weight": "balanced"}, {"early_stopping": True, "validation_fraction": 0.3}])
def test_a_cell_of_weight_zero_is_a_missing_label(digits, params):
    X, y = digits
    weights = np.ones(y.shape)
    weights[::3, 1] = 0
    wrong = y.copy()
    wrong[::3, 1] = 1 - y[::3, 1]
    weighted = small(**params).fit(X, wrong, weights)
    missing = small(**params).fit(X, np.where(weights == 0, np.nan, y))
    np.testing.assert_allclose(weighted.predict_proba(X)[1], missing.predict_proba(X)[1], atol=1e-12)
    for one, other in zip(weighted.history_, missing.history_, strict=True):
        assert one["train_loss"] == pytest.approx(other["train_loss"], rel=1e-12)
        assert one.get("task1_valid_score") == other.get("task1_valid_score")


def test_the_best_weights_are_kept_whatever_tol(digits):
    clf = small(early_stopping=True, validation_fraction=0.3, tol=0.5, n_iter_no_change=20, max_epochs=12, lr=1e-2)
    clf.fit(*digits)
    assert clf.best_score_ == max(row["valid_score"] for row in clf.history_)
    assert clf.best_score_ > clf.history_[0]["valid_score"]


def test_a_warm_start_validates_on_the_same_images(digits, monkeypatch):
    X, y = digits
    clf = small(warm_start=True, early_stopping=True, validation_fraction=0.3, random_state=None)
    seen = []

    def spy(net, train, valid, *rest):
        seen.append(valid.rows)
        return real_train(net, train, valid, *rest)

    monkeypatch.setattr(base, "train", spy)
    clf.fit(X, y)
    clf.fit(X, y)
    np.testing.assert_array_equal(seen[0], seen[1])


def test_a_scheduler_among_the_callbacks_is_not_overruled(digits):
    scheduler = LRScheduler("StepLR", step_size=1, gamma=0.5)
    with pytest.raises(ValueError, match="skorch LRScheduler, which lr_scheduler='one-cycle' would overrule"):
        small(callbacks=[scheduler]).fit(*digits)
    clf = small(callbacks=[scheduler], lr_scheduler="constant", lr=0.5, optimizer="sgd", max_epochs=3).fit(*digits)
    assert [row["lr"] for row in clf.history_] == [0.5, 0.25, 0.125]


def test_every_epoch_is_printed(digits, capsys):
    clf = small(early_stopping=True, validation_fraction=0.3, n_iter_no_change=1, verbose=1, max_epochs=30).fit(*digits)
    assert capsys.readouterr().out.count("epoch ") == clf.n_iter_ < 30


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"optimizer": torch.optim.Optimizer}, "optimizer must be one of"),
        ({"lr_scheduler": torch.optim.lr_scheduler.LRScheduler}, "lr_scheduler must be one of"),
        ({"net_params": {"optimizer__betas": "x"}}, "optimizer: AdamW cannot be made with"),
        (
            {"lr_scheduler": torch.optim.lr_scheduler.OneCycleLR, "net_params": {"lr_scheduler__max_lr": 1.0}},
            "lr_scheduler: OneCycleLR does not accept",
        ),
        ({"callbacks": [int]}, "callbacks must be skorch callbacks"),
        ({"augment": lambda b: b[:, [2, 1, 0]]}, "augment fails on a float batch of shape"),
    ],
)
def test_refused_before_training(digits, params, match):
    with pytest.raises((ValueError, TypeError), match=match):
        small(**params).fit(*digits)


class ViewTrunk(nn.Module):
    def forward(self, X):
        return X.view(len(X), -1)


def test_a_trunk_may_take_views_of_channels_last_images(digits):
    X = np.repeat(digits[0][..., None], 3, axis=-1)
    assert small(trunk=ViewTrunk).fit(X, digits[1]).predict(X).shape == (65, 2)


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


def test_frames_of_weights_meet_the_tasks_by_name(digits):
    X, y = digits
    weights = pd.DataFrame(np.random.default_rng(0).random(y.shape), columns=["task0", "task1"])
    named = weights.set_axis(["odd", "big"], axis=1)
    expected = small().fit(X, y, weights.to_numpy()).predict_proba(X)[0]
    for labels, frame in (
        (y, weights[["task1", "task0"]]),
        (pd.DataFrame(y, columns=named.columns), named[["big", "odd"]]),
    ):
        np.testing.assert_array_equal(small().fit(X, labels, frame).predict_proba(X)[0], expected)
    masked = np.ma.masked_array(weights.to_numpy(), mask=np.arange(130).reshape(65, 2) % 7 == 0)
    np.testing.assert_array_equal(
        small().fit(X, y, masked).predict_proba(X)[0], small().fit(X, y, masked.filled(0)).predict_proba(X)[0]
    )


def test_divergence_in_the_last_step_is_noticed(digits):
    clf = small(warm_start=True).fit(*digits)
    before = clf.predict_proba(digits[0])[0]
    with pytest.raises(ValueError, match="Training diverged: after the last step"):
        clf.set_params(lr=1e200, lr_scheduler="constant", max_epochs=1, batch_size=65).fit(*digits)
    np.testing.assert_array_equal(clf.predict_proba(digits[0])[0], before)


class CountSteps(LossWeighting):
    def weights(self, losses):
        self.steps_ = getattr(self, "steps_", 0) + 1
        return torch.ones_like(losses)


def test_a_failed_fit_can_be_retried_as_if_it_had_not_been(digits):
    fits = []
    for fails in (False, True):
        clf = small(warm_start=True, weighting=CountSteps(), batch_size=16).fit(*digits)
        if fails:
            with pytest.raises(ValueError, match="Training diverged"):
                clf.set_params(lr=1e200, lr_scheduler="constant").fit(*digits)
        clf.set_params(lr=1e-3, lr_scheduler="constant").fit(*digits)
        fits.append(clf)
    np.testing.assert_array_equal(*(clf.predict_proba(digits[0])[0] for clf in fits))
    assert fits[0].net_.weighting.steps_ == fits[1].net_.weighting.steps_ == 16


def test_a_failed_refit_on_other_images_leaves_the_last_fit_usable(digits):
    X, y = digits
    clf = small().fit(X, y)
    with pytest.raises(ValueError, match="only one class"):
        clf.fit(X[:, :4], np.zeros_like(y))
    assert clf.n_features_in_ == 8
    assert clf.predict(X).shape == y.shape


class StopAt(Callback):
    def on_epoch_end(self, net, **kwargs):
        if net.history[-1, "epoch"] == 3:
            raise KeyboardInterrupt


def test_the_epoch_in_which_a_callback_stops_counts(digits):
    clf = small(early_stopping=True, validation_fraction=0.3, lr=1e-2, max_epochs=9, callbacks=[StopAt()])
    with pytest.warns(InterruptedFitWarning, match="after 3 epochs"):
        clf.fit(*digits)
    assert clf.best_score_ == max(row["valid_score"] for row in clf.history_)


def test_automatic_batch_size_comes_back(digits):
    clf = small(warm_start=True, batch_size=7).fit(*digits).set_params(batch_size="auto").fit(*digits)
    assert clf.net_.iterator_train__batch_size == 32


@pytest.mark.parametrize(
    ("one", "other"),
    [(np.array(3.0), np.array(3.0)), (torch.ones(2), torch.ones(2)), (partial(NormTrunk), partial(NormTrunk))],
)
def test_equal_parameters_are_no_change(one, other):
    assert snapshot(one) == snapshot(other)
    assert snapshot(torch.ones(2)) != snapshot(torch.zeros(2))


def test_classes_of_a_model_without_names_meet_by_position(digits):
    X, y = digits
    clf = small().partial_fit(X, y, classes=[[0, 1], [0, 1]])
    clf.partial_fit(X, pd.DataFrame(y, columns=["odd", "big"]), classes=[[0, 1], [0, 1]])
    assert clf.n_iter_ == 2
