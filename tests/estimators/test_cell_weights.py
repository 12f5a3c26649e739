"""Weights of samples, cells, classes and tasks, by the models they train."""

import numpy as np
import pandas as pd
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from skmtl.nn import ConvTrunk, MLPHead


@pytest.fixture
def full_batch(make):
    """One batch an epoch, so that repeating a row cannot change the composition of the batches."""

    def classifier(**params):
        return make(**{"batch_size": 1000, "max_epochs": 8, **params})

    return classifier


def assert_same_model(a, b, X, tolerance=1e-9):
    for p, q in zip(a.predict_proba(X), b.predict_proba(X), strict=True):
        np.testing.assert_allclose(p, q, rtol=0, atol=tolerance)


def assert_other_model(a, b, X):
    assert max(np.abs(p - q).max() for p, q in zip(a.predict_proba(X), b.predict_proba(X), strict=True)) > 1e-4


def test_integer_sample_weights_are_repeated_rows(full_batch, digits):
    X, y = digits.images[:60], digits.codes[:60]
    weight = np.arange(60) % 3
    weighted = full_batch().fit(X, y, sample_weight=weight)
    repeated = full_batch().fit(np.repeat(X, weight, axis=0), np.repeat(y, weight, axis=0))
    assert_same_model(weighted, repeated, X)
    assert_other_model(weighted, full_batch().fit(X, y), X)


def test_integer_cell_weights_are_repeated_labels(full_batch, digits):
    X, y = digits.images[:60], digits.codes[:60].astype(float)
    weight = np.column_stack([1 + np.arange(60) % 3, 1 + np.arange(60) % 2])
    repeats = weight.max(axis=1)
    rows, copy = np.repeat(np.arange(60), repeats), np.concatenate([np.arange(r) for r in repeats])
    labels = np.where(copy[:, None] < weight[rows], y[rows], np.nan)
    assert_same_model(full_batch().fit(X, y, sample_weight=weight), full_batch().fit(X[rows], labels), X)


def test_a_cell_of_weight_zero_is_a_missing_label(full_batch, digits):
    X, y = digits.images, digits.codes.astype(float)
    weight = np.ones(y.shape)
    weight[::3, 0], weight[1::4, 1] = 0, 0
    labels = np.where(weight > 0, y, np.nan)
    assert_same_model(full_batch().fit(X, y, sample_weight=weight), full_batch().fit(X, labels), X)


def test_the_same_weight_for_every_task_is_a_sample_weight(full_batch, digits):
    weight = 1.0 + np.arange(120) % 4
    flat = full_batch().fit(digits.images, digits.codes, sample_weight=weight)
    for cells in (np.column_stack([weight, weight]), np.column_stack([weight, weight]).tolist()):
        assert_same_model(full_batch().fit(digits.images, digits.codes, sample_weight=cells), flat, digits.images, 0)


def test_a_frame_of_weights_is_read_by_name(full_batch, digits):
    weight = pd.DataFrame({"parity": 1.0 + np.arange(120) % 2, "digit": 1.0 + np.arange(120) % 5})
    swapped = full_batch().fit(digits.images, digits.frame, sample_weight=weight)
    ordered = full_batch().fit(digits.images, digits.frame, sample_weight=weight[["digit", "parity"]])
    assert_same_model(swapped, ordered, digits.images, 0)


def test_only_the_ratios_of_the_weights_matter(full_batch, digits):
    weight = np.column_stack([1.0 + np.arange(120) % 4, 1.0 + np.arange(120) % 3])
    once = full_batch(task_weights=[1, 3]).fit(digits.images, digits.codes, sample_weight=weight)
    scaled = full_batch(task_weights=[10, 30]).fit(digits.images, digits.codes, sample_weight=weight * 7)
    assert_same_model(once, scaled, digits.images)


CLASS_WEIGHTS = {
    "per task, by name": {"digit": {0: 3, 2: 0.5}, "parity": {"odd": 2}},
    "per task, by index": {0: {0: 3, 2: 0.5}, 1: {"odd": 2}},
    "per task, a list": [{0: 3, 2: 0.5}, {"odd": 2}],
    "one mapping of labels": {0: 3, 2: 0.5, "odd": 2},
}


@pytest.mark.parametrize("form", CLASS_WEIGHTS)
def test_class_weights_are_cell_weights_of_the_labels(form, full_batch, digits):
    weighted = full_batch(class_weight=CLASS_WEIGHTS[form]).fit(digits.images, digits.frame)
    cells = np.ones((120, 2))
    cells[digits.digit == 0, 0], cells[digits.digit == 2, 0], cells[digits.digit % 2 == 1, 1] = 3, 0.5, 2
    # The statistics of the images follow the sample weights only, so they are switched off.
    by_hand = full_batch(standardize=False).fit(digits.images, digits.frame, sample_weight=cells)
    weighted.set_params(standardize=False).fit(digits.images, digits.frame)
    assert_same_model(weighted, by_hand, digits.images)


@pytest.mark.parametrize("form", ["balanced", ["balanced", "balanced"], {"digit": "balanced", "parity": "balanced"}])
def test_balanced_counts_labelled_cells_only(form, full_batch, digits):
    y = digits.frame.astype(object)
    y.iloc[:40, 0] = None
    balanced = full_batch(class_weight=form, standardize=False).fit(digits.images, y)
    by_hand = [
        {label: len(known) / (known.nunique() * (known == label).sum()) for label in known.unique()}
        for known in (y["digit"].dropna(), y["parity"])
    ]
    assert_same_model(
        balanced, full_batch(class_weight=by_hand, standardize=False).fit(digits.images, y), digits.images
    )


def test_class_weight_of_a_flat_target(full_batch, digits):
    weighted = full_batch(class_weight={1: 4}).fit(digits.images, digits.digit)
    by_hand = full_batch(class_weight=[{1: 4}]).fit(digits.images, digits.digit[:, None])
    np.testing.assert_array_equal(weighted.predict_proba(digits.images), by_hand.predict_proba(digits.images)[0])


class Start(Callback):
    """Keep the parameters the training starts from."""

    def on_train_begin(self, net, **kwargs):
        self.state_ = {k: v.clone() for k, v in net.module_.state_dict().items()}


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_task_of_weight_zero_keeps_its_initial_head(weight_decay, full_batch, digits):
    clf = full_batch(
        task_weights={"digit": 1, "parity": 0}, head=MLPHead(hidden=(6,)), callbacks=[("start", Start())],
        weight_decay=weight_decay, lr_scheduler="constant", optimizer="adamw",
    ).fit(digits.images, digits.frame)  # fmt: skip
    before, after = dict(clf.net_.callbacks_)["start"].state_, clf.net_.module_.state_dict()
    shrink = (1 - clf.lr * weight_decay) ** clf.n_iter_
    for name in before:
        if name.startswith("heads.others.1"):
            torch.testing.assert_close(after[name], before[name] * shrink, rtol=1e-12, atol=1e-15)
        if name.startswith("heads.others.0"):
            assert not torch.allclose(after[name], before[name] * shrink)
    assert set(clf.predict(digits.images)[:, 1]) <= {"even", "odd"}
    assert clf.history_[-1]["parity_weight"] == 0
    assert clf.history_[-1]["digit_weight"] == 2


class ZeroHead:
    """A linear head that starts from zeros, so that its initial values do not depend on other tasks."""

    def build(self, n_features, n_classes):
        head = nn.Linear(n_features, n_classes)
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
        return head


def test_the_others_train_as_if_the_task_of_weight_zero_were_not_there(full_batch, digits):
    both = full_batch(head=ZeroHead(), task_weights=[5, 0]).fit(digits.images, digits.codes)
    alone = full_batch(head=ZeroHead()).fit(digits.images, digits.codes[:, :1])
    np.testing.assert_allclose(
        both.predict_proba(digits.images)[0], alone.predict_proba(digits.images)[0], rtol=0, atol=1e-9
    )
    # The untrained head says what a head of zeros says.
    np.testing.assert_allclose(both.predict_proba(digits.images)[1], 0.5)


def test_task_weights_by_name_and_position_agree(full_batch, digits):
    by_name = full_batch(task_weights={"parity": 3, "digit": 1}).fit(digits.images, digits.frame)
    by_position = full_batch(task_weights=(1, 3)).fit(digits.images, digits.frame)
    by_array = full_batch(task_weights=np.array([1, 3])).fit(digits.images, digits.frame)
    assert_same_model(by_name, by_position, digits.images, 0)
    assert_same_model(by_name, by_array, digits.images, 0)
    assert_other_model(by_name, full_batch().fit(digits.images, digits.frame), digits.images)
    assert by_name.history_[0]["digit_weight"] == pytest.approx(0.5)
    assert by_name.history_[0]["parity_weight"] == pytest.approx(1.5)


@pytest.mark.parametrize("random_state", range(3))
def test_raising_a_tasks_weight_lowers_its_training_loss(random_state, full_batch):
    """Random labels and few features, so that the tasks compete for what the trunk can hold."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(64, 6, 6)), rng.integers(0, 2, size=(64, 2))
    trunk = ConvTrunk(channels=(4,), hidden=(4,))
    clf = full_batch(trunk=trunk, max_epochs=60, lr=0.03, random_state=random_state)
    first, second = (clf.set_params(task_weights=w).fit(X, y).history_[-1] for w in ([9, 1], [1, 9]))
    assert first["task0_train_loss"] < second["task0_train_loss"] - 0.1
    assert second["task1_train_loss"] < first["task1_train_loss"] - 0.1
