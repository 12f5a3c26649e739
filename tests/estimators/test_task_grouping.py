import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import estimator_checks_generator

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import TaskImages
from skmtl.estimators import (
    MultiTaskCalibratedClassifier,
    MultiTaskTunedThresholdClassifier,
    TaskGroupingClassifier,
)
from skmtl.metrics import mean_task_score, multi_task_scorer
from skmtl.model_selection import (
    MultiTaskStratifiedKFold,
    TaskGrouping,
    compare_with_single_task,
    select_task_groups,
    task_affinity,
)

GROUPS = [("kind", "on"), ("flag",)]


class Constant(ClassifierMixin, BaseEstimator):
    """Predicts the first label and no probability."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))


def whole():
    return TaskGroupingClassifier(MultiTaskCNNClassifier())


@pytest.mark.parametrize("check", [c for _, c in estimator_checks_generator(whole())], ids=lambda c: c.func.__name__)
# The checks provoke warnings of scikit-learn's own; their labels are random.
@pytest.mark.filterwarnings("default", "ignore::skmtl.exceptions.UnstableAffinityWarning")
def test_check_estimator(check):
    if check.func.__name__ == "check_classifiers_multilabel_output_format_decision_function":
        pytest.skip("no decision_function, as of MultiTaskCNNClassifier")
    check(whole())


def test_each_task_is_what_its_groups_network_says(linear, noisy):
    clf = TaskGroupingClassifier(linear(), GROUPS).fit(noisy.X, noisy.frame)
    assert clf.groups_ == GROUPS
    assert clf.assignment_ == {"kind": GROUPS[0], "flag": GROUPS[1], "on": GROUPS[0]}
    assert clf.affinity_ is None
    together, alone = clf.estimators_
    assert together.task_names_ == ["kind", "on"]
    assert alone.task_names_ == ["flag"]
    predicted, proba = clf.predict(noisy.X), clf.predict_proba(noisy.X)
    np.testing.assert_array_equal(predicted[:, 1], alone.predict(noisy.X))
    np.testing.assert_array_equal(predicted[:, [0, 2]], together.predict(noisy.X))
    np.testing.assert_array_equal(proba[1], alone.predict_proba(noisy.X))
    np.testing.assert_array_equal(proba[2], together.predict_proba(noisy.X)[1])
    assert clf.score(noisy.X, noisy.frame) == mean_task_score(noisy.frame, predicted)
    assert [k.tolist() for k in clf.classes_] == [["ash", "elm", "oak"], ["no", "yes"], [False, True]]


def test_the_group_that_serves_predicts(noisy, linear):
    groups = [("kind", "flag"), ("flag", "on")]
    first = TaskGroupingClassifier(linear(), groups).fit(noisy.X, noisy.frame)
    assert first.assignment_["flag"] == ("kind", "flag")
    grouping = TaskGrouping(groups, {"kind": groups[0], "flag": groups[1], "on": groups[1]}, 0.0, 2)
    second = TaskGroupingClassifier(linear(), grouping).fit(noisy.X, noisy.frame)
    for clf, serving in ((first, 0), (second, 1)):
        clf.estimators_[1 - serving].models_[serving].coef_ *= -1  # what the other group says of the flag
        own = clf.estimators_[serving].predict(noisy.X)[:, 1 - serving]
        np.testing.assert_array_equal(clf.predict(noisy.X)[:, 1], own)
        assert np.mean(own == noisy.frame["flag"]) > 0.5
    np.testing.assert_array_equal(first.predict(noisy.X), second.predict(noisy.X))


def test_networks_equal_those_trained_by_hand(make, digits):
    y = digits.frame
    frame = pd.DataFrame({"digit": y.iloc[:, 0], "other": y.iloc[:, 1], "again": y.iloc[:, 0]})
    clf = make(task_weights={"digit": 3, "other": 1, "again": 1}, head={"other": "mlp"})
    grouped = TaskGroupingClassifier(clf, [("digit", "other"), ("again",)]).fit(digits.images, frame)
    by_hand = make(task_weights=[3, 1], head={"other": "mlp"}).fit(digits.images, frame[["digit", "other"]])
    alone = make().fit(digits.images, frame["again"])
    proba = grouped.predict_proba(digits.images)
    np.testing.assert_array_equal(proba[0], by_hand.predict_proba(digits.images)[0])
    np.testing.assert_array_equal(proba[1], by_hand.predict_proba(digits.images)[1])
    np.testing.assert_array_equal(proba[2], alone.predict_proba(digits.images))
    assert clf.task_weights == {"digit": 3, "other": 1, "again": 1}


def test_auto_takes_the_groups_of_the_affinity(noisy, linear):
    frame = noisy.frame.assign(twin=noisy.frame["kind"], on2=~noisy.frame["on"])[["kind", "on", "flag", "on2", "twin"]]
    clf = TaskGroupingClassifier(linear(), affinity="label_association", n_groups=3, allow_singletons=True)
    clf.set_params(random_state=0).fit(noisy.X, frame)
    assert ("kind", "twin") in clf.groups_
    assert ("on", "on2") in clf.groups_
    assert clf.affinity_.method == "label_association"


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.UnstableAffinityWarning")  # two epochs say little
def test_auto_with_lookahead_is_deterministic(make, digits):
    y = np.column_stack([digits.codes, digits.codes[:, 0]])
    clf = TaskGroupingClassifier(make(), n_groups=2, random_state=3)
    one, two = (clone(clf).fit(digits.images, y) for _ in range(2))
    assert one.groups_ == two.groups_ == select_task_groups(one.affinity_, 2).groups
    assert one.affinity_.method == "lookahead"
    np.testing.assert_array_equal(one.affinity_.affinity, two.affinity_.affinity)
    np.testing.assert_array_equal(one.predict(digits.images), two.predict(digits.images))


def test_one_group_needs_no_measuring(noisy, linear):
    clf = TaskGroupingClassifier(linear(), n_groups=1).fit(noisy.X, noisy.frame)  # no network to look ahead with
    assert clf.groups_ == [("kind", "flag", "on")]
    assert clf.affinity_ is None


def test_weights_of_cells_go_to_their_tasks(noisy, linear):
    weights = np.random.default_rng(1).uniform(0.1, 2, (240, 3))
    clf = TaskGroupingClassifier(linear(C=0.1), GROUPS).fit(noisy.X, noisy.frame, sample_weight=weights)
    by_hand = linear(C=0.1).fit(noisy.X, noisy.frame["flag"], weights[:, 1])
    np.testing.assert_array_equal(clf.estimators_[1].predict_proba(noisy.X), by_hand.predict_proba(noisy.X))
    rows = TaskGroupingClassifier(linear(C=0.1), GROUPS).fit(noisy.X, noisy.frame, sample_weight=weights[:, 0])
    by_hand = linear(C=0.1).fit(noisy.X, noisy.frame["flag"], weights[:, 0])
    np.testing.assert_array_equal(rows.estimators_[1].predict_proba(noisy.X), by_hand.predict_proba(noisy.X))


@pytest.mark.parametrize(
    "around", [lambda inner: inner, lambda inner: GridSearchCV(inner, {}, cv=KFold(2), scoring=lambda *_: 1.0)]
)
def test_weights_of_cells_reach_the_last_step_of_a_pipeline(noisy, linear, around):
    weights = pd.DataFrame(np.random.default_rng(1).uniform(0.1, 2, (240, 3)), columns=["on", "flag", "kind"])
    pipeline = around(make_pipeline(FunctionTransformer(), linear(C=0.1)))
    wrapped = TaskGroupingClassifier(pipeline, GROUPS).fit(noisy.X, noisy.frame, sample_weight=weights)
    plain = TaskGroupingClassifier(linear(C=0.1), GROUPS).fit(noisy.X, noisy.frame, sample_weight=weights)
    for a, b in zip(wrapped.predict_proba(noisy.X), plain.predict_proba(noisy.X), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(TypeError, match="unexpected keyword argument 'epochs'"):
        plain.fit(noisy.X, noisy.frame, epochs=3)


@pytest.mark.parametrize("targets", [["kind", "flag"], ["flag"]], ids=len)
def test_scikit_learns_classifiers_never_see_a_missing_label(noisy, targets):
    labelled = noisy.frame["flag"].notna().to_numpy()
    weights = np.linspace(0.1, 2, 240)
    forest = RandomForestClassifier(n_estimators=3, random_state=0)
    for values, labels in (
        (["no", "yes"], noisy.frame["flag"]),
        ([0, 1], noisy.frame["flag"].map({"no": 0, "yes": 1})),
    ):
        y = noisy.frame.assign(flag=labels)[targets]
        clf = TaskGroupingClassifier(forest, [(name,) for name in targets]).fit(noisy.X, y, sample_weight=weights)
        codes = (noisy.frame["flag"][labelled] == "yes").to_numpy(dtype=int)
        by_hand = clone(forest).fit(noisy.X[labelled], codes, weights[labelled])
        np.testing.assert_array_equal(clf.predict(noisy.X)[:, -1], np.array(values)[by_hand.predict(noisy.X)])
        proba = clf.predict_proba(noisy.X)
        np.testing.assert_array_equal(proba[-1], by_hand.predict_proba(noisy.X))


def test_groups_of_rows_reach_the_folds_of_every_network(noisy, linear):
    rows = np.random.default_rng(0).integers(0, 4, 240)
    scores = {"scoring": multi_task_scorer(), "refit": "mean_accuracy"}
    search = GridSearchCV(linear(), {"C": [1e-3, 1.0]}, cv=GroupKFold(4), **scores)
    clf = TaskGroupingClassifier(search, GROUPS).fit(noisy.X, noisy.frame, groups=rows)
    kept = noisy.frame["flag"].notna().to_numpy()
    labelled = {"X": noisy.X[kept], "y": noisy.frame["flag"][kept], "groups": rows[kept]}
    by_hand = clone(search).fit(**labelled)
    for result in ("split0_test_mean_accuracy", "split3_test_mean_accuracy"):
        np.testing.assert_array_equal(clf.estimators_[1].cv_results_[result], by_hand.cv_results_[result])
    calibrated = MultiTaskCalibratedClassifier(linear(), cv=GroupKFold(4))
    with config_context(enable_metadata_routing=True):
        clf = TaskGroupingClassifier(calibrated, GROUPS).fit(noisy.X, noisy.frame, groups=rows)
        by_hand = clone(calibrated).fit(**labelled)
    assert clf.estimators_[1].temperatures_ == by_hand.temperatures_


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.UnstableAffinityWarning")  # an epoch says little
@pytest.mark.parametrize("affinity", ["lookahead", "transfer", "label_association"])
def test_groups_of_rows_reach_the_affinity(make, digits, affinity):
    y = np.column_stack([digits.codes, digits.codes[:, 0]])
    search = GridSearchCV(make(max_epochs=1), {"lr": [0.01]}, cv=GroupKFold(2))
    clf = TaskGroupingClassifier(search, affinity=affinity, random_state=0)
    clf.fit(digits.images, y, groups=np.arange(120) % 8)  # without groups the search would fail
    assert len(clf.estimators_) == len(clf.groups_)
    assert clf.affinity_.method == affinity


def test_weights_are_routed(noisy, linear):
    weights = np.random.default_rng(1).uniform(0.1, 2, (240, 3))
    plain = TaskGroupingClassifier(linear(C=0.1), GROUPS).fit(noisy.X, noisy.frame, sample_weight=weights)
    with config_context(enable_metadata_routing=True):
        inner = make_pipeline(FunctionTransformer(), linear(C=0.1).set_fit_request(sample_weight=True))
        routed = TaskGroupingClassifier(inner, GROUPS).fit(noisy.X, noisy.frame, sample_weight=weights)
        with pytest.raises(TypeError, match="epochs"):
            routed.fit(noisy.X, noisy.frame, epochs=3)
    for a, b in zip(routed.predict_proba(noisy.X), plain.predict_proba(noisy.X), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_frame_of_weights_reaches_the_affinity(noisy, linear):
    y = np.column_stack([noisy.frame["on"], noisy.X[:, 5] > 0, noisy.X[:, 4] > 0]).astype(int)
    weights = np.random.default_rng(1).uniform(0.1, 2, (240, 3))
    frame = pd.DataFrame(weights, columns=list("uvw"))  # by position, as for the networks: the tasks have no names
    clf = TaskGroupingClassifier(linear(C=0.1), affinity="transfer", random_state=0)
    losses = [clone(clf).fit(noisy.X, y, sample_weight=w).affinity_.losses for w in (frame, weights, None)]
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.UnstableAffinityWarning")  # there is little to find
def test_labels_that_do_not_count_are_not_associated(noisy, linear):
    weights = np.ones((240, 3))
    weights[::3, 2] = 0
    clf = TaskGroupingClassifier(linear(), affinity="label_association", random_state=0)
    clf.fit(noisy.X, noisy.frame, sample_weight=weights)
    hidden = noisy.frame.assign(on=noisy.frame["on"].astype(object).where(weights[:, 2] > 0, None))
    expected = task_affinity(None, None, hidden, "label_association", random_state=0).affinity
    np.testing.assert_array_equal(clf.affinity_.affinity, expected)


@pytest.mark.parametrize("kind", [dict, TaskImages])
def test_an_input_per_task(make, digits, kind):
    flipped = digits.images[:, ::-1].copy()
    y = pd.DataFrame({"a": digits.codes[:, 0], "b": digits.codes[:, 1], "c": digits.codes[:, 0]})
    X = kind({"a": digits.images, "b": flipped, "c": flipped})
    clf = TaskGroupingClassifier(make(), [("a", "b"), ("c",)]).fit(X, y)
    alone = make().fit({"c": flipped}, y["c"])
    np.testing.assert_array_equal(clf.predict(X)[:, 2], alone.predict({"c": flipped}))


class Scaled(TransformerMixin, BaseEstimator):
    """Scales the rows of every task by its own maximum; rows of NaN come to be masked."""

    def fit(self, X, y=None):
        self.scale_ = {task: np.nanmax(rows) for task, rows in X.items()}
        return self

    def transform(self, X):
        return {task: np.ma.masked_invalid(X[task] / scale) for task, scale in self.scale_.items()}


@pytest.mark.parametrize("lost", [[], [0, 3, 7]], ids=["all readable", "some unreadable"])
def test_steps_of_a_group_see_the_inputs_of_its_tasks_only(make, digits, lost):
    rows = digits.images.reshape(120, -1)
    images, y = {"digit": rows, "parity": rows.copy()}, digits.frame
    images["parity"][lost] = np.nan
    clf = TaskGroupingClassifier(make_pipeline(Scaled(), make(image_shape=(8, 8))), [("digit",), ("parity",)])
    right = (clf.fit(images, y).predict(images) == y).astype(float)
    right.loc[lost, "parity"] = np.nan
    expected = right.mean().mean()
    assert clf.score(images, y) == pytest.approx(expected)
    assert multi_task_scorer("accuracy")(clf, images, y)["mean_accuracy"] == pytest.approx(expected)


def test_any_classifier_and_any_target(digits):
    X = digits.images.reshape(120, -1)
    forest = RandomForestClassifier(n_estimators=3, random_state=0)
    clf = TaskGroupingClassifier(forest, [(0,), (1,)]).fit(X, digits.codes)
    np.testing.assert_array_equal(clf.predict(X)[:, 1], clone(forest).fit(X, digits.codes[:, 1]).predict(X))
    assert clf.predict(X).dtype == digits.codes.dtype
    assert clf.n_features_in_ == 64
    one = TaskGroupingClassifier(forest).fit(X, digits.codes[:, 0])
    assert one.predict(X).shape == (120,)
    assert one.groups_ == [("task0",)]


@pytest.mark.parametrize("form", [np.asarray, lambda y: pd.DataFrame(y, columns=[0, 1])], ids=["array", "frame"])
@pytest.mark.parametrize("kind", [MultiOutputClassifier, ClassifierChain])
def test_a_group_of_one_task_for_those_that_want_columns(noisy, kind, form):
    y = np.column_stack([noisy.X[:, 0] > 0.3, noisy.frame["on"]]).astype(int)
    clf = TaskGroupingClassifier(make_pipeline(FunctionTransformer(), kind(LogisticRegression())), [(0,), (1,)])
    clf.fit(noisy.X, form(y))
    by_hand = [LogisticRegression().fit(noisy.X, column) for column in y.T]
    np.testing.assert_array_equal(clf.predict(noisy.X), np.column_stack([m.predict(noisy.X) for m in by_hand]))
    assert clf.predict(noisy.X).dtype == y.dtype
    for proba, model in zip(clf.predict_proba(noisy.X), by_hand, strict=True):
        np.testing.assert_array_equal(proba, model.predict_proba(noisy.X))


def test_search_pipeline_calibration_pickle(make, digits):
    X, y = digits.images, digits.frame
    names = list(y.columns)
    inner = make_pipeline(FunctionTransformer(), make(max_epochs=1))
    search = GridSearchCV(
        TaskGroupingClassifier(inner),
        {"groups": [[tuple(names)], [(n,) for n in names]]},
        scoring=multi_task_scorer(),
        refit="mean_accuracy",
        cv=MultiTaskStratifiedKFold(2),
    ).fit(X, y)
    assert len(search.best_estimator_.estimators_) in (1, 2)
    calibrated = MultiTaskCalibratedClassifier(search.best_estimator_, cv=2).fit(X, y)
    again = pickle.loads(pickle.dumps(calibrated))
    for a, b in zip(again.predict_proba(X), calibrated.predict_proba(X), strict=True):
        np.testing.assert_array_equal(a, b)


def test_jobs_do_not_change_the_result(make, digits):
    groups = [(name,) for name in digits.frame.columns]
    one, two = (TaskGroupingClassifier(make(), groups, n_jobs=n).fit(digits.images, digits.frame) for n in (None, 2))
    for a, b in zip(one.predict_proba(digits.images), two.predict_proba(digits.images), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_groups_are_cut_down_with_the_tasks(linear, noisy):
    grouped = TaskGroupingClassifier(linear(), [(0, 2), (1,)])
    result = compare_with_single_task(grouped, noisy.X, noisy.frame, cv=2, n_repeats=1, random_state=0)
    plain = compare_with_single_task(linear(), noisy.X, noisy.frame, cv=2, n_repeats=1, random_state=0)
    np.testing.assert_array_equal(result.table["single_task"], plain.table["single_task"])
    nested = TaskGroupingClassifier(grouped, [("kind", "flag"), ("on",)]).fit(noisy.X, noisy.frame)
    assert [inner.groups_ for inner in nested.estimators_] == [[("kind",), ("flag",)], [("on",)]]


def test_metrics_of_thresholds_inside_are_cut_down(linear, noisy):
    tuned = MultiTaskTunedThresholdClassifier(linear(), scoring={"flag": "f1", "on": "accuracy"}, cv=2)
    clf = TaskGroupingClassifier(tuned, GROUPS).fit(noisy.X, noisy.frame)
    assert [inner.scoring for inner in clf.estimators_] == [{"on": "accuracy"}, {"flag": "f1"}]
    assert list(clf.estimators_[1].thresholds_) == ["flag"]


def test_a_frozen_estimator_is_refused(linear, noisy):
    frozen = FrozenEstimator(linear().fit(noisy.X, noisy.frame))
    with pytest.raises(TypeError, match="estimator is frozen, but is trained anew for every group"):
        TaskGroupingClassifier(frozen, GROUPS).fit(noisy.X, noisy.frame)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_groups": 0}, "The 'n_groups' parameter of TaskGroupingClassifier must be"),
        ({"affinity": "cosine"}, "The 'affinity' parameter of TaskGroupingClassifier must be"),
        ({"allow_singletons": 3}, "The 'allow_singletons' parameter of TaskGroupingClassifier must be"),
        ({"groups": [("kind",)]}, r"groups must name every task; no group has \['flag', 'on'\]"),
        ({"estimator": "cnn"}, "The 'estimator' parameter of TaskGroupingClassifier must be"),
    ],
)
def test_bad_parameters(linear, noisy, params, message):
    clf = TaskGroupingClassifier(**{"estimator": linear(), "groups": GROUPS, **params})
    with pytest.raises(ValueError, match=message):
        clf.fit(noisy.X, noisy.frame)


@pytest.mark.parametrize("affinity", ["lookahead", "gradient_cosine"])
def test_no_network_to_measure_gradients_of(noisy, affinity):
    class NeverFitted(Constant):
        def fit(self, X, y):
            raise AssertionError("fitted")

    with pytest.raises(TypeError, match=f"^affinity='{affinity}' reads.*Got NeverFitted instead: use affinity='tra"):
        TaskGroupingClassifier(NeverFitted(), affinity=affinity).fit(noisy.X, noisy.frame)


def test_transfer_of_a_classifier_without_probabilities(noisy):
    class NeverFitted(Constant):
        def fit(self, X, y):
            raise AssertionError("fitted")

    with pytest.raises(
        TypeError, match=r"^affinity='transfer' scores probabilities.* Got Pipeline .*'label_association'"
    ):
        TaskGroupingClassifier(make_pipeline(NeverFitted()), affinity="transfer").fit(noisy.X, noisy.frame)


def test_a_classifier_without_probabilities_has_none(noisy):
    clf = TaskGroupingClassifier(Constant(), [(0,)])
    assert not hasattr(clf, "predict_proba")
    assert not hasattr(clf, "predict_log_proba")
    assert not clf.fit(noisy.X, noisy.frame["on"]).predict(noisy.X).any()


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.UnstableAffinityWarning")
def test_tasks_without_a_common_row(linear, noisy):
    apart = noisy.frame.astype(object)
    apart.loc[:119, "on"] = None
    apart.loc[120:, "kind"] = None
    clf = TaskGroupingClassifier(linear(), affinity="label_association", random_state=0)
    with pytest.raises(
        ValueError, match="affinity='label_association' knows nothing of what task 'kind' gives to task 'on'"
    ):
        clf.fit(noisy.X, apart)
