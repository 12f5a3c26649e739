"""Reduced precision: float32 parameters, finite losses, probabilities within the documented bound."""

import pickle

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.nn import ConvTrunk

PRECISIONS = ["auto", "float32", "bfloat16", "float16"]
REDUCED = ["bfloat16", "float16"]
DTYPES = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}

# The documented bounds of bfloat16: of any probability, of all but one prediction in a thousand, and of the mean.
# Measured on two digits, 12 fits of 300 to 2,000 images with the default trunk and 3 of a smaller one:
# at most 0.0192, 0.0113 and 0.0002, and the label differed in at most 2 of 1,000.
LARGEST, ALMOST_ALL, MEAN, LABELS = 0.03, 0.02, 0.0005, 0.005


@pytest.fixture(scope="module")
def data():
    return load_two_digits(200, return_X_y=True)


@pytest.fixture(params=PRECISIONS)
def precision(request):
    return request.param


def parameters(clf):
    return {k: v.clone() for k, v in clf.net_.module_.state_dict().items()}


def assert_same(clf, expected):
    ours, theirs = parameters(clf), parameters(expected)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def with_fast_bfloat16(monkeypatch, value):
    monkeypatch.setattr("skmtl.training._precision._has_fast_bfloat16", lambda device: value)


# ---- Accuracy and agreement


@pytest.fixture(scope="module")
def unseen():
    return load_two_digits(1000, subset="test", return_X_y=True)


@pytest.fixture(scope="module")
def trained():
    """Models of two seeds with the default trunk, in float32 and in bfloat16."""
    models = []
    for seed in (0, 1):
        X, y = load_two_digits(1000, subset="train", random_state=seed, return_X_y=True)
        clf = MultiTaskCNNClassifier(max_epochs=12, random_state=seed)
        models.append({p: clone(clf).set_params(precision=p).fit(X, y) for p in ("float32", "bfloat16")})
    return models


def test_bfloat16_is_as_accurate(trained, unseen):
    scores = {p: [models[p].score(*unseen) for models in trained] for p in ("float32", "bfloat16")}
    assert min(scores["float32"]) > 0.95
    assert np.abs(np.subtract(scores["bfloat16"], scores["float32"])).max() < 0.01


def test_probabilities_of_bfloat16_agree_with_float32(trained, unseen):
    for models in trained:
        low = np.stack(models["bfloat16"].predict_proba(unseen[0]))
        exact = pickle.loads(pickle.dumps(models["float32"]))
        exact.net_.module_.load_state_dict(parameters(models["bfloat16"]))
        high = np.stack(exact.predict_proba(unseen[0]))
        difference = np.abs(low - high)
        assert difference.max() < LARGEST
        assert np.quantile(difference.max(axis=2), 0.999) < ALMOST_ALL
        assert 0 < difference.mean() < MEAN
        assert (low.argmax(2) != high.argmax(2)).mean() < LABELS


def test_float16_agrees_and_is_as_accurate(unseen):
    X, y = load_two_digits(400, subset="train", return_X_y=True)
    # PyTorch's convolutions in float16 are 50 times slower than others on CPUs: a small trunk.
    clf = MultiTaskCNNClassifier(ConvTrunk(channels=(8,), hidden=(32,)), max_epochs=8, lr=0.01, random_state=0)
    exact, low = (clone(clf).set_params(precision=p).fit(X, y) for p in ("float32", "float16"))
    X_test, y_test = unseen[0][:300], unseen[1][:300]
    assert exact.score(X_test, y_test) > 0.8
    assert low.score(X_test, y_test) == pytest.approx(exact.score(X_test, y_test), abs=0.02)
    probabilities = np.stack(low.predict_proba(X_test))
    exact.net_.module_.load_state_dict(parameters(low))
    difference = np.abs(probabilities - np.stack(exact.predict_proba(X_test)))
    assert 0 < difference.max() < 0.005


# ---- What stays in float32, and what is the same twice


def test_parameters_losses_and_moments_stay_float32(precision, make, data):
    clf = make(precision=precision, max_epochs=3, early_stopping=True).fit(*data)
    assert {v.dtype for v in parameters(clf).values() if v.is_floating_point()} == {torch.float32}
    moments = [v for state in clf.net_.optimizer_.state.values() for v in state.values()]
    assert len(moments) > 4
    assert {v.dtype for v in moments} == {torch.float32}
    assert clf.net_.infer(torch.zeros(2, 1, 8, 16, dtype=torch.uint8)).dtype == torch.float32


def test_trunk_computes_in_what_was_asked_for(precision, make, data, monkeypatch):
    with_fast_bfloat16(monkeypatch, False)
    clf = make(precision=precision, max_epochs=1).fit(*data)
    found = []
    clf.net_.module_.trunk.register_forward_hook(lambda layer, args, out: found.append(out.dtype))
    clf.predict(data[0][:2])
    clf.set_params(warm_start=True).fit(*data)
    assert set(found) == {DTYPES[{"auto": "float32"}.get(precision, precision)] or torch.float32}
    assert len(found) > 2


def test_history_is_finite_and_the_loss_falls(precision, make, data):
    history = make(precision=precision, max_epochs=6, early_stopping=True).fit(*data).history_
    for row in history:
        numbers = [v for k, v in row.items() if k.endswith(("_loss", "_weight", "_score"))]
        assert len(numbers) == 11
        assert np.isfinite(numbers).all()
    assert history[-1]["train_loss"] < 0.9 * history[0]["train_loss"]


def test_same_seed_same_model(precision, make, data):
    first, second = (make(precision=precision).fit(*data) for _ in range(2))
    assert_same(second, first)
    np.testing.assert_array_equal(second.predict_proba(data[0]), first.predict_proba(data[0]))


def test_precisions_differ(make, data):
    """That they were not all the same is what the tests above rest on."""
    models = [make(precision=p).fit(*data) for p in ("float32", *REDUCED)]
    weights = [parameters(clf)["heads.linear.weight"] for clf in models]
    assert not any(torch.equal(weights[i], weights[j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    for low in weights[1:]:
        torch.testing.assert_close(low, weights[0], atol=0.1, rtol=0)


@pytest.mark.parametrize("copied", ["pickle", "joblib", "clone"])
def test_copies_keep_the_precision(copied, precision, make, data, tmp_path):
    clf = make(precision=precision, warm_start=True).fit(*data)
    if copied == "clone":
        again = clone(clf).fit(*data)
    elif copied == "pickle":
        again = pickle.loads(pickle.dumps(clf))
    else:
        joblib.dump(clf, tmp_path / "clf")
        again = joblib.load(tmp_path / "clf")
    assert again.get_params()["precision"] == precision
    assert again.net_.precision == clf.net_.precision
    np.testing.assert_array_equal(again.predict_proba(data[0]), clf.predict_proba(data[0]))
    # The scale of float16's gradients travels too.
    assert_same(again.fit(*data), clf.fit(*data))


def test_partial_fit_and_warm_start_learn(precision, make, data):
    clf = make(precision=precision).partial_fit(*data)
    before = parameters(clf)["heads.linear.weight"]
    for _ in range(4):
        clf.partial_fit(*data)
    assert not torch.equal(parameters(clf)["heads.linear.weight"], before)
    assert clf.history_[-1]["train_loss"] < 0.97 * clf.history_[0]["train_loss"]
    warm = make(precision=precision, warm_start=True, max_epochs=3).fit(*data)
    loss = warm.history_[-1]["train_loss"]
    assert warm.fit(*data).history_[-1]["train_loss"] < loss


@pytest.mark.parametrize("precision", REDUCED)
def test_weights_missing_labels_and_augmentation(precision, make, data):
    X, y = data[0], data[1].astype(float)
    y[::3, 0] = np.nan
    clf = make(precision=precision, class_weight="balanced", augment=lambda batch: batch + 0.01, max_epochs=4)
    clf.fit(X, y, sample_weight=np.arange(200) % 4)
    assert clf.history_[-1]["task1_train_loss"] < clf.history_[0]["task1_train_loss"]
    assert np.isfinite(np.stack(clf.predict_proba(X))).all()


def test_float16_skips_steps_whose_gradients_overflow(make, data):
    """65536 times the gradients of raw pixels are more than float16 holds; half of that still is."""
    X, params = data[0].astype(np.float32), {"standardize": False, "batch_size": 200, "weight_decay": 0}
    skipped = make(precision="float16", max_epochs=1, **params).fit(X, data[1])
    untrained = make(precision="float32", max_epochs=1, **{**params, "lr": 1e-30}).fit(X, data[1])
    assert skipped.net_.scaler.get_scale() == 2**15
    assert_same(skipped, untrained)
    trained = make(precision="float16", max_epochs=40, **params).fit(X, data[1])
    assert trained.net_.scaler.get_scale() < 2**15
    assert trained.history_[-1]["train_loss"] < 0.5 * trained.history_[0]["train_loss"]
    assert all(v.isfinite().all() for v in parameters(trained).values())


# ---- What "auto" stands for, and what is refused


def test_auto_is_bfloat16_where_it_is_fast_and_the_trunk_is_large(make, data, monkeypatch):
    def chosen(**params):
        return make(max_epochs=1, **params).fit(*data).net_.precision.dtype

    with_fast_bfloat16(monkeypatch, True)
    assert chosen() is None
    assert chosen(trunk="cnn") == torch.bfloat16
    assert chosen(trunk="cnn", precision="float32") is None
    with_fast_bfloat16(monkeypatch, False)
    assert chosen(trunk="cnn") is None


def test_auto_of_tiny_data_is_float64_and_nothing_else_is(precision, make, digits):
    clf = make(precision=precision).fit(digits.images, digits.codes)
    expected = torch.float64 if precision == "auto" else torch.float32
    assert {v.dtype for v in parameters(clf).values() if v.is_floating_point()} == {expected}
    assert clf.net_.precision.dtype == DTYPES.get(precision)


class Stubborn(torch.nn.Module):
    """A trunk that bfloat16 breaks, and large enough for "auto" to try it."""

    def __init__(self):
        super().__init__()
        self.convolution = torch.nn.Conv2d(1, 300, 3, padding=1)

    def forward(self, images):
        out = self.convolution(images)
        if out.dtype != torch.float32:
            raise RuntimeError("float32 only")
        return out.mean((2, 3))


def test_auto_leaves_float32_to_trunks_that_need_it(make, data, monkeypatch):
    with_fast_bfloat16(monkeypatch, True)
    assert make(trunk=Stubborn, max_epochs=1).fit(*data).net_.precision.dtype is None
    with pytest.raises(RuntimeError, match="float32 only"):
        make(trunk=Stubborn, max_epochs=1, precision="bfloat16").fit(*data)


def test_lbfgs(make, data, monkeypatch):
    params = {"optimizer": torch.optim.LBFGS, "weight_decay": 0, "batch_size": 200, "lr_scheduler": "constant", "lr": 1}
    with pytest.raises(ValueError, match="precision='float16' scales gradients, which LBFGS does not allow: use"):
        make(precision="float16", **params).fit(*data)
    with_fast_bfloat16(monkeypatch, True)
    clf = make(trunk=ConvTrunk(channels=(24, 24), hidden=()), **params).fit(*data)
    assert clf.net_.precision.dtype is None
    assert clf.history_[-1]["train_loss"] < clf.history_[0]["train_loss"]


@pytest.mark.parametrize("other", PRECISIONS)
def test_precision_of_a_trained_model_stays(other, precision, make, data):
    if other == precision:
        return
    clf = make(precision=precision, warm_start=True, max_epochs=1).fit(*data)
    before = parameters(clf)
    clf.set_params(precision=other)
    with pytest.raises(ValueError, match="precision is not what it was when the network was built"):
        clf.fit(*data)
    with pytest.raises(ValueError, match=f"Got '{other}': set it back, or fit a clone"):
        clf.partial_fit(*data)
    assert all(torch.equal(v, before[k]) for k, v in parameters(clf).items())


@pytest.mark.parametrize("bad", ["float64", "bf16", torch.bfloat16, None])
def test_unknown_precision(bad, make, data):
    with pytest.raises(ValueError, match="The 'precision' parameter of MultiTaskCNNClassifier must be a str among"):
        make(precision=bad).fit(*data)


def test_skipped_first_steps_of_float16_give_no_warning():
    X, y = load_two_digits(200, return_X_y=True)
    clf = MultiTaskCNNClassifier(
        ConvTrunk(channels=(4,), hidden=(16,)), max_epochs=1, precision="float16", standardize=False, random_state=0,
        net_params={"optimizer__fused": False},
    )  # fmt: skip
    assert np.isfinite(clf.fit(X.astype("f4"), y).history_[-1]["train_loss"])
