"""What happens around the training: streams, warm starts, early stopping, schedules, callbacks, records, printing."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback, EpochScoring
from torch import nn

from skmtl.exceptions import InterruptedFitWarning
from skmtl.nn import ConvTrunk, MLPHead

CLASSES = {"digit": [0, 1, 2, 3], "parity": ["even", "odd"]}


def parameters(clf):
    return {k: v.clone() for k, v in clf.net_.module_.state_dict().items()}


def same(a, b):
    return all(torch.equal(a[k], b[k]) for k in a)


def test_partial_fit_learns_from_a_stream(make, digits):
    clf = make(lr=0.01)
    for epoch in range(15):
        for start in range(0, 120, 40):
            chunk = slice(start, start + 40)
            classes = CLASSES if epoch == start == 0 else None
            clf.partial_fit(digits.images[chunk], digits.frame[chunk], classes=classes)
    assert clf.score(digits.images, digits.frame) > 0.95
    assert clf.n_iter_ == 45


@pytest.mark.parametrize("classes", [CLASSES, [[3, 2, 1, 0], ["odd", "even"]], {0: range(4), 1: ["even", "odd"]}])
def test_partial_fit_knows_classes_the_chunk_does_not_show(classes, make, digits):
    rows = digits.digit == 2
    clf = make().partial_fit(digits.images[rows], digits.frame[rows], classes=classes)
    np.testing.assert_array_equal(clf.classes_[0], [0, 1, 2, 3])
    np.testing.assert_array_equal(clf.classes_[1], ["even", "odd"])
    assert clf.predict_proba(digits.images)[0].shape == (120, 4)


def test_partial_fit_of_a_flat_target(make, digits):
    clf = make().partial_fit(digits.images[:3], digits.digit[:3], classes=[0, 1, 2, 3])
    np.testing.assert_array_equal(clf.classes_, [0, 1, 2, 3])
    assert clf.partial_fit(digits.images, digits.digit).predict_proba(digits.images).shape == (120, 4)


def test_partial_fit_of_a_chunk_without_labels_of_a_task(make, digits):
    y = digits.frame.astype(object)
    y.loc[:, "parity"] = None
    clf = make(head=MLPHead(hidden=(5,)), weight_decay=0).partial_fit(digits.images, y, classes=CLASSES)
    before = parameters(clf)
    clf.partial_fit(digits.images, y)
    after = parameters(clf)
    # The momentum of Adam is zero too: the task has not had a gradient yet.
    assert all(torch.equal(after[k], before[k]) for k in after if k.startswith("heads.others.1"))
    assert not any(torch.equal(after[k], before[k]) for k in after if k.startswith("heads.others.0"))
    assert all(v.isfinite().all() for v in after.values())


def test_partial_fit_keeps_the_statistics_of_the_first_chunk(make, digits):
    clf = make().partial_fit(digits.images, digits.codes)
    mean = clf.net_.module_.inputs.mean.clone()
    clf.partial_fit(digits.images + 5, digits.codes)
    assert torch.equal(clf.net_.module_.inputs.mean, mean)


def test_partial_fit_rejects_a_chunk_without_any_label(make, digits):
    y = np.full((120, 2), np.nan)
    with pytest.raises(ValueError, match="no labelled row with a positive sample_weight: there is nothing to train on"):
        make().partial_fit(digits.images, y, classes=[[0, 1], [0, 1]])


def test_fit_starts_afresh_and_warm_start_continues(make, digits):
    cold = make(max_epochs=3).fit(digits.images, digits.codes)
    first = parameters(cold)
    assert same(parameters(cold.fit(digits.images, digits.codes)), first)
    warm = make(max_epochs=3, warm_start=True).fit(digits.images, digits.codes)
    assert same(parameters(warm), first)
    loss = warm.history_[-1]["train_loss"]
    warm.set_params(max_epochs=4).fit(digits.images, digits.codes)
    assert warm.n_iter_ == 7
    assert [row["epoch"] for row in warm.history_] == list(range(1, 8))
    assert warm.history_[-1]["train_loss"] < loss
    assert same(parameters(cold), first)


def test_warm_start_follows_new_task_weights_and_rate(make, digits):
    clf = make(warm_start=True, lr_scheduler="constant").fit(digits.images, digits.codes)
    clf.set_params(task_weights=[1, 0], lr=0.5).fit(digits.images, digits.codes)
    assert clf.history_[0]["task1_weight"] == 1
    assert clf.history_[-1]["task1_weight"] == 0
    assert clf.history_[-1]["lr"] == 0.5


@pytest.fixture(scope="module")
def stopped(make, digits):
    """Early stopping on the first task; the second has random labels."""
    y = np.column_stack([digits.digit, np.random.default_rng(0).integers(0, 2, 120)])
    clf = make(early_stopping=True, monitor=0, max_epochs=60, n_iter_no_change=4, validation_fraction=0.25)
    clf.set_params(callbacks=[("held_out", HeldOut())])
    return clf.fit(digits.images, y)


class HeldOut(Callback):
    """Keep the validation images the training was given, and the weights after every epoch."""

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.kept_ = net.train_split(X, y)[1]
        self.states_ = []

    def on_epoch_end(self, net, **kwargs):
        self.states_.append({k: v.clone() for k, v in net.module_.state_dict().items()})


def test_early_stopping_stops_when_the_score_stays(stopped):
    scores = [row["task0_valid_score"] for row in stopped.history_]
    best = int(np.argmax(scores))
    assert stopped.n_iter_ < 60
    assert stopped.n_iter_ == best + 1 + stopped.n_iter_no_change
    assert stopped.best_score_ == max(scores)


def test_best_weights_are_restored(stopped):
    valid = dict(stopped.net_.callbacks_)["held_out"].kept_
    X, codes = valid.images.take(valid.rows), valid.codes
    states = dict(stopped.net_.callbacks_)["held_out"].states_
    best = int(np.argmax([row["task0_valid_score"] for row in stopped.history_]))
    assert same(parameters(stopped), states[best])
    assert not same(parameters(stopped), states[-1])
    assert len(X) == 30
    assert (stopped.predict(X)[:, 0] == codes[:, 0]).mean() == pytest.approx(stopped.best_score_)


def test_monitor_says_which_task_decides(make, digits):
    mean = make(early_stopping=True).fit(digits.images, digits.frame)
    row = mean.history_[int(np.argmax([r["valid_score"] for r in mean.history_]))]
    assert mean.best_score_ == pytest.approx((row["digit_valid_score"] + row["parity_valid_score"]) / 2)
    parity = make(early_stopping=True, monitor="parity").fit(digits.images, digits.frame)
    assert parity.best_score_ == max(r["parity_valid_score"] for r in parity.history_)


def test_early_stopping_with_missing_labels(make, digits):
    y = digits.frame.astype(object)
    y.iloc[::2, 1] = None
    clf = make(early_stopping=True, max_epochs=15).fit(digits.images, y)
    assert clf.best_score_ > 0.8
    assert all(np.isfinite(row["parity_valid_score"]) for row in clf.history_)


def test_validation_samples_are_not_trained_on(make, digits):
    """The score that chose the epoch is of images the network never saw."""
    seen = []
    make(early_stopping=True, augment=lambda b: seen.append(len(b)) or b, max_epochs=1, batch_size=500).fit(
        digits.images, digits.codes
    )
    assert seen == [2, 108]


def test_history_has_the_promised_keys_and_values(make, digits):
    clf = make(max_epochs=3).fit(digits.images, digits.frame)
    expected = {"epoch", "seconds", "lr", "train_loss"}
    expected |= {f"{task}_{kind}" for task in ("digit", "parity") for kind in ("train_loss", "weight")}
    assert isinstance(clf.history_, list)
    for number, row in enumerate(clf.history_, 1):
        assert set(row) == expected
        assert row["epoch"] == number
        assert row["seconds"] > 0
        assert row["digit_weight"] == row["parity_weight"] == 1
        assert row["train_loss"] == pytest.approx((row["digit_train_loss"] + row["parity_train_loss"]) / 2)
    assert clf.history_[0]["digit_train_loss"] == pytest.approx(np.log(4), rel=0.3)
    assert clf.n_iter_ == 3


def test_history_with_validation(make, digits):
    clf = make(early_stopping=True, task_weights=[1, 3]).fit(digits.images, digits.frame)
    for row in clf.history_:
        assert row["valid_loss"] == pytest.approx((row["digit_valid_loss"] + 3 * row["parity_valid_loss"]) / 4)
        assert row["valid_score"] == pytest.approx((row["digit_valid_score"] + row["parity_valid_score"]) / 2)


def test_silent_by_default(make, digits, capsys):
    make(early_stopping=True).fit(digits.images, digits.codes)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("early_stopping", [False, True])
def test_verbose_prints_a_line_an_epoch(early_stopping, make, digits, capsys):
    clf = make(verbose=1, early_stopping=early_stopping).fit(digits.images, digits.frame)
    out, err = capsys.readouterr()
    lines = out.strip().splitlines()
    assert err == ""
    assert len(lines) == 2
    for line, row in zip(lines, clf.history_, strict=True):
        assert line.startswith(f"epoch {row['epoch']}/2  loss {row['train_loss']:.4f}")
        assert f"(digit {row['digit_train_loss']:.4f}, parity {row['parity_train_loss']:.4f})" in line
        assert line.endswith(f"{row['seconds']:.2f} s")
        assert ("valid score" in line) == early_stopping


def test_verbose_2_adds_a_progress_bar(make, digits, capsys):
    make(verbose=2, batch_size=40).fit(digits.images, digits.frame)
    out, err = capsys.readouterr()
    assert out.count("epoch") == 2
    assert "fit" in err
    assert "/6" in err  # three batches, two epochs


OPTIMIZERS = ["sgd", "momentum", "adam", "adamw", torch.optim.RMSprop]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("lr_scheduler", ["constant", "cosine", "one-cycle"])
def test_every_optimizer_and_schedule_learns(optimizer, lr_scheduler, make, digits):
    lr = 0.3 if optimizer == "sgd" else 0.02 if optimizer in ("momentum", "adam", "adamw") else 0.003
    clf = make(optimizer=optimizer, lr_scheduler=lr_scheduler, lr=lr, max_epochs=15, weight_decay=0)
    assert clf.fit(digits.images, digits.codes).score(digits.images, digits.codes) > 0.9


def test_optimizer_settings_arrive(make, digits):
    clf = make(
        optimizer="momentum", weight_decay=0.25, lr=0.125, lr_scheduler="constant",
        net_params={"optimizer__momentum": 0.5, "iterator_train__pin_memory": False},
    ).fit(digits.images, digits.codes)  # fmt: skip
    group = clf.net_.optimizer_.param_groups[0]
    assert type(clf.net_.optimizer_) is torch.optim.SGD
    assert (group["momentum"], group["nesterov"], group["weight_decay"], group["lr"]) == (0.5, True, 0.25, 0.125)


def test_schedules_have_their_shape(make, digits):
    rates = {
        name: [row["lr"] for row in make(lr_scheduler=name, max_epochs=10).fit(digits.images, digits.codes).history_]
        for name in ("constant", "cosine", "one-cycle")
    }
    assert rates["constant"] == [0.01] * 10
    assert rates["cosine"] == sorted(rates["cosine"], reverse=True)
    assert rates["cosine"][-1] < 0.001
    assert rates["one-cycle"][0] < max(rates["one-cycle"]) <= 0.01
    assert rates["one-cycle"][-1] < 0.001


def test_scheduler_class_steps_every_epoch(make, digits):
    clf = make(
        lr_scheduler=torch.optim.lr_scheduler.ExponentialLR, net_params={"lr_scheduler__gamma": 0.5}, max_epochs=3
    ).fit(digits.images, digits.codes)
    assert [row["lr"] for row in clf.history_] == pytest.approx([0.01, 0.005, 0.0025])


def test_plateau_scheduler_reads_the_loss(make, digits):
    clf = make(lr_scheduler=torch.optim.lr_scheduler.ReduceLROnPlateau, net_params={"lr_scheduler__patience": 0})
    assert clf.fit(digits.images, digits.codes).score(digits.images, digits.codes) > 0.2


def test_batch_size(make, digits):
    sizes = []
    make(batch_size=50, max_epochs=1, augment=lambda b: sizes.append(len(b)) or b).fit(digits.images, digits.codes)
    assert sizes == [2, 50, 50, 20]


class Count(Callback):
    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.epochs_ = 0

    def on_epoch_end(self, net, **kwargs):
        self.epochs_ += 1
        self.loss_ = net.history[-1]["digit_train_loss"]
        if self.epochs_ == self.stop_after:
            raise KeyboardInterrupt


@pytest.mark.parametrize("named", [True, False])
def test_callbacks_are_copied_and_read_the_record(named, make, digits):
    given = Count()
    clf = make(callbacks=[("count", given) if named else given]).fit(digits.images, digits.frame)
    own = dict(clf.net_.callbacks_)["count" if named else "Count"]
    assert given.epochs_ == 0
    assert own.epochs_ == 2
    assert own.loss_ == clf.history_[-1]["digit_train_loss"]
    assert clone(clf).fit(digits.images, digits.frame).n_iter_ == 2


def test_interrupt_keeps_the_epochs_done(make, digits):
    clf = make(max_epochs=50, callbacks=[Count(stop_after=12)])
    with pytest.warns(InterruptedFitWarning, match="fit was interrupted after 12 epochs; the model keeps"):
        clf.fit(digits.images, digits.frame)
    assert clf.n_iter_ == 12
    assert clf.score(digits.images, digits.frame) > 0.5


def test_callback_class_of_skorch(make, digits):
    scoring = EpochScoring(lambda net, X, y: 0.5, name="half", on_train=True, use_caching=False)
    clf = make(callbacks=[("half", scoring)]).fit(digits.images, digits.frame)
    assert [row["half"] for row in clf.history_] == [0.5, 0.5]


class Trunk(nn.Module):
    def __init__(self, in_channels=1, width=6):
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, width, 3)

    def forward(self, images):
        return self.convolution(images).relu()


@pytest.mark.parametrize("form", ["class", "instance", "factory"])
def test_own_trunk(form, make, digits):
    trunk = {"class": Trunk, "instance": Trunk(), "factory": lambda image_shape: Trunk(image_shape[0], width=6)}[form]
    clf = make(trunk=trunk, max_epochs=15).fit(digits.images, digits.codes)
    assert clf.net_.module_.trunk.convolution.weight.shape == (6, 1, 3, 3)
    assert clf.score(digits.images, digits.codes) > 0.9


def test_own_trunk_instance_is_never_trained_in_place(make, digits):
    trunk = Trunk()
    before = trunk.convolution.weight.detach().clone()
    clf = make(trunk=trunk).fit(digits.images, digits.codes)
    assert torch.equal(trunk.convolution.weight, before)
    assert not torch.equal(clf.net_.module_.trunk.convolution.weight, before)


def test_heads_per_task(make, digits):
    clf = make(head={"parity": MLPHead(hidden=(9,))}, trunk=ConvTrunk(channels=(2,), hidden=(5,)))
    clf.fit(digits.images, digits.frame)
    shapes = {name: tuple(p.shape) for name, p in clf.net_.module_.heads.named_parameters()}
    assert shapes["linear.weight"] == (4, 5)
    assert shapes["others.0.0.weight"] == (9, 5)
    assert shapes["others.0.2.weight"] == (2, 9)


def test_failed_first_fit_leaves_the_estimator_unfitted(make, digits):
    clf = make(task_weights=[0, 0])
    with pytest.raises(ValueError, match="task_weights are all zero"):
        clf.fit(digits.images, digits.codes)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        clf.predict(digits.images)
