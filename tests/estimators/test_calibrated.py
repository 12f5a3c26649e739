"""Calibration of every task by its own labels."""

import pickle

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit, cross_val_score, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from skmtl import MultiTaskCalibratedClassifier, MultiTaskCNNClassifier
from skmtl.datasets import load_glyphs
from skmtl.exceptions import UncalibratedTaskWarning
from skmtl.metrics import expected_calibration_error
from skmtl.nn import ConvTrunk, OrdinalHead

THIRDS = [(np.flatnonzero(np.arange(240) % 3 != k), np.flatnonzero(np.arange(240) % 3 == k)) for k in range(3)]


def best_temperature(proba, codes, weight=None):
    """Return the temperature of least negative log-likelihood, found without scikit-learn."""
    weight = np.ones(len(codes)) if weight is None else weight

    def loss(log_t):
        return -(weight * log_softmax(np.log(proba) / np.exp(log_t), axis=1)[np.arange(len(codes)), codes]).sum()

    return float(np.exp(minimize_scalar(loss, bounds=(-5, 5), method="bounded", options={"xatol": 1e-10}).x))


def held_out_proba(model, X, y, splits, task, n_classes):
    proba = np.empty((len(X), n_classes))
    for train, test in splits:
        proba[test] = clone(model).fit(X[train], y.iloc[train]).predict_proba(X[test])[task]
    return proba


def test_temperatures_minimise_the_likelihood_of_held_out_labels(linear, noisy):
    clf = MultiTaskCalibratedClassifier(linear(), cv=THIRDS).fit(noisy.X, noisy.frame)
    for t, name in enumerate(["kind", "flag", "on"]):
        labelled = noisy.frame[name].notna().to_numpy()
        classes, codes = np.unique(noisy.frame[name][labelled].to_numpy(), return_inverse=True)
        proba = held_out_proba(linear(), noisy.X, noisy.frame, THIRDS, t, len(classes))
        assert clf.temperatures_[name] == pytest.approx(best_temperature(proba[labelled], codes), rel=1e-5)
    assert all(t > 1.05 for t in clf.temperatures_.values())  # 80 labels for 7 weights: too sure


def test_probabilities_are_those_of_the_refitted_estimator_at_the_temperature(linear, noisy):
    clf = MultiTaskCalibratedClassifier(linear(), cv=3).fit(noisy.X, noisy.frame)
    plain = linear().fit(noisy.X, noisy.frame)
    for name, got, raw in zip(clf.task_names_, clf.predict_proba(noisy.X), plain.predict_proba(noisy.X), strict=True):
        expected = np.exp(log_softmax(np.log(raw) / clf.temperatures_[name], axis=1))
        np.testing.assert_allclose(got, expected, atol=1e-9)
    np.testing.assert_array_equal(clf.predict(noisy.X), plain.predict(noisy.X))


@pytest.mark.parametrize("task", ["kind", "on"])
@pytest.mark.parametrize("method", ["temperature", "sigmoid", "isotonic"])
def test_one_task_without_missing_labels_is_as_in_scikit_learn(noisy, task, method):
    y = noisy.frame[task].to_numpy()
    y = y.astype(str) if task == "kind" else y
    ours = MultiTaskCalibratedClassifier(GaussianNB(), method=method, cv=THIRDS).fit(noisy.X, y)
    theirs = CalibratedClassifierCV(GaussianNB(), method=method, cv=THIRDS, ensemble=False).fit(noisy.X, y)
    np.testing.assert_allclose(ours.predict_proba(noisy.X), theirs.predict_proba(noisy.X), atol=1e-7)
    np.testing.assert_array_equal(ours.predict(noisy.X), theirs.predict(noisy.X))
    assert (ours.temperatures_ is None) == (method != "temperature")


@pytest.fixture
def frozen(linear, noisy):
    """A model of the first 80 rows, to be calibrated on others."""
    return FrozenEstimator(linear().fit(noisy.X[:80], noisy.frame[:80]))


@pytest.fixture
def rest(noisy):
    return noisy.X[80:], noisy.frame[80:].reset_index(drop=True)


def test_a_frozen_estimator_is_calibrated_on_the_rows_given(frozen, rest):
    clf = MultiTaskCalibratedClassifier(frozen).fit(*rest)
    assert clf.estimator_ is frozen
    assert clone(clf).estimator is frozen
    proba, codes = frozen.predict_proba(rest[0])[2], rest[1]["on"].to_numpy(dtype=int)
    assert clf.temperatures_["on"] == pytest.approx(best_temperature(proba, codes), rel=1e-5)


@pytest.mark.parametrize("method", ["temperature", "sigmoid", "isotonic"])
def test_cells_without_label_or_of_weight_0_are_as_good_as_absent(frozen, rest, method):
    X, y = rest
    gone = np.arange(160) % 4 == 0
    hidden = y.assign(on=y["on"].astype(object).where(~gone, None))
    weight = pd.DataFrame({"flag": 1.0, "on": np.where(gone, 0.0, 1.0), "kind": 1.0})
    fits = [
        MultiTaskCalibratedClassifier(frozen, method=method).fit(X[~gone], y[~gone]),
        MultiTaskCalibratedClassifier(frozen, method=method).fit(X, hidden),
        MultiTaskCalibratedClassifier(frozen, method=method).fit(X, y, sample_weight=weight),
    ]
    expected = fits[0].predict_proba(X)[2]
    for clf in fits[1:]:
        np.testing.assert_allclose(clf.predict_proba(X)[2], expected, atol=1e-6)
    full = MultiTaskCalibratedClassifier(frozen, method=method).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(fits[1].predict_proba(X)[0], full[0], atol=1e-6)
    assert abs(full[2] - expected).max() > 1e-3


@pytest.mark.parametrize("method", ["temperature", "sigmoid", "isotonic"])
def test_integer_weights_are_repeated_rows(frozen, rest, method):
    X, y = rest
    weight = np.arange(160) % 3
    weighted = MultiTaskCalibratedClassifier(frozen, method=method).fit(X, y, sample_weight=weight)
    repeated = MultiTaskCalibratedClassifier(frozen, method=method).fit(
        np.repeat(X, weight, axis=0), y.loc[y.index.repeat(weight)]
    )
    for a, b in zip(weighted.predict_proba(X), repeated.predict_proba(X), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_weights_reach_the_folds_and_the_refit(linear, noisy):
    weight = np.random.default_rng(1).integers(1, 4, size=(240, 3))
    clf = MultiTaskCalibratedClassifier(linear(), cv=THIRDS).fit(noisy.X, noisy.frame, sample_weight=weight)
    refitted = linear().fit(noisy.X, noisy.frame, sample_weight=weight)
    np.testing.assert_allclose(clf.estimator_.predict_proba(noisy.X)[0], refitted.predict_proba(noisy.X)[0])
    proba, codes = np.empty((240, 2)), noisy.frame["on"].to_numpy(dtype=int)
    for train, test in THIRDS:
        model = linear().fit(noisy.X[train], noisy.frame.iloc[train], sample_weight=weight[train])
        proba[test] = model.predict_proba(noisy.X[test])[2]
    assert clf.temperatures_["on"] == pytest.approx(best_temperature(proba, codes, weight[:, 2]), rel=1e-5)


@pytest.mark.parametrize("method", ["temperature", "sigmoid", "isotonic"])
def test_probabilities_of_0_and_1(noisy, method):
    y = np.column_stack([noisy.frame["kind"] == "ash", noisy.frame["on"]]).astype(int)
    neighbours = KNeighborsClassifier(1).fit(noisy.X[:80], y[:80])
    assert set(np.unique(neighbours.predict_proba(noisy.X)[0])) == {0, 1}
    clf = MultiTaskCalibratedClassifier(FrozenEstimator(neighbours), method=method).fit(noisy.X[80:], y[80:])
    for proba in clf.predict_proba(noisy.X):
        assert np.isfinite(proba).all()
        np.testing.assert_allclose(proba.sum(axis=1), 1)
        assert 0.1 < proba.max(axis=1).mean() < 0.95


@pytest.mark.parametrize("method", ["temperature", "sigmoid", "isotonic"])
def test_a_class_without_calibration_labels(frozen, rest, method):
    X, y = rest
    kept = y["kind"] != "elm"
    clf = MultiTaskCalibratedClassifier(frozen, method=method).fit(X[kept], y[kept])
    raw, proba = frozen.predict_proba(X)[0], clf.predict_proba(X)[0]
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    if method == "temperature":
        codes = y["kind"][kept].map({"ash": 0, "oak": 2}).to_numpy(dtype=int)
        assert clf.temperatures_["kind"] == pytest.approx(best_temperature(raw[kept], codes), rel=1e-5)
        return
    np.testing.assert_array_equal(proba[:, 1], raw[:, 1])
    # The other two are calibrated between themselves.
    pair = raw[:, [0, 2]] / raw[:, [0, 2]].sum(axis=1, keepdims=True)
    labels = y["kind"][kept].to_numpy(dtype=str)
    alone = CalibratedClassifierCV(
        FrozenEstimator(_Given().fit(pair[kept], labels)), method=method, cv=[(np.arange(len(labels)),) * 2]
    )
    expected = alone.fit(pair[kept], labels).predict_proba(pair)
    np.testing.assert_allclose(proba[:, [0, 2]], expected * (1 - raw[:, [1]]), atol=1e-9)


class _Given(KNeighborsClassifier):
    def predict_proba(self, X):
        return X


def test_a_task_that_labels_do_not_calibrate_is_left_as_it_was(frozen, rest):
    X, y = rest
    cases = {
        "it has no label in the calibration rows": y.assign(on=None),
        "its calibration rows hold no label but True": y.assign(on=True),
        "all 160 of its calibration labels are predicted right": y.assign(on=frozen.predict(X)[:, 2].astype(bool)),
    }
    for reason, labels in cases.items():
        with pytest.warns(UncalibratedTaskWarning, match=f"Task 'on' is left uncalibrated: {reason}"):
            clf = MultiTaskCalibratedClassifier(frozen).fit(X, labels)
        assert clf.calibrators_["on"] is None
        assert clf.temperatures_["on"] == 1
        np.testing.assert_array_equal(clf.predict_proba(X)[2], frozen.predict_proba(X)[2])
        assert clf.temperatures_["kind"] > 1.05


def test_a_label_whose_class_the_fold_has_not_seen_says_nothing(linear, noisy):
    frame = noisy.frame.copy()
    frame.loc[0, "kind"] = "yew"  # the only one
    clf = MultiTaskCalibratedClassifier(linear(), cv=THIRDS).fit(noisy.X, frame)
    proba, codes = np.zeros((240, 4)), frame["kind"].map({"ash": 0, "elm": 1, "oak": 2, "yew": 3}).to_numpy()
    for train, test in THIRDS:
        model = linear().fit(noisy.X[train], frame.iloc[train])
        proba[np.ix_(test, np.searchsorted(["ash", "elm", "oak", "yew"], model.classes_[0]))] = model.predict_proba(
            noisy.X[test]
        )[0]
    expected = best_temperature(proba[1:] + 1e-12, codes[1:])
    assert clf.temperatures_["kind"] == pytest.approx(expected, rel=1e-5)
    assert clf.predict_proba(noisy.X)[0].shape == (240, 4)


def test_rows_count_as_often_as_they_are_held_out(linear, noisy):
    train, test = THIRDS[0]
    once = MultiTaskCalibratedClassifier(linear(), cv=[THIRDS[0]]).fit(noisy.X, noisy.frame)
    by_hand = FrozenEstimator(linear().fit(noisy.X[train], noisy.frame.iloc[train]))
    expected = MultiTaskCalibratedClassifier(by_hand).fit(noisy.X[test], noisy.frame.iloc[test])
    assert once.temperatures_ == pytest.approx(expected.temperatures_)
    twice = MultiTaskCalibratedClassifier(linear(), cv=[THIRDS[0], THIRDS[0]]).fit(noisy.X, noisy.frame)
    assert twice.temperatures_ == pytest.approx(once.temperatures_, rel=1e-6)
    drawn = ShuffleSplit(3, random_state=0)
    splitter = MultiTaskCalibratedClassifier(linear(), cv=drawn).fit(noisy.X, noisy.frame)
    listed = MultiTaskCalibratedClassifier(linear(), cv=list(drawn.split(noisy.X))).fit(noisy.X, noisy.frame)
    assert splitter.temperatures_ == listed.temperatures_


def test_ordered_classes_keep_the_median_unless_the_method_moves_decisions(make, digits):
    y = pd.DataFrame({"digit": np.roll(digits.digit, 40), "parity": digits.frame["parity"]})  # digit: hard to tell
    ordinal = make(head={"digit": OrdinalHead()}, max_epochs=4)
    fitted = FrozenEstimator(ordinal.fit(digits.images[:60], y[:60]))
    X, y = digits.images[60:], y[60:]
    own = fitted.predict(X)
    argmax = fitted.predict_proba(X)[0].argmax(axis=1)
    assert (own[:, 0] != argmax).any()  # else this shows nothing
    np.testing.assert_array_equal(MultiTaskCalibratedClassifier(fitted).fit(X, y).predict(X), own)
    moved = MultiTaskCalibratedClassifier(fitted, method="sigmoid").fit(X, y)
    np.testing.assert_array_equal(moved.predict(X)[:, 0], moved.predict_proba(X)[0].argmax(axis=1))
    with pytest.warns(UncalibratedTaskWarning, match="'digit' is left uncalibrated"):
        left = MultiTaskCalibratedClassifier(fitted, method="sigmoid").fit(X, y.assign(digit=None))
    np.testing.assert_array_equal(left.predict(X)[:, 0], own[:, 0])


def test_parallel_folds_give_the_same(make, digits):
    y = digits.frame.assign(parity=np.roll(digits.frame["parity"], 7))
    one = MultiTaskCalibratedClassifier(make(), cv=3).fit(digits.images, y)
    with parallel_config(backend="threading"):
        two = MultiTaskCalibratedClassifier(make(), cv=3, n_jobs=2).fit(digits.images, y)
    assert one.temperatures_ == two.temperatures_
    loaded = pickle.loads(pickle.dumps(one))
    for a, b in zip(loaded.predict_proba(digits.images), one.predict_proba(digits.images), strict=True):
        np.testing.assert_array_equal(a, b)


def test_in_a_search_and_in_a_pipeline(linear, noisy):
    clf = make_pipeline(StandardScaler(), MultiTaskCalibratedClassifier(linear(), cv=2))
    assert cross_val_score(clf, noisy.X, noisy.frame, cv=KFold(2), error_score="raise").min() > 0.5
    grid = {"method": ["temperature", "isotonic"], "estimator__C": [0.1, 1e4]}
    search = GridSearchCV(MultiTaskCalibratedClassifier(linear(), cv=2), grid, cv=KFold(2), error_score="raise")
    assert search.fit(noisy.X, noisy.frame).best_score_ > 0.5


def test_around_a_pipeline(linear, noisy):
    inner = make_pipeline(StandardScaler(), linear())
    clf = MultiTaskCalibratedClassifier(inner, cv=2).fit(noisy.X, noisy.frame[["kind", "on"]])
    assert clf.n_features_in_ == 6
    assert clf.score(noisy.X, noisy.frame[["kind", "on"]]) > 0.6


def test_unknown_method():
    with pytest.raises(ValueError, match="The 'method' parameter of MultiTaskCalibratedClassifier must be a str among"):
        MultiTaskCalibratedClassifier(GaussianNB(), method="platt").fit([[0], [1]], [0, 1])


@pytest.mark.parametrize("seed", [0, 1])
def test_calibration_of_an_overfitted_network_on_real_images(seed):
    X, y = load_glyphs(1280, characters="abdegoqs", jitter=2, random_state=seed, return_X_y=True, as_frame=True)
    # At random: stratified parts would share no character of a font that the folds share.
    X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=300, random_state=seed)
    trunk = ConvTrunk(channels=(8, 16), hidden=(64,))
    network = MultiTaskCNNClassifier(trunk, max_epochs=60, weight_decay=0.0, random_state=seed)
    clf = MultiTaskCalibratedClassifier(network, cv=3).fit(X_train, y_train)
    before = expected_calibration_error(y_test, clf.estimator_.predict_proba(X_test))
    after = expected_calibration_error(y_test, clf.predict_proba(X_test))
    assert after.mean() < before.mean() * 0.6
    assert after["family"] < before["family"] * 0.4
    np.testing.assert_array_equal(clf.predict(X_test), clf.estimator_.predict(X_test))


def whole():
    # The data of the checks in one batch: random batches of weighted and of repeated rows differ.
    network = MultiTaskCNNClassifier(random_state=0, batch_size=512, lr=0.01, max_epochs=10)
    return MultiTaskCalibratedClassifier(network, cv=2)


@pytest.mark.parametrize("check", [c for _, c in estimator_checks_generator(whole())], ids=lambda c: c.func.__name__)
# The checks provoke warnings of scikit-learn's own; some of their tasks are too easy to calibrate.
@pytest.mark.filterwarnings("default", "ignore::skmtl.exceptions.UncalibratedTaskWarning")
def test_check_estimator(check):
    if check.func.__name__ == "check_classifiers_multilabel_output_format_decision_function":
        pytest.skip("no decision_function, as of MultiTaskCNNClassifier")
    check(whole())


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_frozen_multi_label_classifier(noisy):
    y = np.column_stack([noisy.frame["on"], noisy.X[:, 0] > 0]).astype(int)
    network = MLPClassifier((4,), max_iter=400, random_state=0).fit(noisy.X[:120], y[:120])
    clf = MultiTaskCalibratedClassifier(FrozenEstimator(network)).fit(noisy.X[120:], y[120:])
    np.testing.assert_array_equal(clf.predict(noisy.X), network.predict(noisy.X))
    assert [k.tolist() for k in clf.classes_] == [[0, 1], [0, 1]]
    raw, proba = network.predict_proba(noisy.X), clf.predict_proba(noisy.X)
    for t, temperature in enumerate(clf.temperatures_.values()):
        odds = (raw[:, t] / (1 - raw[:, t])) ** (1 / temperature)
        np.testing.assert_allclose(proba[t][:, 1], odds / (1 + odds), rtol=1e-5)
