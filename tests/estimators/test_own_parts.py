"""Callbacks, trunks, heads and augmentation of the user's meet what is fast inside."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, Checkpoint, EpochScoring, ProgressBar, TrainEndCheckpoint
from torch import nn

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.nn import ConvTrunk


@pytest.fixture(scope="module")
def data():
    return load_two_digits(120, return_X_y=True)


def fit(data, trunk=None, **params):
    trunk = ConvTrunk(channels=(3,), hidden=(8,)) if trunk is None else trunk
    return MultiTaskCNNClassifier(trunk, **({"max_epochs": 2, "random_state": 0} | params)).fit(*data)


class Between(nn.Sequential):
    def forward(self, x):
        return self[1](self[0](x).relu()).mean((2, 3))


class BetweenSpec:
    def build(self, image_shape):
        return Between(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4))


def test_a_spec_of_the_users_own_predicts_what_its_module_says(data):
    clf = fit(data, BetweenSpec(), max_epochs=5, lr=0.05, precision="float32")
    with torch.no_grad():
        logits = clf.net_.module_.eval()(torch.as_tensor(data[0][:, None])).split(clf.n_classes_, dim=1)
    for z, proba in zip(logits, clf.predict_proba(data[0]), strict=True):
        np.testing.assert_allclose(proba, z.softmax(1), atol=1e-5)


@pytest.mark.parametrize("kind", [Checkpoint, TrainEndCheckpoint, ProgressBar, EpochScoring])
def test_skorchs_callbacks(data, kind, tmp_path, capsys):
    params = {
        Checkpoint: {"monitor": None, "dirname": tmp_path},
        TrainEndCheckpoint: {"dirname": tmp_path},
        ProgressBar: {},
        EpochScoring: {"scoring": lambda net, X, y: 0.5, "name": "mine"},
    }[kind]
    clf = fit(data, callbacks=[kind(**params)], early_stopping=kind is EpochScoring)
    if kind in (Checkpoint, TrainEndCheckpoint):
        assert (tmp_path / ("train_end_params.pt" if kind is TrainEndCheckpoint else "params.pt")).exists()
    if kind is EpochScoring:
        assert [row["mine"] for row in clf.net_.history] == [0.5, 0.5]


class Modes(Callback):
    """Sets a part of the network to evaluation at an epoch's end, and notes how it trains."""

    def __init__(self):
        self.modes = set()

    def on_grad_computed(self, net, **kwargs):
        self.modes.add(net.module_.trunk.training)

    def on_epoch_end(self, net, **kwargs):
        net.module_.trunk.eval()


def test_a_callback_that_sets_a_part_to_evaluation_does_so_for_itself(data):
    clf = fit(data, callbacks=[("modes", Modes())], max_epochs=3)
    assert dict(clf.net_.callbacks_)["modes"].modes == {True}


def test_a_callback_whose_method_is_an_attribute_of_its_own_is_called(data):
    class Counting(Callback):
        def initialize(self):
            self.calls = 0
            self.on_batch_end = self.count
            return self

        def count(self, net, training, **kwargs):
            self.calls += training

    clf = fit(data, callbacks=[("counting", Counting())], batch_size=40)
    assert dict(clf.net_.callbacks_)["counting"].calls == 2 * 3


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_augment_computes_in_float32(data, precision):
    seen = set()

    def augment(batch):
        product = batch.flatten(1) @ torch.eye(batch[0].numel())
        seen.update([batch.dtype, product.dtype])
        return product.view(batch.shape)

    fit(data, augment=augment, precision=precision)
    assert seen == {torch.float32}


class Remembering(nn.Module):
    def __init__(self, n_features, n_classes):
        super().__init__()
        self.linear, self.last = nn.Linear(n_features, n_classes), None

    def forward(self, x):
        if not self.training:
            self.last = x.mean(0)
        return self.linear(x) if self.last is None else self.linear(x) + 0.1 * self.linear(self.last)


class RememberingSpec:
    def build(self, n_features, n_classes):
        return Remembering(n_features, n_classes)


def test_a_head_that_keeps_a_tensor_of_predictions_trains_on(data):
    clf = fit(data, head=RememberingSpec(), warm_start=True, precision="float32")
    clf.predict(data[0])
    assert len(clf.fit(*data).history_) == 4


def test_features_that_a_hook_takes_from_predictions_can_be_trained_on(data):
    clf = fit(data, precision="float32")
    taken = []
    handle = clf.net_.module_.trunk.register_forward_hook(lambda layer, args, out: taken.append(out))
    clf.predict(data[0])
    handle.remove()
    weight = torch.zeros(8, requires_grad=True)
    (taken[0] @ weight).sum().backward()
    assert weight.grad.abs().sum() > 0


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("context", ["no_grad", "inference_mode", "autocast"])
def test_the_callers_context_changes_nothing(data, context, precision):
    expected = fit(data, precision=precision).predict_proba(data[0])
    with torch.autocast("cpu", torch.bfloat16) if context == "autocast" else getattr(torch, context)():
        clf = fit(data, precision=precision)
        inside = clf.predict_proba(data[0])
    for p, q, r in zip(expected, inside, clf.predict_proba(data[0]), strict=True):
        np.testing.assert_array_equal(p, q)
        np.testing.assert_array_equal(p, r)


class OtherDtype(nn.Module):
    def __init__(self, dtype):
        super().__init__()
        self.linear, self.dtype = nn.Linear(128, 8), dtype

    def forward(self, x):
        return self.linear(x.flatten(1)).to(self.dtype)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_a_trunk_whose_features_are_of_another_dtype(data, dtype):
    clf = fit(data, trunk=OtherDtype(dtype), precision="float32")
    assert np.isfinite(clf.history_[-1]["train_loss"])
    assert clf.predict(data[0]).shape == data[1].shape


def test_a_net_pickled_in_the_middle_of_a_fit_has_no_validation_images(data, tmp_path):
    np.save(tmp_path / "x.npy", data[0])
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    checkpoint = Checkpoint(f_pickle="net.pkl", dirname=tmp_path, monitor=None)
    fit((mapped, data[1]), early_stopping=True, callbacks=[checkpoint])
    assert (tmp_path / "net.pkl").stat().st_size < 200_000


def noise(layer, args):
    return (args[0] + torch.randn_like(args[0]),) if layer.training else None


class NoisyHeads(Callback):
    def on_train_begin(self, net, **kwargs):
        net.module_.heads.register_forward_pre_hook(noise)


class NoisyFromTheFirstEpoch(Callback):
    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 1:
            net.module_.heads.linear.register_forward_pre_hook(noise)


class NoisyGradient(Callback):
    def on_train_begin(self, net, **kwargs):
        net.module_.heads.linear.weight.register_hook(lambda gradient: gradient + torch.randn_like(gradient))


@pytest.mark.parametrize("callback", [NoisyHeads, NoisyFromTheFirstEpoch, NoisyGradient])
def test_noise_that_a_callback_hooks_in_is_seeded_too(data, callback):
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        clf = fit(data, callbacks=[callback()])
        assert torch.initial_seed() == seed
        assert torch.equal(torch.rand(2), torch.rand(2, generator=torch.Generator().manual_seed(seed)))
        found.append([p.detach().clone() for p in clf.net_.module_.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_a_layer_whose_forward_was_replaced_predicts_by_it(data):
    clf = fit(data, trunk=nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten()), precision="float32")
    clf.net_.module_.trunk[1].forward = torch.tanh
    with torch.no_grad():
        logits = clf.net_.module_.eval()(torch.as_tensor(data[0][:, None])).split(clf.n_classes_, dim=1)
    np.testing.assert_allclose(clf.predict_proba(data[0])[0], logits[0].softmax(1), atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_torchscript_trains_as_the_module_it_is_made_of(data):
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(336, 8))
    script = torch.jit.script(plain)
    before = script.state_dict()["4.weight"].clone()
    expected, clf = fit(data, plain), fit(data, script)
    for p, q in zip(clf.predict_proba(data[0]), expected.predict_proba(data[0]), strict=True):
        np.testing.assert_allclose(p, q, atol=1e-5)
    assert torch.equal(script.state_dict()["4.weight"], before)
    assert not torch.equal(clf.net_.module_.trunk.state_dict()["4.weight"], before)
