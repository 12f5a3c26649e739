"""What makes training and prediction fast changes no result: every shortcut against the way without it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, KFold
from skorch.callbacks import Callback
from torch.utils.data import DataLoader

from skmtl.datasets import load_two_digits
from skmtl.estimators import _base, _build
from skmtl.nn import ConvTrunk, MLPHead
from skmtl.training import BatchDataset, RandomStream
from skmtl.training._loader import BatchLoader

N = 200


@pytest.fixture(scope="module")
def data():
    return load_two_digits(N, return_X_y=True)


@pytest.fixture
def missing(data):
    y = data[1].astype(float)
    y[::3, 0] = np.nan
    return data[0], y


def parameters(clf):
    return {k: v.clone() for k, v in clf.net_.module_.state_dict().items()}


def assert_same(clf, expected, tolerance=0.0):
    ours, theirs = parameters(clf), parameters(expected)
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value, atol=tolerance, rtol=0)
    losses = [[row["train_loss"] for row in model.history_] for model in (clf, expected)]
    np.testing.assert_allclose(*losses, atol=tolerance, rtol=0)


# ---- Training


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "momentum", "sgd"])
def test_fused_optimizer(optimizer, make, missing):
    clf = make(optimizer=optimizer, batch_size=32, max_epochs=4, precision="float32")
    plain = clone(clf).set_params(net_params={"optimizer__fused": False}).fit(*missing)
    assert not plain.net_.optimizer_.defaults["fused"]
    clf.fit(*missing)
    assert clf.net_.optimizer_.defaults["fused"]
    assert_same(clf, plain, 1e-5)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("own", [{"num_workers": 1}, {"pin_memory": False}], ids=str)
@pytest.mark.parametrize("params", [{}, {"early_stopping": True}], ids=str)
def test_loader_of_pytorch(own, params, make, missing, monkeypatch):
    """The same batches in the same order, from this process or another."""
    used = []
    monkeypatch.setattr(DataLoader, "__iter__", spied(DataLoader.__iter__, used))
    monkeypatch.setattr(BatchLoader, "__iter__", spied(BatchLoader.__iter__, used))
    clf = make(batch_size=32, max_epochs=3, **params)
    other = clone(clf).set_params(net_params={f"iterator_train__{k}": v for k, v in own.items()})
    other.fit(*missing)
    assert set(used) == {DataLoader}
    used.clear()
    assert_same(clf.fit(*missing), other)
    assert set(used) == {BatchLoader}


def spied(method, used):
    def iterate(self):
        used.append(type(self))
        return method(self)

    return iterate


@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"head": MLPHead((8,))}], ids=str)
def test_random_stream_of_steps_that_draw_nothing(params, make, data, monkeypatch):
    entered = []
    monkeypatch.setattr(RandomStream, "__enter__", spied(RandomStream.__enter__, entered))
    clf = make(batch_size=32, **params)
    quiet = clone(clf).fit(*data)
    n_quiet = len(entered)
    monkeypatch.setattr("skmtl.training._net.no_randomness", lambda net: None)
    assert_same(quiet, clf.fit(*data))
    assert len(entered) - n_quiet > n_quiet + 10
    np.testing.assert_array_equal(quiet.predict_proba(data[0]), clf.predict_proba(data[0]))


def test_steps_that_draw_are_told_from_those_that_do_not(make, data):
    """Two fits share no random numbers, whatever draws them."""
    quiet = {}
    for name, params in {
        "plain": {},
        "dropout": {"trunk": ConvTrunk(channels=(4,), hidden=(16,), dropout=0.5)},
        "dropout in a head": {"head": MLPHead((8,), dropout=0.5)},
        "augment": {"augment": lambda batch: batch + 0.1 * torch.randn_like(batch)},
        "own trunk": {"trunk": lambda image_shape: torch.nn.Sequential(torch.nn.Flatten(), torch.nn.RReLU())},
    }.items():
        torch.manual_seed(1)
        clf = make(max_epochs=2, batch_size=32, **params).fit(*data)
        quiet[name] = isinstance(clf.net_.randomness_, nullcontext)
        torch.manual_seed(2)
        assert_same(clone(clf).fit(*data), clf)
    assert quiet == {name: name == "plain" for name in quiet}


@pytest.mark.parametrize("params", [{}, {"early_stopping": True, "batch_size": 500}], ids=str)
def test_large_blocks_kept(params, make, data, monkeypatch):
    # Batches whose temporaries are above the 32 MiB that glibc gives back at once.
    X = np.tile(data[0], (2, 4, 4)).repeat(2, axis=1)
    y = np.tile(data[1], (2, 1))
    clf = make(trunk=ConvTrunk(channels=(16,), hidden=(4,)), max_epochs=1, precision="float32", **params)
    kept = clone(clf).fit(X, y)
    monkeypatch.setattr("skmtl.training._train.large_blocks_kept", nullcontext)
    assert_same(kept, clf.fit(X, y))


@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"precision": "bfloat16"}], ids=str)
def test_weights_that_are_all_one(params, make, data, monkeypatch):
    clf = make(batch_size=32, **params)
    none = clone(clf).fit(*data)
    for weight in (np.ones(N), np.full(N, 7), np.ones((N, 2))):
        assert_same(clone(clf).fit(*data, sample_weight=weight), none)
    given = []

    def weighted(images, layout, codes, weights, rows=None, draws=None):
        given.append(weights)
        return BatchDataset(images, layout, codes, np.ones(codes.shape, np.float32), rows)

    monkeypatch.setattr(_base, "BatchDataset", weighted)
    assert_same(clf.fit(*data), none, 1e-6)
    assert set(given) == {None}


def test_heavier_cells_are_not_all_one(make, data):
    """A constant per task is no difference, a constant per row is."""
    none = make().fit(*data)
    assert_same(make().fit(*data, sample_weight=np.tile([1.0, 3.0], (N, 1))), none)
    heavier = make().fit(*data, sample_weight=1 + np.arange(N) % 2)
    assert not torch.equal(parameters(heavier)["heads.linear.weight"], parameters(none)["heads.linear.weight"])


# ---- Prediction


@pytest.mark.parametrize("size", [1, 7, 64, 150])
@pytest.mark.parametrize("normalization", [None, "batch"])
def test_predictions_in_any_chunk_size(size, normalization, make, missing, monkeypatch):
    X, y = missing
    trunk = ConvTrunk(channels=(4,), hidden=(16,), normalization=normalization)
    clf = make(trunk=trunk, early_stopping=True, max_epochs=3, precision="float32")
    expected = clone(clf).fit(X, y)
    monkeypatch.setattr(_build, "predict_batch_size", lambda *cost: size)
    clf.fit(X, y)
    assert clf.net_.iterator_valid__batch_size == size != expected.net_.iterator_valid__batch_size
    assert_same(clf, expected)
    for key in ("valid_loss", "valid_score", "task0_valid_loss", "task1_valid_score"):
        ours, theirs = ([row[key] for row in model.history_] for model in (clf, expected))
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    np.testing.assert_array_equal(clf.predict(X), expected.predict(X))
    np.testing.assert_allclose(clf.predict_proba(X), expected.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(clf.predict_log_proba(X), expected.predict_log_proba(X), atol=1e-5)


@pytest.mark.parametrize("normalization", [None, "batch"])
def test_predictions_are_those_of_the_module(normalization, make, data):
    """Every layer as it stands, in evaluation mode, with gradients on: the slow way."""
    X = data[0]
    trunk = ConvTrunk(channels=(4, 5), hidden=(16,), normalization=normalization)
    clf = make(trunk=trunk, precision="float32").fit(*data)
    logits = clf.net_.module_.eval()(torch.from_numpy(X)[:, None])
    assert logits.requires_grad
    for t, probabilities in enumerate(clf.predict_proba(X)):
        expected = logits[:, 10 * t : 10 * t + 10].detach().double().softmax(1)
        np.testing.assert_allclose(probabilities, expected, atol=1e-6)


# ---- Many tasks


def test_a_thousand_tasks(make, data):
    rng = np.random.default_rng(0)
    X, digits = data[0], data[1]
    masks = rng.integers(0, 2, (1000, 10)).astype(bool)
    masks[:, :2] = [True, False]  # two classes, whatever the rest
    y = np.column_stack([mask[digits[:, t % 2]] for t, mask in enumerate(masks)]).astype(float)
    y[rng.random(y.shape) < 0.2] = np.nan
    # The loss of an epoch of one batch is that of the model before it.
    clf = make(max_epochs=40, batch_size=N, warm_start=True, precision="float32", lr=0.02).fit(X, y)
    probabilities = clf.predict_proba(X)
    row = clf.set_params(max_epochs=1).fit(X, y).history_[-1]
    for t in range(1000):
        labelled = ~np.isnan(y[:, t])
        expected = log_loss(y[labelled, t], probabilities[t][labelled], labels=[0, 1])
        assert row[f"task{t}_train_loss"] == pytest.approx(expected, abs=1e-5)
        np.testing.assert_array_equal(clf.classes_[t], [0, 1])
    assert row["train_loss"] == pytest.approx(np.mean([row[f"task{t}_train_loss"] for t in range(1000)]), abs=1e-5)
    assert row["train_loss"] < clf.history_[0]["train_loss"]
    assert clf.score(X, y) > 0.7
    np.testing.assert_array_equal(clf.predict(X)[:, 7], clf.predict_proba(X)[7].argmax(1))


# ---- Processes and threads


def test_search_in_two_processes(make, data):
    searches = [
        GridSearchCV(make(), {"lr": [1e-3, 0.02], "batch_size": [32, 64]}, cv=KFold(2), n_jobs=n_jobs).fit(*data)
        for n_jobs in (1, 2)
    ]
    for split in ("split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(searches[0].cv_results_[split], searches[1].cv_results_[split])
    assert len(set(searches[0].cv_results_["mean_test_score"])) > 1
    assert_same(searches[1].best_estimator_, searches[0].best_estimator_)


def test_fits_and_predictions_in_threads(make, data):
    X, y = data
    models = [make(random_state=seed, batch_size=32, early_stopping=seed % 2 == 1) for seed in range(4)]
    expected = [clone(clf).fit(X, y) for clf in models]
    trained = Parallel(n_jobs=4, backend="threading")(delayed(clf.fit)(X, y) for clf in models)
    for ours, theirs in zip(trained, expected, strict=True):
        assert_same(ours, theirs)
    probabilities = Parallel(n_jobs=4, backend="threading")(delayed(expected[0].predict_proba)(X) for _ in range(4))
    for found in probabilities:
        np.testing.assert_array_equal(found, expected[0].predict_proba(X))


def test_steps_that_draw_nothing_run_at_the_same_time(make, data):
    """Two fits that wait for each other in the middle of a step: with turns, neither would end."""
    meeting = threading.Barrier(2, timeout=30)

    class Meet(Callback):
        def on_grad_computed(self, net, **kwargs):
            meeting.wait()

    # The module of skorch's own callbacks, which draw nothing.
    Meet.__module__ = "skorch.callbacks"
    models = [make(max_epochs=2, batch_size=64, random_state=seed) for seed in (0, 1)]
    expected = [clone(clf).fit(*data) for clf in models]
    for clf in models:
        clf.set_params(callbacks=[Meet()])
    with ThreadPoolExecutor(2) as pool:
        for ours, theirs in zip(pool.map(lambda clf: clf.fit(*data), models), expected, strict=True):
            assert_same(ours, theirs)
