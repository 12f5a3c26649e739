import copy
import pickle
import threading

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, GradientNormClipping
from torch import nn

from skmtl.nn import ConvTrunk, MLPHead
from skmtl.training import RandomStream
from skmtl.weighting import EqualWeighting, LossWeighting


def test_global_state_is_as_it_was():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    with RandomStream(0):
        torch.rand(100)
        torch.manual_seed(3)
    assert torch.equal(torch.rand(3), expected)


def test_global_state_is_as_it_was_after_an_error():
    before = torch.get_rng_state()
    stream = RandomStream(0)

    def draw_and_stop():
        with stream:
            torch.rand(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_and_stop()
    assert torch.equal(torch.get_rng_state(), before)
    with stream:  # and the lock is free
        torch.rand(1)


def test_a_stream_goes_on_where_it_was():
    torch.manual_seed(11)
    expected = torch.rand(4)
    stream, got = RandomStream(11), []
    for _ in range(4):
        with stream:
            got.append(torch.rand(1))
        torch.rand(5)
    # Uneven pieces of torch.rand agree with one call, as long as each draws less than 16 numbers.
    assert torch.equal(torch.cat(got), expected)


def test_nested_streams():
    alone = []
    for seed in (1, 2):
        with RandomStream(seed):
            alone.append(torch.rand(2))
    outer, inner = RandomStream(1), RandomStream(2)
    with outer:
        first = torch.rand(1)
        with inner:
            second = torch.rand(1)
            with inner:
                third = torch.rand(1)
        last = torch.rand(1)
    assert torch.equal(torch.cat([first, last]), alone[0])
    assert torch.equal(torch.cat([second, third]), alone[1])


def draws(seed, barrier=None, rounds=30):
    stream, out = RandomStream(seed), []
    for _ in range(rounds):
        if barrier is not None:
            barrier.wait(timeout=20)
        with stream:
            out.append(torch.nn.functional.dropout(torch.ones(50), 0.5))
    return torch.stack(out)


def test_interleaved_streams_in_threads_equal_running_alone():
    alone = [draws(seed) for seed in (1, 2, 3)]
    before = torch.get_rng_state()
    together, barrier = [None] * 3, threading.Barrier(3)

    def work(i):
        together[i] = draws(i + 1, barrier)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_copies_go_on_alike(duplicate):
    stream = RandomStream(5)
    with stream:
        torch.rand(3)
    twin = duplicate(stream)
    with stream:
        expected = torch.rand(3)
    with twin:
        assert torch.equal(torch.rand(3), expected)


def test_fit_and_predict_leave_the_global_generator_alone(small, digits):
    before = torch.get_rng_state()
    small(trunk="cnn", early_stopping=True).fit(*digits).predict(digits[0])
    assert torch.equal(torch.get_rng_state(), before)


class OwnLayer(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        self.layer = nn.Linear(64 * in_channels, 4)

    def forward(self, x):
        return self.layer(x.flatten(1))


class Noisy(OwnLayer):
    def forward(self, x):
        return super().forward(x) + torch.rand(1)


class OwnWeighting(LossWeighting):
    def weights(self, losses):
        return torch.ones_like(losses)


class Changing(EqualWeighting):
    constant = False


class OwnOptimizer(torch.optim.SGD):
    pass


class OnGradients(Callback):
    def on_grad_computed(self, net, **kwargs):
        pass


class OnBatches(Callback):
    def on_batch_begin(self, net, **kwargs):
        pass


def with_hook(name):
    layer = nn.Linear(64, 4)
    getattr(layer, name)(lambda *args: None)
    return nn.Sequential(nn.Flatten(), layer)


def small_trunk(**params):
    return ConvTrunk(channels=(2,), hidden=(8,), **params)


QUIET = {
    "default": {},
    "normalisation": {"trunk": small_trunk(normalization="batch", kernel_size=2)},
    "averages": {"trunk": small_trunk(max_map_size=2)},
    "uneven averages": {"trunk": small_trunk(max_map_size=3)},
    "hidden layers of heads": {"head": {0: MLPHead((4,)), 1: "linear"}},
    "own trunk of known layers": {"trunk": nn.Sequential(nn.Flatten(), nn.Linear(64, 4))},
    "PyTorch's optimiser": {"optimizer": torch.optim.RMSprop},
    "task weights": {"task_weights": [1, 3]},
    "skorch's callback": {"callbacks": [GradientNormClipping(1.0)]},
    "callback around steps": {"callbacks": [OnBatches()]},
    "early stopping": {"early_stopping": True},
}
RANDOM = {
    "dropout": {"trunk": small_trunk(dropout=0.5)},
    "dropout of a head": {"head": {0: MLPHead((4,), dropout=0.5), 1: "linear"}},
    "augment": {"augment": lambda batch: batch},
    "own layer": {"trunk": OwnLayer},
    "own layer inside": {"trunk": nn.Sequential(OwnLayer(1), nn.ReLU())},
    "dropout layer inside": {"trunk": nn.Sequential(nn.Flatten(), nn.Dropout(0.1))},
    "hook": {"trunk": with_hook("register_forward_hook")},
    "hook before": {"trunk": with_hook("register_forward_pre_hook")},
    "own weighting": {"weighting": OwnWeighting()},
    "weighting that changes": {"weighting": Changing()},
    "own optimiser": {"optimizer": OwnOptimizer},
    "callback inside steps": {"callbacks": [OnGradients()]},
}


def takes_its_stream(clf):
    if clf.net_.randomness_ is clf.net_.random_stream:
        return True
    assert not isinstance(clf.net_.randomness_, RandomStream)
    return False


@pytest.mark.parametrize("params", QUIET.values(), ids=QUIET)
def test_steps_without_randomness_take_no_stream(monkeypatch, small, digits, params):
    clf = small(**params).fit(*digits)
    assert not takes_its_stream(clf)
    monkeypatch.setattr("skmtl.training._net.no_randomness", lambda net: None)
    always = small(**params).fit(*digits)
    assert takes_its_stream(always)
    for a, b in zip(clf.predict_proba(digits[0]), always.predict_proba(digits[0]), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("params", RANDOM.values(), ids=RANDOM)
def test_steps_that_may_draw_take_the_stream(small, digits, params):
    assert takes_its_stream(small(max_epochs=1, **params).fit(*digits))


def test_every_fit_looks_anew(small, digits):
    clf = small(warm_start=True, max_epochs=1).fit(*digits)
    assert not takes_its_stream(clf)
    assert takes_its_stream(clf.set_params(augment=lambda batch: batch).fit(*digits))
    assert not takes_its_stream(clf.set_params(augment=None).fit(*digits))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_noisy_trunk_leaves_the_global_generator_alone(small, digits, early_stopping):
    before = torch.get_rng_state()
    fits = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        inside = torch.get_rng_state()
        fits.append(small(trunk=Noisy, early_stopping=early_stopping).fit(*digits))
        assert torch.equal(torch.get_rng_state(), inside)
    torch.set_rng_state(before)
    assert [row["train_loss"] for row in fits[0].history_] == [row["train_loss"] for row in fits[1].history_]
    if early_stopping:
        assert [row["valid_loss"] for row in fits[0].history_] == [row["valid_loss"] for row in fits[1].history_]


def test_what_a_callback_draws_inside_steps_is_the_seeds(small, digits):
    class Noise(Callback):
        def on_grad_computed(self, net, **kwargs):
            for p in net.module_.parameters():
                p.grad += torch.randn_like(p)

    losses = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        losses.append([row["train_loss"] for row in small(callbacks=[Noise()]).fit(*digits).history_])
    assert losses[0] == losses[1]
