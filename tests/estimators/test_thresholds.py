"""Decision thresholds of two-class tasks, tuned on rows the model was not trained on."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score, make_scorer, precision_score, recall_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from skmtl import MultiTaskCalibratedClassifier, MultiTaskCNNClassifier, MultiTaskTunedThresholdClassifier
from skmtl.exceptions import UncalibratedTaskWarning
from skmtl.metrics import multi_task_scorer, task_scorer
from skmtl.model_selection._task_subset import subset

THIRDS = [(np.flatnonzero(np.arange(240) % 3 != k), np.flatnonzero(np.arange(240) % 3 == k)) for k in range(3)]


def held_out_proba(model, X, y, task):
    proba = np.empty(len(X))
    for train, test in THIRDS:
        proba[test] = clone(model).fit(X[train], y.iloc[train]).predict_proba(X[test])[task][:, 1]
    return proba


def best_of(score, y_true, proba, classes, n=100):
    """Return the best score over n steps of the threshold and the steps that reach it."""
    candidates = np.linspace(proba.min(), proba.max(), n)
    scores = np.array([score(y_true, classes[(proba >= c).astype(int)]) for c in candidates])
    return scores.max(), candidates[scores == scores.max()]


def test_thresholds_are_the_best_on_held_out_rows(linear, noisy):
    clf = MultiTaskTunedThresholdClassifier(linear(), cv=THIRDS).fit(noisy.X, noisy.frame)
    assert list(clf.thresholds_) == list(clf.best_scores_) == ["flag", "on"]
    for task, name in ((1, "flag"), (2, "on")):
        labelled = noisy.frame[name].notna().to_numpy()
        y_true = np.array(noisy.frame[name][labelled].tolist())
        proba = held_out_proba(linear(), noisy.X, noisy.frame, task)[labelled]
        score, thresholds = best_of(balanced_accuracy_score, y_true, proba, np.unique(y_true))
        assert clf.best_scores_[name] == pytest.approx(score, rel=1e-12)
        assert clf.thresholds_[name] in thresholds
    assert clf.thresholds_["flag"] < 0.4  # few "yes", which count as much as all "no"


@pytest.mark.parametrize("scoring", ["balanced_accuracy", "f1", "precision", "matthews_corrcoef"])
def test_one_task_reaches_the_score_of_scikit_learns(noisy, scoring):
    y = (noisy.frame["flag"] == "yes").to_numpy(dtype=int)
    fitted = FrozenEstimator(LogisticRegression().fit(noisy.X[:80], y[:80]))
    X, y = noisy.X[80:], y[80:]
    ours = MultiTaskTunedThresholdClassifier(fitted, scoring=scoring).fit(X, y)
    theirs = TunedThresholdClassifierCV(
        fitted, scoring=scoring, cv="prefit", refit=False, response_method="predict_proba", store_cv_results=True
    )
    theirs.fit(X, y)
    assert ours.best_scores_["task0"] == pytest.approx(theirs.best_score_)
    curve = dict(zip(theirs.cv_results_["thresholds"], theirs.cv_results_["scores"], strict=True))
    assert curve[ours.thresholds_["task0"]] == pytest.approx(theirs.best_score_)


def test_predictions_cut_the_probabilities_of_the_refitted_estimator(linear, noisy):
    clf = MultiTaskTunedThresholdClassifier(linear(), cv=THIRDS).fit(noisy.X, noisy.frame)
    plain = linear().fit(noisy.X, noisy.frame)
    for a, b in zip(clf.predict_proba(noisy.X), plain.predict_proba(noisy.X), strict=True):
        np.testing.assert_array_equal(a, b)
    predicted = clf.predict(noisy.X)
    np.testing.assert_array_equal(predicted[:, 0], plain.predict(noisy.X)[:, 0])  # three classes
    yes = plain.predict_proba(noisy.X)[1][:, 1] >= clf.thresholds_["flag"]
    np.testing.assert_array_equal(predicted[:, 1], np.where(yes, "yes", "no"))
    assert (predicted[:, 1] != plain.predict(noisy.X)[:, 1]).any()


def test_the_middle_of_a_plateau_is_taken(linear, noisy):
    class Known(linear):
        def predict_proba(self, X):
            return np.column_stack([1 - X[:, 0], X[:, 0]])

    X = np.array([[0.0], [0.1], [0.2], [0.8], [0.9], [1.0]])
    y = np.array([0, 0, 0, 1, 1, 1])
    fitted = FrozenEstimator(Known().fit(X, y))
    clf = MultiTaskTunedThresholdClassifier(fitted, thresholds=np.linspace(0, 1, 101)).fit(X, y)
    assert clf.thresholds_ == {"task0": pytest.approx(0.51)}  # 0.21, 0.22 ... 0.80 are equally good
    assert clf.best_scores_ == {"task0": 1.0}


def test_candidates_can_be_given(linear, noisy):
    clf = MultiTaskTunedThresholdClassifier(linear(), thresholds=[0.9, 0.25], cv=3).fit(noisy.X, noisy.frame)
    assert clf.thresholds_["flag"] == 0.25
    clf = MultiTaskTunedThresholdClassifier(linear(), thresholds=[0.5], cv=3).fit(noisy.X, noisy.frame)
    np.testing.assert_array_equal(clf.predict(noisy.X), clf.estimator_.predict(noisy.X))


def test_every_task_its_metric(linear, noisy):
    scoring = {"flag": "f1", "on": "accuracy"}
    clf = MultiTaskTunedThresholdClassifier(linear(), scoring=scoring, cv=THIRDS).fit(noisy.X, noisy.frame)
    labelled = noisy.frame["flag"].notna().to_numpy()
    proba = held_out_proba(linear(), noisy.X, noisy.frame, 1)[labelled]
    yes = (noisy.frame["flag"][labelled] == "yes").to_numpy(dtype=int)
    assert clf.best_scores_["flag"] == best_of(f1_score, yes, proba, np.array([0, 1]))[0]
    only = MultiTaskTunedThresholdClassifier(linear(), scoring={"flag": "f1"}, cv=THIRDS).fit(noisy.X, noisy.frame)
    assert only.thresholds_ == {"flag": clf.thresholds_["flag"]}
    np.testing.assert_array_equal(only.predict(noisy.X)[:, 2], only.estimator_.predict(noisy.X)[:, 2])


@pytest.mark.parametrize(
    ("labels", "positive"),
    [(["no", "yes"], "yes"), ([False, True], True), ([1, 2], 1), ([0.0, 1.0], 1.0), ([2, 7], 7)],
    ids=str,
)
def test_the_positive_class_is_1_or_else_the_second(linear, noisy, labels, positive):
    y = np.array(labels)[(noisy.frame["flag"] == "yes").to_numpy(dtype=int)]
    fitted = FrozenEstimator(linear().fit(noisy.X[:80], y[:80]))
    clf = MultiTaskTunedThresholdClassifier(fitted, scoring="f1").fit(noisy.X[80:], y[80:])
    assert clf.predict(noisy.X).dtype == y.dtype
    predicted = clf.predict(noisy.X[80:])
    assert clf.best_scores_["task0"] == f1_score(y[80:], predicted, pos_label=positive)
    assert clf.best_scores_["task0"] == task_scorer(0, "f1")(clf, noisy.X[80:], y[80:])


def test_a_scorer_may_name_another_class(linear, noisy):
    y = noisy.frame["flag"].fillna("no").to_numpy(dtype=str)
    fitted = FrozenEstimator(linear().fit(noisy.X[:80], y[:80]))
    scoring = make_scorer(f1_score, pos_label="no")
    clf = MultiTaskTunedThresholdClassifier(fitted, scoring=scoring).fit(noisy.X[80:], y[80:])
    predicted = clf.predict(noisy.X[80:])
    assert clf.best_scores_["task0"] == f1_score(y[80:], predicted, pos_label="no")
    np.testing.assert_array_equal(predicted == "yes", clf.predict_proba(noisy.X[80:])[:, 1] >= clf.thresholds_["task0"])


def test_a_metric_function(linear, noisy):
    def cost(y_true, y_pred):
        return -np.mean(np.where(y_true == "yes", 9, 1) * (y_true != y_pred))

    y = noisy.frame["flag"].fillna("no").to_numpy(dtype=str)
    clf = MultiTaskTunedThresholdClassifier(linear(), scoring=cost, cv=3).fit(noisy.X, y)
    plain = linear().fit(noisy.X, y)
    assert cost(y, clf.predict(noisy.X)) > cost(y, plain.predict(noisy.X))


def test_cells_without_label_or_of_weight_0_are_as_good_as_absent(linear, noisy):
    fitted = FrozenEstimator(linear().fit(noisy.X[:80], noisy.frame[:80]))
    X, y = noisy.X[80:], noisy.frame[80:].reset_index(drop=True)
    gone = np.arange(160) % 4 == 0
    hidden = y.assign(on=y["on"].astype(object).where(~gone, None))
    weight = pd.DataFrame({"flag": 1.0, "on": np.where(gone, 0.0, 1.0), "kind": 1.0})
    expected = MultiTaskTunedThresholdClassifier(fitted).fit(X[~gone], y[~gone])
    by_label = MultiTaskTunedThresholdClassifier(fitted).fit(X, hidden)
    by_weight = MultiTaskTunedThresholdClassifier(fitted).fit(X, y, sample_weight=weight)
    for clf in (by_label, by_weight):
        assert clf.thresholds_["on"] == expected.thresholds_["on"]
        assert clf.best_scores_["on"] == pytest.approx(expected.best_scores_["on"])
    repeats = np.arange(160) % 3
    weighted = MultiTaskTunedThresholdClassifier(fitted).fit(X, y, sample_weight=repeats)
    repeated = MultiTaskTunedThresholdClassifier(fitted).fit(
        np.repeat(X, repeats, axis=0), y.loc[y.index.repeat(repeats)]
    )
    assert weighted.best_scores_ == pytest.approx(repeated.best_scores_)
    assert weighted.thresholds_ == pytest.approx(repeated.thresholds_)


def test_a_task_without_a_best_threshold_keeps_the_estimators_predictions(linear, noisy):
    fitted = FrozenEstimator(linear().fit(noisy.X, noisy.frame))
    for labels, reason in ((None, "hold no label,"), (True, "hold no label but True,")):
        with pytest.warns(UncalibratedTaskWarning, match=f"Task 'on' keeps the predictions .*{reason}"):
            clf = MultiTaskTunedThresholdClassifier(fitted).fit(noisy.X, noisy.frame.assign(on=labels))
        assert list(clf.thresholds_) == ["flag"]
        np.testing.assert_array_equal(clf.predict(noisy.X)[:, 2], fitted.predict(noisy.X)[:, 2])
    with pytest.warns(UncalibratedTaskWarning, match="'on' keeps .* its metric 'nothing' is not defined at any"):
        clf = MultiTaskTunedThresholdClassifier(fitted, scoring={"on": nothing}).fit(noisy.X, noisy.frame)
    assert clf.thresholds_ == clf.best_scores_ == {}
    same = np.zeros((240, 6))
    with pytest.warns(UncalibratedTaskWarning, match="'on' keeps .* all its held-out rows have the probability 0"):
        MultiTaskTunedThresholdClassifier(fitted, scoring={"on": "f1"}).fit(same, noisy.frame)


@pytest.mark.parametrize(
    ("scoring", "thresholds", "label"),
    [
        ("recall", 100, "'yes'"),
        (make_scorer(recall_score, pos_label="no"), [0.0, 0.3, 1.0], "'no'"),
        ("accuracy", [0.3, 1.0], "'no'"),  # few "yes", and these probabilities say nothing about them
    ],
)
def test_a_metric_that_one_class_alone_satisfies(linear, noisy, scoring, thresholds, label):
    flag = noisy.frame["flag"].fillna("no").to_numpy()
    frozen = FrozenEstimator(linear(C=1e-3).fit(noisy.X[:, ::-1], flag[::-1]))
    with pytest.warns(
        UncalibratedTaskWarning, match=f"No threshold of task 'task0' .* predicting {label} for all held"
    ):
        clf = MultiTaskTunedThresholdClassifier(frozen, scoring=scoring, thresholds=thresholds).fit(noisy.X, flag)
    assert (
        clf.best_scores_["task0"]
        == clf.curves_["task0"]["score"].max()
        == max(np.mean(flag == "no"), scoring != "accuracy")
    )


def test_labels_of_objects_in_messages(linear, noisy):
    frozen = FrozenEstimator(linear().fit(noisy.X, noisy.frame))
    with pytest.warns(UncalibratedTaskWarning, match="Task 'flag' keeps .* its held-out rows hold no label but 'no'"):
        MultiTaskTunedThresholdClassifier(frozen).fit(noisy.X, noisy.frame.assign(flag="no"))


def test_curves_are_the_scores_of_all_candidates(linear, noisy):
    scoring = {"flag": "f1", "on": nothing_below_half}
    clf = MultiTaskTunedThresholdClassifier(linear(), scoring=scoring, cv=THIRDS).fit(noisy.X, noisy.frame)
    labelled = noisy.frame["flag"].notna().to_numpy()
    proba = held_out_proba(linear(), noisy.X, noisy.frame, 1)[labelled]
    yes = (noisy.frame["flag"][labelled] == "yes").to_numpy(dtype=int)
    curve = clf.curves_["flag"]
    np.testing.assert_array_equal(curve["threshold"], np.linspace(proba.min(), proba.max(), 100))
    np.testing.assert_allclose(curve["score"], [f1_score(yes, proba >= c) for c in curve["threshold"]])
    assert curve["score"].max() == clf.best_scores_["flag"]
    assert clf.thresholds_["flag"] in curve["threshold"].to_numpy()
    assert list(clf.curves_) == ["flag", "on"]
    assert clf.curves_["on"]["score"].isna().any()
    assert np.isfinite(clf.best_scores_["on"])


def nothing_below_half(y_true, y_pred):
    return np.nan if np.mean(y_pred) > 0.5 else np.mean(y_true == y_pred)


def recall_at_precision(y_true, y_pred, pos_label=1, floor=0.8):
    precise = precision_score(y_true, y_pred, pos_label=pos_label, zero_division=0) >= floor
    return recall_score(y_true, y_pred, pos_label=pos_label) if precise else 0.0


@pytest.mark.parametrize("labels", [["no", "yes"], [0, 1]], ids=str)
def test_recall_at_a_precision(linear, noisy, labels):
    y = np.array(labels)[(noisy.frame["flag"] == "yes").to_numpy(dtype=int)]
    fitted = FrozenEstimator(linear().fit(noisy.X[:80], y[:80]))
    clf = MultiTaskTunedThresholdClassifier(fitted, scoring=recall_at_precision).fit(noisy.X[80:], y[80:])
    proba = fitted.predict_proba(noisy.X[80:])[:, 1]
    reached = [
        recall_score(y[80:] == labels[1], proba >= c)
        for c in np.linspace(proba.min(), proba.max(), 100)
        if precision_score(y[80:] == labels[1], proba >= c) >= 0.8
    ]
    assert clf.best_scores_["task0"] == max(reached) < 1
    assert precision_score(y[80:], clf.predict(noisy.X[80:]), pos_label=labels[1]) >= 0.8


def test_a_fixed_threshold_around_a_fitted_model(linear, noisy):
    frozen = FrozenEstimator(linear().fit(noisy.X, noisy.frame))
    clf = MultiTaskTunedThresholdClassifier(frozen, scoring={"flag": "f1"}, thresholds=[0.2])
    clf.fit(noisy.X[:30], noisy.frame[:30])
    assert clf.thresholds_ == {"flag": 0.2}
    yes = frozen.predict_proba(noisy.X)[1][:, 1] >= 0.2
    np.testing.assert_array_equal(clf.predict(noisy.X)[:, 1], np.where(yes, "yes", "no"))
    np.testing.assert_array_equal(clf.predict(noisy.X)[:, 2], frozen.predict(noisy.X)[:, 2])


def nothing(y_true, y_pred):
    return np.nan


def test_without_a_task_to_tune_no_fold_is_fitted(linear, noisy):
    class Counting(linear):
        fits: list = []  # shared by the clones

        def fit(self, X, y, sample_weight=None):
            self.fits.append(len(X))
            return super().fit(X, y, sample_weight)

    clf = MultiTaskTunedThresholdClassifier(Counting()).fit(noisy.X, noisy.frame["kind"].to_numpy(dtype=str))
    assert Counting.fits == [240]
    assert clf.thresholds_ == clf.best_scores_ == {}
    np.testing.assert_array_equal(clf.predict(noisy.X), clf.estimator_.predict(noisy.X))


@pytest.fixture
def spy(linear):
    """A classifier that notes which rows it is fitted on and predicts; column 0 numbers the rows."""

    class Spy(linear):
        seen: list = []  # shared by the clones

        def fit(self, X, y, sample_weight=None):
            self.trained_on_ = set(X[:, 0].astype(int).tolist())
            return super().fit(X[:, 1:], y, sample_weight)

        def predict_proba(self, X):
            self.seen.append((self.trained_on_, set(X[:, 0].astype(int).tolist())))
            return super().predict_proba(X[:, 1:])

        def predict(self, X):
            return super().predict(X[:, 1:])

    return Spy


def test_thresholds_come_from_rows_the_model_was_not_trained_on(spy, noisy):
    X = np.column_stack([np.arange(240), noisy.X])
    MultiTaskTunedThresholdClassifier(spy(), cv=4).fit(X, noisy.frame)
    assert len(spy.seen) == 4
    for trained_on, predicted in spy.seen:
        assert not trained_on & predicted
        assert trained_on | predicted == set(range(240))


def test_thresholds_are_never_tuned_on_the_test_fold(spy, noisy):
    X = np.column_stack([np.arange(240), noisy.X])
    folds = KFold(2)
    tuned = MultiTaskTunedThresholdClassifier(spy(), cv=3)
    result = cross_validate(tuned, X, noisy.frame, cv=folds, return_estimator=True, error_score="raise")
    for (train, _), clf in zip(folds.split(X), result["estimator"], strict=True):
        inside = [predicted for trained_on, predicted in spy.seen if trained_on < set(train.tolist())]
        assert len(inside) == 3
        assert set.union(*inside) == set(train.tolist())
        assert clf.estimator_.trained_on_ == set(train.tolist())
        alone = clone(tuned).fit(X[train], noisy.frame.iloc[train])
        assert alone.thresholds_ == clf.thresholds_
    codes = np.column_stack([noisy.frame["flag"] == "yes", noisy.frame["on"]]).astype(int)
    predicted = cross_val_predict(MultiTaskTunedThresholdClassifier(spy(), cv=3), X, codes, cv=folds)
    train, test = next(folds.split(X))
    by_hand = MultiTaskTunedThresholdClassifier(spy(), cv=3).fit(X[train], codes[train])
    np.testing.assert_array_equal(predicted[test], by_hand.predict(X[test]))


def test_around_calibration_around_a_network(make, digits):
    y = digits.frame.assign(parity=np.roll(digits.frame["parity"], 7))
    calibrated = MultiTaskCalibratedClassifier(make(), method="sigmoid", cv=2)
    clf = MultiTaskTunedThresholdClassifier(calibrated, scoring="f1", cv=2)
    clf.set_params(estimator__estimator__lr=0.005)
    clf.fit(digits.images, y)
    assert clf.estimator_.estimator_.lr == 0.005
    assert list(clf.thresholds_) == ["parity"]
    loaded = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(loaded.predict(digits.images), clf.predict(digits.images))
    # A search tunes what lies within, and reads the scores of every task.
    scores = multi_task_scorer(["accuracy"])(clf, digits.images, y)
    assert scores["parity_accuracy"] == np.mean(clf.predict(digits.images)[:, 1] == y["parity"])


def test_in_a_search_and_in_a_pipeline(linear, noisy):
    clf = make_pipeline(StandardScaler(), MultiTaskTunedThresholdClassifier(linear(), cv=2))
    assert cross_val_score(clf, noisy.X, noisy.frame, cv=KFold(2), error_score="raise").min() > 0.5
    grid = {"scoring": ["f1", {"flag": "jaccard"}], "estimator__C": [0.1, 1e4]}
    search = GridSearchCV(MultiTaskTunedThresholdClassifier(linear(), cv=2), grid, cv=KFold(2), error_score="raise")
    assert search.fit(noisy.X, noisy.frame).best_score_ > 0.5


def test_fewer_tasks_keep_their_metrics(linear, noisy):
    clf = MultiTaskTunedThresholdClassifier(linear(), scoring={"flag": "f1", 2: "accuracy"})
    fewer, _, y = subset(clf, noisy.X, noisy.frame, [2])
    assert fewer.scoring == {"on": "accuracy"}
    assert list(fewer.fit(noisy.X, y).thresholds_) == ["on"]
    same, _, _ = subset(MultiTaskTunedThresholdClassifier(linear()), noisy.X, noisy.frame, [0, 1])
    assert same.scoring == "balanced_accuracy"


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"scoring": "f1_score"}, ValueError, r"scoring: metric must be .* Got 'f1_score' instead\. Did you mean 'f1'"),
        ({"scoring": "roc_auc"}, ValueError, "scoring 'roc_auc' judges probabilities"),
        ({"scoring": {"flag": "neg_log_loss"}}, ValueError, "scoring 'neg_log_loss' judges probabilities"),
        ({"scoring": {"flga": "f1"}}, ValueError, "scoring names the task 'flga'.* Did you mean 'flag'"),
        ({"scoring": {"kind": "f1"}}, ValueError, "the task 'kind', which has 3 classes"),
        ({"scoring": 3}, ValueError, "The 'scoring' parameter of MultiTaskTunedThresholdClassifier must be"),
        ({"thresholds": 1}, ValueError, "The 'thresholds' parameter of MultiTaskTunedThresholdClassifier must be"),
        ({"thresholds": [0.2, 1.5]}, ValueError, "thresholds must be an int of at least 2 or a list of numbers"),
        ({"thresholds": ["low"]}, ValueError, "thresholds must be an int of at least 2 or a list of numbers"),
        ({"thresholds": []}, ValueError, "thresholds must be an int of at least 2 or a list of numbers"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_before_any_fit(linear, noisy, params, error, message):
    class NeverFitted(linear):
        def fit(self, X, y, sample_weight=None):
            raise AssertionError("fitted")

    with pytest.raises(error, match=message):
        MultiTaskTunedThresholdClassifier(NeverFitted(), **params).fit(noisy.X, noisy.frame)


def test_a_metric_without_weights_refuses_them(linear, noisy):
    def agreement(y_true, y_pred):
        return np.mean(y_true == y_pred)

    with pytest.raises(ValueError, match="the metric 'agreement' takes none"):
        MultiTaskTunedThresholdClassifier(linear(), scoring=agreement).fit(noisy.X, noisy.frame, np.ones(240))


def whole(**params):
    # The data of the checks in one batch: random batches of weighted and of repeated rows differ.
    network = MultiTaskCNNClassifier(random_state=0, batch_size=512, lr=0.01, max_epochs=10)
    return MultiTaskTunedThresholdClassifier(network, cv=2, **params)


# They hold predictions of two classes to the larger probability, which is what a tuned threshold departs from:
# scikit-learn expects its TunedThresholdClassifierCV to fail there. At a threshold of 1/2 they must pass.
AT_ONE_HALF = ("check_classifiers_train", "check_classifier_multioutput")


@pytest.mark.parametrize("check", [c for _, c in estimator_checks_generator(whole())], ids=lambda c: c.func.__name__)
# The checks provoke warnings of scikit-learn's own; in some of their tasks no threshold tells two classes apart.
@pytest.mark.filterwarnings("default", "ignore::skmtl.exceptions.UncalibratedTaskWarning")
def test_check_estimator(check):
    if check.func.__name__ == "check_classifiers_multilabel_output_format_decision_function":
        pytest.skip("no decision_function, as of MultiTaskCNNClassifier")
    check(whole(thresholds=[0.5]) if check.func.__name__ in AT_ONE_HALF else whole())
