"""torch.compile: the same model with the same names, which travels and continues as any other."""

import pickle
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skmtl.datasets import load_two_digits

# PyTorch's compiler uses what PyTorch itself has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch", "ignore::FutureWarning:torch")


@pytest.fixture(scope="module")
def data():
    return load_two_digits(170, return_X_y=True)  # five batches of 32 and a ragged one of 10


def why_not():
    """Return why PyTorch cannot compile on this machine, or None if it can."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            torch.compile(lambda x: x.sin() + 1)(torch.ones(3))
        except Exception as error:
            return f"{type(error).__name__}: {error}"[:200]
    return None


def n_compilations():
    return torch._dynamo.utils.counters["stats"]["unique_graphs"]


@pytest.fixture(scope="module")
def pair(make, data):
    """One model trained eagerly, one compiled: the only compilations of this file."""
    if reason := why_not():
        pytest.skip(f"PyTorch cannot compile here: {reason}")
    eager = make(batch_size=32, max_epochs=3, precision="float32", warm_start=True)
    compiled, before = clone(eager).set_params(compile=True), n_compilations()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="torch")
        compiled.fit(*data)
    return SimpleNamespace(eager=eager.fit(*data), compiled=compiled, n_compilations=n_compilations() - before)


def copies(pair):
    return [pickle.loads(pickle.dumps(clf)) for clf in (pair.compiled, pair.eager)]


def parameters(clf):
    return {k: v.clone() for k, v in clf.net_.module_.state_dict().items()}


def assert_alike(ours, theirs, X):
    assert list(parameters(ours)) == list(parameters(theirs))
    for name, value in parameters(theirs).items():
        torch.testing.assert_close(parameters(ours)[name], value, atol=1e-4, rtol=0)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5, rtol=0)
    losses = [[row["train_loss"] for row in clf.history_] for clf in (ours, theirs)]
    np.testing.assert_allclose(*losses, atol=1e-5, rtol=0)


def test_same_model_as_without(pair, data):
    assert pair.n_compilations > 0
    assert pair.compiled.history_[-1]["train_loss"] < pair.compiled.history_[0]["train_loss"]
    assert_alike(pair.compiled, pair.eager, data[0])


def test_names_and_module_are_plain(pair):
    module = pair.compiled.net_.module_
    assert list(module.state_dict()) == list(pair.eager.net_.module_.state_dict())
    assert not any("_orig_mod" in name for name in [*module.state_dict(), *dict(module.named_modules())])
    assert type(module) is type(pair.eager.net_.module_)


def test_predictions_need_no_compilation(pair, data):
    before = n_compilations()
    for size in (1, 3, 17):
        pair.compiled.predict_proba(data[0][:size])
    assert n_compilations() == before


def test_pickle_predicts_the_same(pair, data):
    loaded, _ = copies(pair)
    assert loaded.compile
    np.testing.assert_array_equal(loaded.predict_proba(data[0]), pair.compiled.predict_proba(data[0]))


def test_warm_start_and_partial_fit_continue(pair, data):
    compiled, eager = copies(pair)
    for clf in (compiled, eager):
        clf.fit(*data)
        clf.partial_fit(data[0][:40], data[1][:40])
    assert compiled.n_iter_ == 7
    assert_alike(compiled, eager, data[0])


def test_may_change_between_fits(pair, data):
    compiled, eager = copies(pair)
    expected = copies(pair)[1].fit(*data)
    before = n_compilations()
    assert_alike(compiled.set_params(compile=False).fit(*data), expected, data[0])
    assert n_compilations() == before
    assert_alike(eager.set_params(compile=True).fit(*data), expected, data[0])


def test_failed_fit_leaves_the_model_as_it_was(pair, data):
    compiled, _ = copies(pair)
    before = parameters(compiled)
    compiled.set_params(lr=1e30, lr_scheduler="constant")
    with pytest.raises(ValueError, match="diverged"):
        compiled.fit(*data)
    assert all(torch.equal(v, before[k]) for k, v in parameters(compiled).items())
    np.testing.assert_array_equal(compiled.predict(data[0]), pair.compiled.predict(data[0]))


@pytest.mark.parametrize("weighting", ["pcgrad", "famo"])
def test_methods_that_look_at_gradients_or_twice(pair, make, data, weighting):
    X, y = data[0][:64], data[1][:64]
    params = {"batch_size": 32, "max_epochs": 2, "precision": "float32", "weighting": weighting}
    eager, before = make(**params).fit(X, y), n_compilations()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="torch")
        compiled = make(**params, compile=True).fit(X, y)
    assert n_compilations() > before
    assert_alike(compiled, eager, X)
