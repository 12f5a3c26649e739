"""What other libraries get wrong for several tasks, one test each."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from skmtl.nn import ConvTrunk, MLPHead
from skmtl.weighting import LossWeighting


@pytest.fixture(scope="module")
def fitted(make, digits):
    return make(max_epochs=15).fit(digits.images, digits.frame.assign(large=digits.digit > 1))


def test_no_head_is_dropped_from_predict(fitted, digits):
    assert fitted.predict(digits.images).shape == (120, 3)
    assert len(fitted.predict_proba(digits.images)) == 3
    assert len(fitted.predict_log_proba(digits.images)) == 3
    truth = [digits.digit, digits.frame["parity"], digits.digit > 1]
    for t, labels in enumerate(truth):
        assert (fitted.predict(digits.images)[:, t] == np.asarray(labels)).mean() > 0.9


def test_classes_of_tasks_are_not_merged(make, digits):
    y = np.column_stack([digits.digit, digits.digit % 2 + 10])
    clf = make().fit(digits.images, y)
    assert [c.tolist() for c in clf.classes_] == [[0, 1, 2, 3], [10, 11]]
    assert [p.shape[1] for p in clf.predict_proba(digits.images)] == [4, 2]
    assert set(clf.predict(digits.images)[:, 1]) <= {10, 11}


def test_integer_labels_do_not_come_back_as_strings(fitted, digits):
    assert {type(v) for v in fitted.predict(digits.images)[:, 0]} == {int}
    assert {type(v) for v in fitted.predict(digits.images)[:, 2]} == {bool}


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_predict_accepts_what_fit_accepted(method, make, digits):
    for X in (digits.images, digits.images[..., None], digits.images.reshape(120, 64), digits.images.tolist()):
        clf = make(max_epochs=1).fit(X, digits.frame)
        assert len(getattr(clf, method)(X)) in (2, 120)


def test_no_parameter_is_lost_on_clone_and_the_clone_learns_the_same(make, digits):
    clf = make(head=MLPHead(hidden=(6,), dropout=0.1), task_weights={"digit": 2, "parity": 1}, class_weight="balanced")
    copied = clone(clf.fit(digits.images, digits.frame))
    assert repr(copied.get_params()) == repr(clf.get_params())
    assert not hasattr(copied, "net_")
    for p, q in zip(
        copied.fit(digits.images, digits.frame).predict_proba(digits.images),
        clf.predict_proba(digits.images),
        strict=True,
    ):
        np.testing.assert_array_equal(p, q)


def test_best_epoch_is_not_chosen_on_the_training_images(make, digits):
    """Labels that cannot be learned: a held-out score stays near chance, a training score would not."""
    y = np.random.default_rng(0).integers(0, 2, size=(120, 1))
    trunk = ConvTrunk(channels=(8,), hidden=(64,))
    clf = make(trunk=trunk, early_stopping=True, max_epochs=60, n_iter_no_change=60, validation_fraction=0.4)
    clf.fit(digits.images, y)
    assert clf.history_[-1]["train_loss"] < 0.3
    assert clf.best_score_ < 0.75


CHANGES = {
    "trunk": ConvTrunk(channels=(3,)),
    "head": MLPHead(),
    "task_weights": [1, 9],
    "class_weight": {0: 9.0},
    "missing_label": 3,
    "standardize": False,
    "optimizer": "sgd",
    "lr": 0.02,
    "weight_decay": 5.0,
    "lr_scheduler": "constant",
    "max_epochs": 3,
    "batch_size": 17,
    "early_stopping": True,
    "augment": torch.neg,
    "random_state": 1,
    "net_params": {"optimizer__betas": (0.1, 0.2)},
}


@pytest.mark.parametrize("name", CHANGES)
def test_no_option_is_accepted_and_ignored(name, make, digits):
    y = np.column_stack([digits.digit, digits.digit % 2])
    plain = make().fit(digits.images, y).predict_proba(digits.images)
    changed = make(**{name: CHANGES[name]}).fit(digits.images, y).predict_proba(digits.images)
    assert any(p.shape != q.shape or np.abs(p - q).max() > 1e-6 for p, q in zip(plain, changed, strict=True))


def test_monitor_and_patience_are_not_ignored(make, digits):
    y = np.column_stack([digits.digit, np.random.default_rng(0).integers(0, 2, 120)])
    stop = {"early_stopping": True, "max_epochs": 40, "validation_fraction": 0.3}
    by_monitor = [make(**stop, monitor=t, n_iter_no_change=3).fit(digits.images, y) for t in (0, 1)]
    by_patience = [make(**stop, n_iter_no_change=k).fit(digits.images, y).n_iter_ for k in (1, 8)]
    by_tol = [make(**stop, tol=tol, n_iter_no_change=3).fit(digits.images, y).n_iter_ for tol in (0, 0.5)]
    for t, clf in enumerate(by_monitor):
        assert clf.best_score_ == max(row[f"task{t}_valid_score"] for row in clf.history_)
    assert by_monitor[0].best_score_ != by_monitor[1].best_score_
    assert by_patience[0] < by_patience[1]
    assert by_tol[0] > by_tol[1]


class Third(LossWeighting):
    """Give the first task a third of the second's weight."""

    def weights(self, losses):
        return torch.tensor([1.0, 3.0])


class Broken(LossWeighting):
    def weights(self, losses):
        raise ImportError("no solver")


def test_a_weighting_is_used_and_multiplied_by_the_task_weights(make, digits):
    weighted = make(weighting=Third()).fit(digits.images, digits.codes)
    by_hand = make(task_weights=[1, 3]).fit(digits.images, digits.codes)
    np.testing.assert_allclose(
        weighted.predict_proba(digits.images)[0], by_hand.predict_proba(digits.images)[0], atol=1e-9
    )
    assert weighted.history_[0]["task0_weight"] == pytest.approx(0.5)
    cancelled = make(weighting=Third(), task_weights=[3, 1]).fit(digits.images, digits.codes)
    assert cancelled.history_[0]["task0_weight"] == pytest.approx(1)


def test_a_weighting_that_fails_does_not_become_equal_weights(make, digits):
    with pytest.raises(ImportError, match="no solver"):
        make(weighting=Broken()).fit(digits.images, digits.codes)


def test_a_row_with_one_missing_label_is_not_dropped(make, digits):
    y = digits.codes.astype(float)
    y[:, 1] = np.where(np.arange(120) < 4, y[:, 1], np.nan)
    sizes = []
    clf = make(max_epochs=40, augment=lambda b: sizes.append(len(b)) or b, batch_size=500).fit(digits.images, y)
    assert set(sizes[1:]) == {120}
    assert (clf.predict(digits.images)[:, 0] == digits.digit).mean() > 0.95


def test_every_tasks_gradient_reaches_the_trunk_and_its_own_head_only(fitted, digits):
    module = fitted.net_.module_.train()
    images = torch.from_numpy(digits.images[:16, None].copy()).to(next(module.parameters()).dtype)
    start = 0
    for size in fitted.n_classes_:
        module.zero_grad()
        logits = module(images)
        nn.functional.cross_entropy(logits[:, start : start + size], torch.arange(16) % size).backward()
        assert all(p.grad.abs().sum() > 0 for p in module.trunk.parameters())
        rows = module.heads.linear.weight.grad.abs().sum(dim=1) > 0
        assert rows.nonzero().flatten().tolist() == list(range(start, start + size))
        start += size
    module.zero_grad(set_to_none=True)


def test_softmax_is_the_users_and_logits_are_the_modules(fitted, digits):
    """`net_.module_` gives logits; every probability the estimator gives has been through softmax."""
    for p in fitted.predict_proba(digits.images):
        assert (p >= 0).all()
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)


def test_the_first_task_is_not_special(make, digits):
    """The order of the columns changes neither the number nor the quality of what is learned."""
    swapped = digits.frame[["parity", "digit"]]
    clf = make(max_epochs=15).fit(digits.images, swapped)
    assert clf.task_names_ == ["parity", "digit"]
    assert clf.score(digits.images, swapped) > 0.95
    # Names are read by name, whatever the order of the columns at score or in a later chunk.
    clf.partial_fit(digits.images, digits.frame)
    assert clf.task_names_ == ["parity", "digit"]
