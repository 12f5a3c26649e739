"""What a step for one task does to the others, measured without a trace in the training."""

import copy

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn
from torch.nn import functional as F

from skmtl import MultiTaskCNNClassifier
from skmtl.exceptions import InterruptedFitWarning
from skmtl.nn import ConvTrunk
from skmtl.training import TaskProbe, _look_ahead

NORMALISED = ConvTrunk(channels=(2,), hidden=(8,), normalization="batch", dropout=0.3)


class Witness(Callback):
    """Keeps what the network was before every training batch, and the batch."""

    def on_train_begin(self, net, **kwargs):
        self.seen = []

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        if training:
            lr = {name: _lr(net, p) for name, p in net.module_.trunk.named_parameters()}
            self.seen.append((copy.deepcopy(net.module_), net.input_of, batch, lr))


def _lr(net, parameter):
    return next(g["lr"] for g in net.optimizer_.param_groups if any(parameter is p for p in g["params"]))


def losses(module, input_of, batch):
    images, (codes, *weights) = batch
    weights = weights[0] if weights else torch.ones(codes.shape)
    logits = module(images, input_of).double().split(module.heads.n_classes, 1)
    cells = [
        F.cross_entropy(part, c, ignore_index=-1, reduction="none") for part, c in zip(logits, codes.T, strict=True)
    ]
    return torch.stack([(w * cell).mean() for w, cell in zip(weights.T, cells, strict=True)])


def by_hand(module, input_of, batch, lr, n_tasks=2):
    """Return the matrix of one batch, in the plainest way."""
    before, matrix = losses(copy.deepcopy(module), input_of, batch), torch.zeros(n_tasks, n_tasks)
    for i in range(n_tasks):
        moved = copy.deepcopy(module)
        named = {k: p for k, p in moved.trunk.named_parameters() if p.requires_grad}
        gradients = torch.autograd.grad(losses(moved, input_of, batch)[i], list(named.values()), allow_unused=True)
        with torch.no_grad():
            for (name, p), g in zip(named.items(), gradients, strict=True):
                if g is not None:
                    p -= lr[name] * g
            matrix[i] = 1 - losses(moved, input_of, batch) / before
    return matrix.numpy()


def probed(clf, X, y, sample_weight=None, **options):
    """Return the fitted estimator, its probe and its witness."""
    clf.set_params(callbacks=[("witness", Witness()), ("probe", TaskProbe(**options))]).fit(X, y, sample_weight)
    callbacks = dict(clf.net_.callbacks_)
    return clf, callbacks["probe"], callbacks["witness"]


def state(clf):
    net = clf.net_
    history = [{k: v for k, v in row.items() if k != "seconds"} for row in clf.history_]
    return net.module_.state_dict(), net.optimizer_.state_dict(), net.random_stream.state, history


def noisy(images):
    return images + 0.1 * torch.randn_like(images)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"augment": noisy, "early_stopping": True, "validation_fraction": 0.3},
        {"precision": "bfloat16", "weighting": "pcgrad"},
        {"sharing": "mmoe", "task_weights": [1, 3]},
        {"sharing": "cross-stitch", "weighting": "famo"},
        {"trunk": ConvTrunk(channels=(2,), hidden=(8,)), "optimizer": "momentum"},
    ],
    ids=lambda params: "-".join(params),
)
def test_training_is_what_it_would_be_without(small, digits, params):
    params = {"trunk": NORMALISED, "warm_start": True, "max_epochs": 2} | params
    plain, watched = small(**params), small(**params, callbacks=[("probe", TaskProbe(every=2))])
    for _ in range(2):  # the second fit continues
        plain.fit(*digits)
        torch.manual_seed(5)
        watched.fit(*digits)
        assert torch.equal(torch.rand(3), torch.rand(3, generator=torch.Generator().manual_seed(5)))
        torch.testing.assert_close(state(watched), state(plain), rtol=0, atol=0)
    probe = dict(watched.net_.callbacks_)["probe"]
    assert probe.n_probes_ == -(-2 * len(range(0, len(digits[0]) - 18 * ("early_stopping" in params), 20)) // 2)
    assert np.isfinite(probe.look_ahead_).all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in watched.net_.module_.parameters())


class Linear(nn.Module):
    """One linear layer on the pixels."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 5)

    def forward(self, images):
        return self.layer(images.flatten(1))


def test_on_a_linear_layer_it_is_the_inner_product_of_the_gradients(small, digits):
    X, y = digits
    clf = small(trunk=Linear, optimizer="sgd", lr=1e-4, lr_scheduler="constant", batch_size=60, max_epochs=1)
    clf, probe, witness = probed(clf, X.astype(np.float32), y)
    ((module, _, (images, (codes,)), lr),) = witness.seen
    assert set(lr.values()) == {1e-4}
    features = module.trunk(module.inputs(images))
    n = module.heads.n_classes
    of_tasks = [F.cross_entropy(module.heads(features)[:, s], codes[:, t]) for t, s in enumerate(blocks(n))]
    parameters = list(module.trunk.parameters())
    rows = [torch.autograd.grad(loss, parameters, retain_graph=True) for loss in of_tasks]
    rows = torch.stack([torch.cat([g.flatten() for g in row]) for row in rows])
    expected = 1e-4 * (rows @ rows.T) / torch.stack(of_tasks).detach()
    assert np.abs(expected.numpy()).min() > 1e-7
    np.testing.assert_allclose(probe.look_ahead_, expected.numpy(), rtol=0.01, atol=2e-8)
    cosine = F.cosine_similarity(rows[0], rows[1], dim=0).item()
    np.testing.assert_allclose(probe.gradient_cosine_, [[1, cosine], [cosine, 1]], atol=1e-5)


def blocks(n_classes):
    return [slice(0, n_classes[0]), slice(n_classes[0], sum(n_classes))]


@pytest.mark.parametrize(
    "params",
    [
        {"trunk": ConvTrunk(channels=(2,), hidden=(8,), normalization="batch")},
        {"head": "mlp", "class_weight": "balanced", "task_weights": [1, 5], "weighting": "uncertainty"},
        {"sharing": "cross-stitch"},  # which asks for a learning rate of its own
        {"sharing": "mmoe", "precision": "bfloat16"},
    ],
    ids=lambda params: "-".join(params),
)
def test_it_is_the_mean_of_what_steps_by_hand_do(small, digits, params):
    X, y = digits
    y = y.astype(float)
    y[::4, 1] = np.nan
    clf = small(**{"precision": "float32", "batch_size": 16, "lr": 0.02} | params)
    clf, probe, witness = probed(clf, X, y, np.linspace(0.5, 2, len(X)), every=3)
    expected = np.mean([by_hand(*seen) for seen in witness.seen[::3]], axis=0)
    own = np.eye(2, dtype=bool) & (clf.sharing != "hard")  # what one task alone reaches is not shared
    np.testing.assert_allclose(probe.look_ahead_[~own], expected[~own], rtol=1e-3, atol=2e-7)
    assert np.abs(expected[~own]).max() > 1e-5
    assert (probe.look_ahead_[own] > 0).all()
    assert (probe.look_ahead_[own] < expected[own]).all()


def test_every_task_may_have_images_of_its_own(small, digits):
    X, y = digits
    _, probe, witness = probed(small(precision="float32"), {"task0": X, "task1": X[:, ::-1].copy()}, y, every=1)
    assert witness.seen[0][1] == (0, 1)
    expected = np.mean([by_hand(*seen) for seen in witness.seen], axis=0)
    np.testing.assert_allclose(probe.look_ahead_, expected, rtol=1e-3, atol=2e-7)


def test_dropout_masks_are_those_of_the_step(small, digits):
    # Other masks in the second pass would drown a step this small.
    clf = small(trunk=ConvTrunk(channels=(2,), hidden=(8,), dropout=0.5), lr=1e-7, lr_scheduler="constant")
    _, probe, _ = probed(clf, *digits, every=1)
    assert (np.diag(probe.look_ahead_) > 0).all()
    assert np.abs(probe.look_ahead_).max() < 1e-5


def test_only_batches_with_labels_of_both_count(small, digits):
    X, y = digits[0][:8], digits[1][:8].astype(float)
    y[::2, 0] = y[1::2, 1] = np.nan
    y[::2, 1], y[1::2, 0] = [0, 1, 0, 1], [3, 4, 3, 4]
    _, probe, _ = probed(small(batch_size=1), X, y, every=1)
    assert np.isfinite(probe.look_ahead_).tolist() == [[True, False], [False, True]]
    assert (np.diag(probe.look_ahead_) > 0).all()
    np.testing.assert_allclose(probe.gradient_cosine_, [[1, np.nan], [np.nan, 1]])
    assert probe.n_probes_ == 16


def test_task_weights_do_not_change_what_a_loss_is(small, digits):
    both = [probed(small(task_weights=w), *digits, every=100)[1].look_ahead_ for w in (None, [1, 9])]
    np.testing.assert_array_equal(*both)


def test_without_the_second_pass(small, digits):
    ahead, plain = (probed(small(), *digits, ahead=a)[1] for a in (True, False))
    np.testing.assert_array_equal(ahead.gradient_cosine_, plain.gradient_cosine_)
    assert np.isnan(plain.look_ahead_).all()


def test_lbfgs(small, digits):
    clf = small(
        optimizer=torch.optim.LBFGS, lr=0.1, lr_scheduler="constant", batch_size=60, max_epochs=1, weight_decay=0
    )
    _, probe, witness = probed(clf.set_params(max_epochs=1), *digits, every=1)
    np.testing.assert_allclose(probe.look_ahead_, by_hand(*witness.seen[0]), rtol=1e-3, atol=1e-6)


def test_frozen_layers_do_not_step(small, digits):
    class HalfFrozen(Linear):
        def __init__(self):
            super().__init__()
            self.layer.weight.requires_grad_(False)

    _, probe, witness = probed(small(trunk=HalfFrozen), digits[0].astype(np.float32), digits[1], every=1)
    expected = np.mean([by_hand(*seen) for seen in witness.seen], axis=0)
    np.testing.assert_allclose(probe.look_ahead_, expected, rtol=1e-3, atol=2e-7)


class Steps(Callback):
    n = 0

    def on_grad_computed(self, net, **kwargs):
        type(self).n += 1


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"sharing": "none"}, "sharing='none' or frozen layers.*'transfer' or 'label_association'"),
        ({"trunk": nn.Sequential(nn.Flatten(), nn.Linear(64, 4).requires_grad_(False))}, "has none to train"),
        ({"task_weights": [1, 0]}, "1 of 2 tasks have weight 0"),
    ],
)
def test_refused_before_the_first_step(small, digits, params, message):
    Steps.n = 0
    clf = small(**params, callbacks=[Steps(), TaskProbe()])
    with pytest.raises(ValueError, match=message):
        clf.fit(digits[0].astype(np.float32), digits[1])
    assert Steps.n == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_weights_are_put_back_whatever_happens(small, digits, monkeypatch, error, at):
    compute, calls = _look_ahead._losses, []

    def fail(net, *args):
        calls.append(net)
        if len(calls) > at:
            raise error("in the middle")
        return compute(net, *args)

    monkeypatch.setattr(_look_ahead, "_losses", fail)
    witness = Witness()
    monkeypatch.setattr("skmtl.estimators._setting.copy_callbacks", lambda callbacks, _: callbacks)
    clf = small(trunk=NORMALISED, callbacks=[("witness", witness), ("probe", TaskProbe())])
    if error is KeyboardInterrupt:
        expected = pytest.warns(InterruptedFitWarning, match="fit was interrupted after 0 epochs")
    else:
        expected = pytest.raises(RuntimeError, match="in the middle")
    with expected:
        clf.fit(*digits)
    net = calls[0]
    before = witness.seen[0][0].state_dict()
    for name, values in net.module_.state_dict().items():
        assert torch.equal(values, before[name]), name


def test_a_fit_with_a_probe_can_be_searched_and_pickled(small, digits):
    import pickle

    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV

    clf = small(callbacks=[("probe", TaskProbe(every=2))])
    assert clone(clf).callbacks[0][1].every == 2
    search = GridSearchCV(clf, {"lr": [1e-3]}, cv=2).fit(*digits)
    probe = dict(pickle.loads(pickle.dumps(search.best_estimator_)).net_.callbacks_)["probe"]
    assert probe.look_ahead_.shape == (2, 2)


def test_one_matrix_per_fit(small, digits):
    clf: MultiTaskCNNClassifier = small(warm_start=True, callbacks=[("probe", TaskProbe(every=1))])
    clf.fit(*digits)
    first = dict(clf.net_.callbacks_)["probe"]
    clf.fit(*digits)
    second = dict(clf.net_.callbacks_)["probe"]
    assert first is not second
    assert second.n_probes_ == first.n_probes_ == 6
