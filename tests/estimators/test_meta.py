"""What the meta-estimators share: labels in, tasks published, labels out, scores."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from skorch.helper import SliceDict

from skmtl import MultiTaskCalibratedClassifier, MultiTaskTunedThresholdClassifier, TaskGroupingClassifier
from skmtl.datasets import TaskImages
from skmtl.metrics import mean_task_score, multi_task_scorer
from skmtl.nn import ConvTrunk

META = [
    pytest.param(MultiTaskCalibratedClassifier, id="calibrated"),
    pytest.param(MultiTaskTunedThresholdClassifier, id="thresholds"),
]
both = pytest.mark.parametrize("meta", META)
all_three = pytest.mark.parametrize("meta", [*META, pytest.param(TaskGroupingClassifier, id="grouping")])


@both
def test_a_single_task_comes_back_as_it_went_in(meta, linear, noisy):
    on = noisy.frame["on"].to_numpy()
    clf = meta(linear(C=0.1), cv=3).fit(noisy.X, on)
    assert clf.predict(noisy.X).dtype == bool
    assert clf.predict(noisy.X).shape == (240,)
    np.testing.assert_array_equal(clf.classes_, [False, True])
    assert (clf.n_classes_, clf.n_tasks_, clf.task_names_) == (2, 1, ["task0"])
    assert clf.predict_proba(noisy.X).shape == (240, 2)
    assert clf.score(noisy.X, on) == np.mean(clf.predict(noisy.X) == on)


@both
def test_several_tasks_come_back_as_they_went_in(meta, linear, noisy):
    clf = meta(linear(C=0.1), cv=3).fit(noisy.X, noisy.frame)
    predicted = clf.predict(noisy.X)
    assert predicted.shape == (240, 3)
    assert set(predicted[:, 0]) == {"ash", "elm", "oak"}
    assert set(predicted[:, 2]) == {True, False}
    assert [k.tolist() for k in clf.classes_] == [["ash", "elm", "oak"], ["no", "yes"], [False, True]]
    assert (clf.n_classes_, clf.n_tasks_, clf.task_names_) == ([3, 2, 2], 3, ["kind", "flag", "on"])
    assert [p.shape for p in clf.predict_proba(noisy.X)] == [(240, 3), (240, 2), (240, 2)]


@all_three
def test_logarithms_of_probabilities(meta, noisy):
    y = np.column_stack([noisy.X[:, 0] > 0, noisy.frame["on"]])
    params = {"groups": [(1,), (0,)]} if meta is TaskGroupingClassifier else {"cv": 3}
    clf = meta(KNeighborsClassifier(5), **params)
    single = clone(clf).set_params(**({"groups": [(0,)]} if "groups" in params else {})).fit(noisy.X, y[:, 1])
    clf.fit(noisy.X, y)
    logs, proba = clf.predict_log_proba(noisy.X), clf.predict_proba(noisy.X)
    assert isinstance(logs, list)
    np.testing.assert_allclose(np.exp(logs), proba)
    if meta is not MultiTaskCalibratedClassifier:  # which leaves no probability at 0
        assert np.isneginf(np.array(logs)[np.array(proba) == 0]).all()
        assert np.min(proba) == 0
    np.testing.assert_allclose(np.exp(single.predict_log_proba(noisy.X)), single.predict_proba(noisy.X))
    assert single.predict_log_proba(noisy.X).shape == (240, 2)


def test_logarithms_of_a_grouped_networks_probabilities_are_its_own(make, digits):
    grouped = TaskGroupingClassifier(make(), [("digit", "parity")]).fit(digits.images, digits.frame)
    logs, own = (clf.predict_log_proba(digits.images) for clf in (grouped, grouped.estimators_[0]))
    for a, b in zip(logs, own, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


@both
@pytest.mark.parametrize("form", ["list", "masked", "polars"])
def test_targets_of_every_form(meta, linear, noisy, form):
    codes = np.column_stack([noisy.frame["flag"] == "yes", noisy.frame["on"]]).astype(int)
    lacking = noisy.frame["flag"].isna().to_numpy()
    expected = meta(linear(missing_label=-1), cv=3).fit(
        noisy.X, np.where([[True, False]] & lacking[:, None], -1, codes)
    )
    if form == "list":
        y = [[None if gone else a, b] for (a, b), gone in zip(codes.tolist(), lacking, strict=True)]
    elif form == "masked":
        y = np.ma.array(codes, mask=[[gone, False] for gone in lacking])
    else:
        polars = pytest.importorskip("polars")
        y = polars.DataFrame({"flag": np.where(lacking, None, codes[:, 0]).tolist(), "on": codes[:, 1].tolist()})
    got = meta(linear(), cv=3).fit(noisy.X, y)
    for a, b in zip(got.predict_proba(noisy.X), expected.predict_proba(noisy.X), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)


@both
def test_score_matches_named_columns_and_skips_missing_labels(meta, linear, noisy):
    clf = meta(linear(), cv=3).fit(noisy.X, noisy.frame)
    assert clf.score(noisy.X, noisy.frame[["on", "kind", "flag"]]) == clf.score(noisy.X, noisy.frame)
    assert clf.score(noisy.X, noisy.frame) == mean_task_score(noisy.frame, clf.predict(noisy.X))
    marked = noisy.frame.fillna({"flag": "?"})
    same = meta(linear(missing_label="?"), cv=3).fit(noisy.X, marked)
    assert same.missing_label == "?"
    assert same.score(noisy.X, marked) == clf.score(noisy.X, noisy.frame)
    # skmtl's scorers find the marker themselves, also inside a search.
    assert multi_task_scorer(["accuracy"])(same, noisy.X, marked)["mean_accuracy"] == same.score(noisy.X, marked)


@both
def test_the_missing_label_is_found_wherever_the_estimator_is(meta, make):
    inner = make(missing_label=-1)
    wrapped = [
        inner,
        FrozenEstimator(inner),
        make_pipeline(FunctionTransformer(), inner),
        GridSearchCV(inner, {}),
        FrozenEstimator(make_pipeline(FunctionTransformer(), inner)),
        meta(FrozenEstimator(inner)),
        make_pipeline(meta(FrozenEstimator(inner))),
    ]
    assert [meta(estimator).missing_label for estimator in wrapped] == [-1] * len(wrapped)
    assert meta(KNeighborsClassifier()).missing_label is None


@both
def test_tags_are_the_estimators(meta, make):
    clf = meta(make())
    assert is_classifier(clf)
    for part in ("input_tags", "target_tags", "classifier_tags"):
        assert getattr(get_tags(clf), part) == getattr(get_tags(make()), part)
    assert not get_tags(meta(KNeighborsClassifier())).input_tags.three_d_array


@both
def test_features_are_the_fitted_estimators(meta, make, digits):
    X = pd.DataFrame(digits.images.reshape(120, 64), columns=[f"pixel{i}" for i in range(64)])
    clf = meta(make(image_shape=(8, 8)), cv=2)
    assert not hasattr(clf, "n_features_in_")
    clf.fit(X, digits.frame)
    assert clf.n_features_in_ == 64
    assert clf.feature_names_in_[0] == "pixel0"
    clf.fit(digits.images, digits.frame)
    assert not hasattr(clf, "feature_names_in_")


@both
def test_before_fit(meta, linear, noisy):
    for method in ("predict", "predict_proba", "predict_log_proba"):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            getattr(meta(linear()), method)(noisy.X)


@both
@pytest.mark.parametrize(
    "form", [dict, TaskImages, lambda images: SliceDict(**images)], ids=["dict", "TaskImages", "SliceDict"]
)
def test_inputs_per_task(meta, make, digits, form):
    half = make(trunk=ConvTrunk(channels=(4,)), max_epochs=3)
    images = form({"digit": digits.images, "parity": 1 - digits.images})
    clf = meta(half, cv=2).fit(images, digits.frame)
    assert clf.predict(images).shape == (120, 2)
    fitted = clf.estimator_
    again = meta(FrozenEstimator(fitted)).fit(images, digits.frame)
    np.testing.assert_array_equal(again.estimator_.predict(images), fitted.predict(images))


@both
def test_labels_of_images_that_are_none_do_not_count(meta, make, digits):
    fitted = FrozenEstimator(make(max_epochs=3).fit(digits.images, digits.frame))
    y = digits.frame.assign(parity=np.where(np.arange(120) % 3 == 0, "odd", "even"))  # noise, so that no task is solved
    blank = np.arange(120) < 30
    X = np.ma.array(digits.images, mask=np.broadcast_to(blank[:, None, None], (120, 8, 8)))
    with_blank = meta(fitted).fit(X, y)
    without = meta(fitted).fit(digits.images[30:], y[30:])
    assert _learned(with_blank) == _learned(without)
    assert with_blank.score(X, y) == with_blank.score(digits.images[30:], y[30:])


@both
def test_sample_weight_is_routed_to_folds_and_refit(meta, linear, noisy):
    weight = np.where(noisy.X[:, 0] > 0, 3.0, 1.0)
    with config_context(enable_metadata_routing=True):
        inner = linear(C=0.1).set_fit_request(sample_weight=True)
        clf = meta(inner, cv=3).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        routed = cross_val_score(clf, noisy.X, noisy.frame, cv=KFold(2), params={"sample_weight": weight})
    plain = meta(linear(C=0.1), cv=3).fit(noisy.X[120:], noisy.frame[120:], sample_weight=weight[120:])
    assert routed[0] == plain.score(noisy.X[:120], noisy.frame[:120], sample_weight=weight[:120])
    assert routed[0] != plain.score(noisy.X[:120], noisy.frame[:120])


@both
@pytest.mark.parametrize(
    "around", [lambda inner: inner, lambda inner: GridSearchCV(inner, {}, cv=KFold(2), scoring=lambda *_: 1.0)]
)
def test_weights_reach_folds_refit_and_the_last_step_of_a_pipeline(meta, linear, noisy, around):
    weight = np.random.default_rng(0).uniform(0.1, 3, (240, 3))
    pipeline = around(make_pipeline(FunctionTransformer(), linear(C=0.1)))
    wrapped = meta(pipeline, cv=3).fit(noisy.X, noisy.frame, sample_weight=weight)
    plain = meta(linear(C=0.1), cv=3).fit(noisy.X, noisy.frame, sample_weight=weight)
    assert _learned(wrapped) == _learned(plain)
    for a, b in zip(wrapped.predict_proba(noisy.X), plain.predict_proba(noisy.X), strict=True):
        np.testing.assert_array_equal(a, b)


@both
@pytest.mark.filterwarnings("ignore:No threshold:skmtl.exceptions.UncalibratedTaskWarning")  # of two labels
def test_labels_that_do_not_count_do_not_count_for_the_folds(meta, linear, noisy):
    weight = np.ones((240, 3))
    weight[np.flatnonzero(noisy.frame["flag"] == "yes")[2:], 1] = 0
    hidden = noisy.frame.assign(flag=noisy.frame["flag"].where(weight[:, 1] > 0, None))
    by_weight = meta(linear(), cv=2).fit(noisy.X, noisy.frame, sample_weight=weight)
    by_label = meta(linear(), cv=2).fit(noisy.X, hidden)
    assert _learned(by_weight) == [pytest.approx(values, rel=1e-6) for values in _learned(by_label)]


@both
def test_groups_are_routed_to_the_splitter(meta, linear, noisy):
    groups = np.arange(240) % 4
    with config_context(enable_metadata_routing=True):
        clf = meta(linear(), cv=GroupKFold(4)).fit(noisy.X, noisy.frame, groups=groups)
    by_hand = [(np.flatnonzero(groups != g), np.flatnonzero(groups == g)) for g in range(4)]
    expected = _learned(meta(linear(), cv=by_hand).fit(noisy.X, noisy.frame))
    assert _learned(clf) == [pytest.approx(values, rel=1e-6) for values in expected]


@both
def test_the_estimator_passed_stays_as_it_is(meta, linear, noisy):
    inner = linear()
    meta(inner, cv=2).fit(noisy.X, noisy.frame)
    assert not hasattr(inner, "models_")


@both
def test_parameters_reach_the_estimator(meta, make):
    clf = meta(make())
    clf.set_params(estimator__lr=0.5, estimator__trunk__channels=(3,))
    assert clone(clf).estimator.lr == 0.5
    assert clf.get_params()["estimator__trunk__channels"] == (3,)


@both
def test_a_classifier_of_scikit_learn(meta, digits):
    X = digits.images.reshape(120, 64)
    y = np.column_stack([digits.digit, digits.digit % 2])
    y[::9] = [0, 1]  # so that nothing is right all along
    clf = meta(KNeighborsClassifier(3), cv=3).fit(X, y)
    assert clf.score(X, y) > 0.85
    frozen = meta(FrozenEstimator(KNeighborsClassifier(3).fit(X[:60], y[:60]))).fit(X[60:], y[60:])
    assert [k.tolist() for k in frozen.classes_] == [[0, 1, 2, 3], [0, 1]]


@both
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"estimator": "cnn"}, ValueError, "'estimator' parameter of .* must be an object implementing"),
        ({"estimator": KNeighborsClassifier}, TypeError, "must be an instance. Got the class KNeighborsClassifier"),
        ({"cv": "five"}, ValueError, "The 'cv' parameter of "),
        ({"cv": 1}, ValueError, "The 'cv' parameter of "),
        ({"n_jobs": 1.5}, ValueError, "The 'n_jobs' parameter of "),
        ({"X": None}, TypeError, "X must hold one image per row of y. Got NoneType instead"),
        ({"cv": []}, ValueError, "cv gives no split"),
        ({"cv": [(np.arange(3), np.arange(3, 9))]}, ValueError, "cv leaves the task 'flag' no label but 'no' to train"),
        ({"y": np.zeros((239, 2))}, ValueError, "240 images, 239 rows of labels"),
        ({"y": np.zeros(240)}, ValueError, "only one class is present"),
        ({"sample_weight": np.ones(3)}, ValueError, r"sample_weight must have shape \(240,\) or \(240, 3\)"),
        ({"estimator": FrozenEstimator(KNeighborsClassifier())}, NotFittedError, "not fitted yet"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_before_any_fit(meta, noisy, linear, change, error, message):
    class NeverFitted(linear):
        def fit(self, X, y, sample_weight=None):
            raise AssertionError("fitted")

    data = {"X": noisy.X, "y": noisy.frame, "sample_weight": None}
    params = {"estimator": NeverFitted(), **{k: v for k, v in change.items() if k not in data}}
    data |= {k: v for k, v in change.items() if k in data}
    with pytest.raises(error, match=message):
        meta(**params).fit(**data)


@both
def test_a_frozen_estimator_knows_its_tasks_and_labels(meta, linear, noisy):
    frozen = FrozenEstimator(linear().fit(noisy.X, noisy.frame))
    with pytest.raises(ValueError, match="label 'fir', not among its classes"):
        meta(frozen).fit(noisy.X, noisy.frame.replace({"kind": {"oak": "fir"}}))
    with pytest.raises(ValueError, match=r"2 columns .* 3 tasks"):
        meta(frozen).fit(noisy.X, noisy.frame[["kind", "on"]])
    swapped = meta(frozen).fit(noisy.X, noisy.frame[["on", "kind", "flag"]])
    assert _learned(swapped) == _learned(meta(frozen).fit(noisy.X, noisy.frame))


@both
def test_a_frozen_estimator_has_no_use_for_parameters_of_fit(meta, linear, noisy):
    frozen = FrozenEstimator(linear().fit(noisy.X, noisy.frame))
    with pytest.raises(
        TypeError, match=r"^estimator is frozen .* leaves the fit parameters \['epochs', 'groups'\] noth"
    ):
        meta(frozen).fit(noisy.X, noisy.frame, groups=np.ones(240), epochs=3)


@all_three
@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ({"sample_weight": np.ones(240)}, TypeError, "sample_weight was given, but NeverFitted takes none"),
        (
            {"clf__sample_weight": np.ones(240)},
            ValueError,
            "^clf__sample_weight would count in training only: pass sam",
        ),
    ],
    ids=["none taken", "training only"],
)
def test_weights_that_the_estimator_cannot_take(meta, noisy, weights, error, message):
    class NeverFitted(KNeighborsClassifier):
        def fit(self, X, y):
            raise AssertionError("fitted")

    pipeline = Pipeline([("scale", FunctionTransformer()), ("clf", NeverFitted())])
    with pytest.raises(error, match=message):
        meta(pipeline).fit(noisy.X, noisy.frame[["kind", "on"]], **weights)


def _learned(clf):
    return [clf.temperatures_] if hasattr(clf, "temperatures_") else [clf.thresholds_, clf.best_scores_]
