import copy
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, EarlyStopping

from skmtl.exceptions import InterruptedFitWarning
from skmtl.nn import ConvTrunk, MultiTaskLoss
from skmtl.weighting import LossWeighting


class Remember(LossWeighting):
    """Weights 1, 2, ... in any scale; remembers how often it was asked."""

    def __init__(self, scale=1.0):
        self.scale = scale

    def weights(self, losses):
        assert not losses.requires_grad
        self.steps_ = getattr(self, "steps_", 0) + 1
        self.losses_ = losses.clone()
        return self.scale * torch.arange(1.0, len(losses) + 1)


class StopIn(Callback):
    """Ctrl-C in an epoch counted from 1."""

    def __init__(self, epoch, batch=1):
        self.epoch = epoch
        self.batch = batch

    def on_epoch_begin(self, net, **kwargs):
        self.batches_ = 0

    def on_batch_begin(self, net, training=False, **kwargs):
        self.batches_ += 1
        if net.history[-1, "epoch"] == self.epoch and self.batches_ == self.batch:
            raise KeyboardInterrupt


def loss_of(clf, X, y):
    """The net's own training loss of one whole batch."""
    net = clf.net_
    logits = net.module_.eval()(torch.from_numpy(X.copy())[:, None])
    codes = torch.from_numpy(y.copy())
    weights = torch.ones_like(codes, dtype=logits.dtype)
    return net.get_loss(logits, (codes, weights), training=True), logits, codes, weights


@pytest.mark.parametrize(
    ("weighting", "task_weights", "expected"),
    [
        ("equal", None, [1, 1]),
        ("equal", [2, 6], [0.5, 1.5]),
        (Remember(), None, [2 / 3, 4 / 3]),
        (Remember(scale=100.0), None, [2 / 3, 4 / 3]),
        (Remember(), [3, 1], [6 / 5, 4 / 5]),  # (1 * 3, 2 * 1) / 2.5
        (Remember(), [0, 5], [0, 2]),
    ],
)
def test_loss_is_the_mean_of_weighted_task_losses(small, digits, weighting, task_weights, expected):
    clf = small(max_epochs=1, weighting=weighting, task_weights=task_weights).fit(*digits)
    loss, logits, codes, weights = loss_of(clf, *digits)
    losses = MultiTaskLoss([10, 2])(logits, codes, weights)
    torch.testing.assert_close(loss, (torch.tensor(expected).to(losses) * losses).mean())
    row = clf.history_[0]
    assert [row["task0_weight"], row["task1_weight"]] == pytest.approx(expected)


def test_neither_tasks_nor_scale_change_what_lr_means(small, digits):
    X, y = digits
    one = small().fit(X, y[:, :1])
    twice = small(task_weights=[7, 7], head="linear").fit(X, y[:, [0, 0]])
    assert one.history_[0]["task0_weight"] == twice.history_[0]["task0_weight"] == 1
    half = small(task_weights=[0.1, 0.3]).fit(X, y)
    full = small(task_weights=[1, 3]).fit(X, y)
    np.testing.assert_allclose(half.predict_proba(X)[0], full.predict_proba(X)[0], rtol=1e-9)


def test_a_task_of_weight_zero_is_not_trained_but_predicted(small, digits):
    X, y = digits
    clf = small(task_weights=[1, 0], weight_decay=0).fit(X, y)
    start = small(task_weights=[1, 0], weight_decay=0, lr=1e-12).fit(X, y)
    heads = [c.net_.module_.heads.linear.weight.detach() for c in (clf, start)]
    torch.testing.assert_close(heads[0][10:], heads[1][10:], rtol=0, atol=1e-10)
    assert not torch.allclose(heads[0][:10], heads[1][:10])
    assert clf.predict(X).shape == y.shape


class Nothing(LossWeighting):
    def weights(self, losses):
        return torch.zeros_like(losses)


def test_weights_that_are_all_zero_teach_nothing(small, digits):
    clf = small(weighting=Nothing(), weight_decay=0).fit(*digits)
    assert clf.history_[0]["train_loss"] == 0
    assert all(np.isfinite(p).all() for p in clf.predict_proba(digits[0]))


def test_weighting_state_is_private_saved_and_continued(small, digits):
    spec = Remember()
    clf = small(weighting=spec, warm_start=True).fit(*digits)
    assert not hasattr(spec, "steps_")
    assert clf.net_.weighting.steps_ == 6  # 2 epochs of 3 batches
    loaded = pickle.loads(pickle.dumps(clf))
    assert loaded.net_.weighting.steps_ == 6
    assert torch.equal(loaded.net_.weighting.losses_, clf.net_.weighting.losses_)
    loaded.fit(*digits)
    assert (loaded.net_.weighting.steps_, clf.net_.weighting.steps_) == (12, 6)


def test_weighting_parameters_stay_out_of_the_optimiser(small, digits):
    net = small(weighting=Remember()).fit(*digits).net_
    trained = sum(p.numel() for g in net.optimizer_.param_groups for p in g["params"])
    assert trained == sum(p.numel() for p in net.module_.parameters())


def test_own_trunk_instance_is_not_trained_in_place(small, digits):
    trunk = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 5))
    before = copy.deepcopy(trunk.state_dict())
    clf = small(trunk=trunk, lr=0.1).fit(*digits)
    assert all(torch.equal(v, before[k]) for k, v in trunk.state_dict().items())
    assert not torch.equal(clf.net_.module_.trunk[1].weight, trunk[1].weight)
    assert clf.trunk is trunk


def test_missing_labels_in_whole_batches(small, digits):
    X, y = digits
    y = y.astype(float)
    y[4:, 1] = np.nan  # most batches of 5 lack a label of task 1
    clf = small(batch_size=5, max_epochs=3).fit(X, y)
    assert all(np.isfinite(list(row.values())).all() for row in clf.history_)
    assert all(np.isfinite(p).all() for p in clf.predict_proba(X))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_ctrl_c_keeps_the_epochs_done(small, digits, early_stopping):
    X, y = digits
    params = {"max_epochs": 6, "early_stopping": early_stopping, "validation_fraction": 0.3}
    with pytest.warns(InterruptedFitWarning, match="interrupted after 2 epochs; the model keeps"):
        clf = small(callbacks=[StopIn(3)], **params).fit(X, y)
    assert clf.n_iter_ == len(clf.history_) == 2
    # Nothing was trained in the third epoch: it broke off before its first batch.
    whole = small(lr_scheduler="constant", callbacks=[StopIn(3)], **params)
    with pytest.warns(InterruptedFitWarning):
        whole.fit(X, y)
    assert whole.predict(X).shape == y.shape
    if not early_stopping:
        two = small(lr_scheduler="constant", max_epochs=2).fit(X, y)
        np.testing.assert_allclose(whole.predict_proba(X)[0], two.predict_proba(X)[0], rtol=1e-12)


def test_ctrl_c_restores_the_best_weights(small, digits):
    params = {"early_stopping": True, "validation_fraction": 0.3, "lr_scheduler": "constant"}
    with pytest.warns(InterruptedFitWarning):
        stopped = small(callbacks=[StopIn(3, batch=2)], max_epochs=6, **params).fit(*digits)
    two = small(max_epochs=2, **params).fit(*digits)
    assert stopped.best_score_ == two.best_score_ == max(row["valid_score"] for row in stopped.history_)
    np.testing.assert_array_equal(stopped.predict_proba(digits[0])[0], two.predict_proba(digits[0])[0])


def test_ctrl_c_inside_a_step(small, digits):
    calls = []

    def augment(batch):
        calls.append(len(batch))
        if len(calls) == 9:  # a trial call, then 3 batches an epoch: the second batch of epoch 3
            raise KeyboardInterrupt
        return batch

    before = torch.get_rng_state()
    with pytest.warns(InterruptedFitWarning, match="after 2 epochs"):
        clf = small(augment=augment, max_epochs=5).fit(*digits)
    assert torch.equal(torch.get_rng_state(), before)
    assert clf.n_iter_ == 2
    assert clf.score(*digits) >= 0


@pytest.mark.parametrize("early_stopping", [False, True])
def test_ctrl_c_in_the_first_epoch(small, digits, early_stopping):
    with pytest.warns(InterruptedFitWarning, match="after 0 epochs"):
        clf = small(callbacks=[StopIn(1, batch=2)], early_stopping=early_stopping).fit(*digits)
    assert clf.n_iter_ == 0
    assert clf.predict(digits[0]).shape == digits[1].shape


def test_fit_can_go_on_after_ctrl_c(small, digits):
    clf = small(callbacks=[StopIn(2)], warm_start=True, max_epochs=3)
    with pytest.warns(InterruptedFitWarning):
        clf.fit(*digits)
    clf.set_params(callbacks=None).fit(*digits)
    assert clf.n_iter_ == 4
    assert [row["epoch"] for row in clf.history_] == [1, 2, 3, 4]


def test_stopping_early_is_no_interruption(small, digits):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        own = EarlyStopping("train_loss", patience=2, threshold=100, threshold_mode="abs", sink=lambda *a: None)
        assert small(callbacks=[own], max_epochs=9).fit(*digits).n_iter_ == 3
        clf = small(early_stopping=True, n_iter_no_change=2, tol=5, max_epochs=9).fit(*digits)
    assert clf.n_iter_ == 3


def test_validation_images_do_not_travel_with_the_model(small, digits):
    clf = small(early_stopping=True).fit(*digits)
    assert clf.net_.train_split is None
    big = np.concatenate([digits[0]] * 40)
    y = np.concatenate([digits[1]] * 40)
    sizes = [len(pickle.dumps(small(early_stopping=True, max_epochs=1).fit(*d))) for d in (digits, (big, y))]
    assert sizes[1] - sizes[0] < big.nbytes / 20


def test_fits_in_threads_equal_fits_alone(small, digits):
    def fit(seed):
        trunk = ConvTrunk(channels=(2,), hidden=(8,), dropout=0.5)
        return small(trunk=trunk, random_state=seed, max_epochs=4).fit(*digits).predict_proba(digits[0])[0]

    alone = [fit(seed) for seed in (0, 1)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(fit, (0, 1)))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


def test_same_seed_same_training(small, digits):
    a, b = (small(trunk="cnn").fit(*digits).predict_proba(digits[0])[0] for _ in range(2))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, small(trunk="cnn", random_state=1).fit(*digits).predict_proba(digits[0])[0])


def test_an_own_trunk_in_evaluation_mode_is_trained_in_training_mode(small, digits):
    modes = []

    class Trunk(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 5), torch.nn.BatchNorm1d(5))

        def forward(self, x):
            modes.append((len(x), self.training, self.layers[2].training))
            return self.layers(x)

    trunk = Trunk().eval()
    clf = small(trunk=trunk, max_epochs=1).fit(*digits)
    assert [mode for mode in modes if mode[0] == 20] == [(20, True, True)] * 3
    assert not torch.equal(clf.net_.module_.trunk.layers[2].running_mean, trunk.layers[2].running_mean)
    assert not trunk.training


def test_a_failed_fit_leaves_predictions_in_float32_as_they_were(small, digits):
    X, y = digits
    clf = small(precision="float32", warm_start=True).fit(X, y)
    before = clf.predict_proba(X)

    def fail(batch):
        fail.calls += 1
        if fail.calls > 4:
            raise RuntimeError("augment broke")
        return batch

    fail.calls = 0
    with pytest.raises(RuntimeError, match="augment broke"):
        clf.set_params(augment=fail).fit(X, y)
    assert all(np.array_equal(a, b) for a, b in zip(before, clf.predict_proba(X), strict=True))
