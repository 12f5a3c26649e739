import math

import torch

from skmtl.training._meter import EpochMeter


def test_means_over_uneven_batches():
    meter = EpochMeter()
    meter.add("loss", torch.tensor([3.0, 12.0]), 3)
    meter.add("loss", torch.tensor([5.0, 8.0]), 1)
    meter.add("weight", 2.0, 1)
    assert meter.flush() == {"loss": [2.0, 5.0], "weight": 2.0}


def test_flush_forgets():
    meter = EpochMeter()
    meter.add("loss", torch.tensor(2.0), 2)
    meter.flush()
    assert meter.flush() == {}
    meter.add("loss", torch.tensor(3.0), 1)
    assert meter.flush() == {"loss": 3.0}


def test_nothing_counted_is_nan():
    meter = EpochMeter()
    meter.add("score", torch.tensor(0), torch.tensor(0))
    assert math.isnan(meter.flush()["score"])


def test_counts_may_be_tensors():
    meter = EpochMeter()
    meter.add("score", torch.tensor(1), torch.tensor(2))
    meter.add("score", torch.tensor(0), torch.tensor(0))
    meter.add("score", torch.tensor(2), torch.tensor(2))
    assert meter.flush()["score"] == 0.75


def test_a_score_is_exact():
    meter = EpochMeter()
    meter.add("score", torch.tensor(4), torch.tensor(9))
    assert meter.flush()["score"] == 4 / 9


def test_epoch_losses_are_means_over_samples(small, digits):
    X, y = digits
    # One frozen epoch: the learning rate is too small to move anything.
    clf = small(max_epochs=1, batch_size=16, lr=1e-12, weight_decay=0, lr_scheduler="constant").fit(X, y)
    row = clf.history_[0]
    for t, proba in enumerate(clf.predict_log_proba(X)):
        mean = -proba[range(len(y)), y[:, t]].mean()
        assert math.isclose(row[f"task{t}_train_loss"], mean, rel_tol=1e-6)
    assert math.isclose(row["train_loss"], (row["task0_train_loss"] + row["task1_train_loss"]) / 2, rel_tol=1e-9)
