import math

import numpy as np
import torch

from skmtl.training._meter import EpochMeter


def test_means_over_uneven_batches():
    meter = EpochMeter()
    meter.add("loss", torch.tensor([1.0, 4.0]), 3)
    meter.add("loss", torch.tensor([5.0, 8.0]), 1)
    meter.add("weight", torch.tensor(2.0), 1)
    assert meter.flush() == {"loss": [2.0, 5.0], "weight": 2.0}


def test_a_long_epoch_of_float32_losses_keeps_its_last_batches():
    meter = EpochMeter()
    meter.add("loss", torch.tensor(1.0), 2**25)
    for _ in range(100):
        meter.add("loss", torch.tensor(0.25), 1)
    assert meter.flush()["loss"] == (2**25 + 25) / (2**25 + 100)


def test_what_was_added_may_change_afterwards():
    meter, losses = EpochMeter(), torch.tensor([1.0])
    meter.add("loss", losses, 2)
    losses.fill_(7)
    assert meter.flush() == {"loss": [1.0]}


def test_flush_forgets():
    meter = EpochMeter()
    meter.add("loss", torch.tensor(2.0), 2)
    assert meter.flush() == {"loss": 2.0}
    assert meter.flush() == {}
    meter.add("loss", torch.tensor(3.0), 1)
    assert meter.flush() == {"loss": 3.0}


def test_nothing_counted_is_nan():
    meter = EpochMeter()
    meter.add_share("score", torch.tensor(0), torch.tensor(0))
    assert math.isnan(meter.flush()["score"])


def test_counts_may_be_tensors():
    meter = EpochMeter()
    meter.add_share("score", torch.tensor(1), torch.tensor(2))
    meter.add_share("score", torch.tensor(0), torch.tensor(0))
    meter.add_share("score", torch.tensor(2), torch.tensor(2))
    assert meter.flush()["score"] == 0.75


def test_a_score_is_exact():
    meter = EpochMeter()
    meter.add_share("score", torch.tensor(4), torch.tensor(9))
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


def test_conflicts_of_the_task_gradients():
    meter = EpochMeter()
    meter.add_conflicts(torch.tensor([[4.0, -2.0, 0.0], [-2.0, 4.0, 0.0], [0.0, 0.0, 0.0]]))
    meter.add_conflicts(torch.tensor([[1.0, 1.0, -3.0], [1.0, 4.0, 0.0], [-3.0, 0.0, 9.0]]))
    # Overflowed: no pair of it counts.
    meter.add_conflicts(torch.full((3, 3), torch.inf))
    found = meter.flush()
    # Cosines of (0, 1): -1/2 and 1/2; of (0, 2): -1 in the second step only; of (1, 2): 0 there.
    np.testing.assert_allclose(found["gradient_cosine"], [[1, 0, -1], [0, 1, 0], [-1, 0, 1]])
    np.testing.assert_allclose(found["gradient_conflict"], [[0, 0.5, 1], [0.5, 0, 0], [1, 0, 0]])
    assert found["conflict_rate"] == 2 / 4  # of the four pairs that were known in a step


def test_conflicts_of_a_pair_never_known():
    meter = EpochMeter()
    meter.add_conflicts(torch.diag(torch.tensor([4.0, 0.0])))
    found = meter.flush()
    assert found["gradient_cosine"][0][0] == 1
    assert np.isnan(found["gradient_cosine"][0][1])
    assert np.isnan(found["conflict_rate"])
