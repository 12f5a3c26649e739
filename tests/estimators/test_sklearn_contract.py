"""scikit-learn's own checks, and the tools around an estimator: pipelines, cloning, routing, saving, display."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.model_selection import KFold, cross_val_predict, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator

from skmtl import MultiTaskCNNClassifier
from skmtl.metrics import mean_task_score, multi_task_scorer, task_scorer
from skmtl.nn import ConvTrunk, MLPHead

# At default parameters, so the generator's own instance; conftest.py sets SCIPY_ARRAY_API for the last of them.
CHECKS = [check for _, check in estimator_checks_generator(MultiTaskCNNClassifier())]
NEEDS_DECISION_FUNCTION = "check_classifiers_multilabel_output_format_decision_function"


def name_of(check):
    return check.func.__name__ if hasattr(check, "func") else check.__name__


@pytest.mark.parametrize("check", CHECKS, ids=name_of)
@pytest.mark.filterwarnings("default")  # the checks provoke warnings of scikit-learn's own
def test_check_estimator(check):
    if name_of(check) == NEEDS_DECISION_FUNCTION:
        assert not hasattr(MultiTaskCNNClassifier, "decision_function")
        with pytest.raises(BaseException, match="does not have a decision_function method") as caught:
            check(MultiTaskCNNClassifier())
        assert type(caught.value).__name__ in {"SkipTest", "Skipped"}
        return
    try:
        check(MultiTaskCNNClassifier())
    except BaseException as error:
        if type(error).__name__ in {"SkipTest", "Skipped"}:
            pytest.fail(f"a check that could run was skipped: {error}")
        raise


def test_check_estimator_runs_whole():
    names = [name_of(c) for c in CHECKS]
    assert len(names) >= 60
    assert names.count(NEEDS_DECISION_FUNCTION) == 1
    for expected in ("check_classifiers_train", "check_sample_weight_equivalence_on_dense_data", "check_n_features_in"):
        assert expected in names


def test_tags_say_what_the_estimator_can_do():
    tags = get_tags(MultiTaskCNNClassifier())
    assert is_classifier(MultiTaskCNNClassifier())
    assert tags.target_tags.multi_output
    assert tags.classifier_tags.multi_label
    assert tags.classifier_tags.multi_class
    assert tags.input_tags.three_d_array
    assert tags.input_tags.two_d_array
    assert not tags.input_tags.sparse
    assert not tags.input_tags.allow_nan
    assert tags.target_tags.required


def test_pipeline_of_scaler_on_flattened_digits(make, digits):
    X = digits.images.reshape(120, 64)
    pipeline = make_pipeline(StandardScaler(), make(image_shape=(8, 8), max_epochs=15)).fit(X, digits.frame)
    assert pipeline[-1].image_shape_ == (1, 8, 8)
    assert pipeline.score(X, digits.frame) > 0.95
    assert [p.shape for p in pipeline.predict_proba(X[:3])] == [(3, 4), (3, 2)]


def test_pipeline_of_function_on_4d_images(make, digits):
    colour = np.repeat(digits.images[..., None], 3, axis=-1)
    pipeline = make_pipeline(FunctionTransformer(np.sqrt), make()).fit(colour, digits.codes)
    assert pipeline[-1].image_shape_ == (3, 8, 8)
    np.testing.assert_array_equal(pipeline.predict(colour), pipeline[-1].predict(np.sqrt(colour)))


def test_clone_keeps_every_parameter():
    given = MultiTaskCNNClassifier(
        trunk=ConvTrunk(channels=(3,)), head={"a": MLPHead(hidden=(5,))}, sharing="mmoe", task_weights={"a": 1, "b": 2},
        weighting="mgda", gradient_level="parameters", record_conflicts=True,
        class_weight=["balanced", None], missing_label=-1, image_shape=[8, 8], channel_axis=None, standardize=False,
        task_sampling="uniform", spatial_dims=1,
        optimizer="sgd", lr=0.5, weight_decay=0.1, lr_scheduler="cosine", max_epochs=7, batch_size=9,
        early_stopping=True, monitor="a", validation_fraction=0.2, n_iter_no_change=3, tol=0.1, augment=np.copy,
        warm_start=True, random_state=4, precision="float32", compile=True, device="cpu", verbose=1, callbacks=[],
        net_params={"optimizer__momentum": 0.5},
    )  # fmt: skip
    copied, defaults = clone(given).get_params(deep=False), MultiTaskCNNClassifier().get_params(deep=False)
    for name, value in given.get_params(deep=False).items():
        assert repr(copied[name]) == repr(value), name
        assert repr(defaults[name]) != repr(value), f"{name} is not tested off its default"


def test_nested_specs_are_set_by_name(make, digits):
    clf = make(head=MLPHead())
    clf.set_params(trunk__channels=(3,), trunk__hidden=(), head__hidden=(7,))
    clf.fit(digits.images, digits.codes)
    shapes = [tuple(p.shape) for p in clf.net_.module_.parameters()]
    assert (3, 1, 3, 3) in shapes
    assert (7, 3 * 4 * 4) in shapes
    assert clone(clf).get_params()["trunk__channels"] == (3,)


def test_unknown_parameter_is_refused(make):
    with pytest.raises(ValueError, match="Invalid parameter 'epochs' for estimator MultiTaskCNNClassifier"):
        make().set_params(epochs=3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'epochs'"):
        MultiTaskCNNClassifier(epochs=3)


def test_cross_val_score_of_the_estimators_own_score(make, digits):
    scores = cross_val_score(make(), digits.images, digits.codes, cv=3)
    train, test = next(KFold(3).split(digits.images))
    clf = make().fit(digits.images[train], digits.codes[train])
    assert scores.shape == (3,)
    assert scores[0] == mean_task_score(digits.codes[test], clf.predict(digits.images[test]))


def test_cross_val_predict_probabilities(make, digits):
    y = np.column_stack([digits.codes, digits.digit >= 2])
    proba = cross_val_predict(make(), digits.images, y, cv=KFold(2), method="predict_proba")
    assert [p.shape for p in proba] == [(120, 4), (120, 2), (120, 2)]
    for p in proba:
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    clf = make().fit(digits.images[60:], y[60:])
    np.testing.assert_array_equal(proba[0][:60], clf.predict_proba(digits.images[:60])[0])


def test_cross_validate_with_several_scorers(make, digits):
    scoring = {"digit": task_scorer("digit", "neg_log_loss"), "parity": task_scorer("parity", "balanced_accuracy")}
    result = cross_validate(make(), digits.images, digits.frame, cv=KFold(2), scoring=scoring, return_estimator=True)
    assert (result["test_digit"] < 0).all()
    assert ((result["test_parity"] >= 0) & (result["test_parity"] <= 1)).all()
    single = cross_validate(make(), digits.images, digits.frame, cv=KFold(2), scoring=multi_task_scorer())
    assert "test_parity_f1_macro" in single
    np.testing.assert_allclose(
        single["test_mean_accuracy"], (single["test_digit_accuracy"] + single["test_parity_accuracy"]) / 2
    )


def test_sample_weight_is_routed(make, digits):
    weight = np.where(digits.digit == 0, 5.0, 1.0)
    with config_context(enable_metadata_routing=True):
        clf = make().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scores = cross_val_score(clf, digits.images, digits.codes, cv=KFold(2), params={"sample_weight": weight})
    fitted = make().fit(digits.images[60:], digits.codes[60:], sample_weight=weight[60:])
    expected = fitted.score(digits.images[:60], digits.codes[:60], sample_weight=weight[:60])
    unweighted = make().fit(digits.images[60:], digits.codes[60:]).score(digits.images[:60], digits.codes[:60])
    assert scores[0] == expected
    assert scores[0] != unweighted


def test_classes_are_routed_to_partial_fit(make):
    assert "classes" in make().get_metadata_routing().partial_fit.requests


@pytest.mark.parametrize("tool", ["pickle", "joblib"])
def test_saved_model_predicts_the_same(make, digits, tool, tmp_path):
    clf = make(early_stopping=True, lr_scheduler="cosine").fit(digits.images, digits.frame)
    if tool == "pickle":
        loaded = pickle.loads(pickle.dumps(clf))
    else:
        joblib.dump(clf, tmp_path / "model.joblib")
        loaded = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(loaded.predict(digits.images), clf.predict(digits.images))
    for a, b in zip(loaded.predict_proba(digits.images), clf.predict_proba(digits.images), strict=True):
        np.testing.assert_array_equal(a, b)
    assert loaded.task_names_ == ["digit", "parity"]
    assert loaded.history_ == clf.history_


def test_saved_model_does_not_carry_the_images(make, digits):
    few = make(early_stopping=True, batch_size=32).fit(digits.images[:60], digits.codes[:60])
    many = make(early_stopping=True, batch_size=32).fit(digits.images, digits.codes)
    # The history has a few numbers per batch; images would add 60 * 64 * 8 bytes.
    assert len(pickle.dumps(many)) - len(pickle.dumps(few)) < 60 * 64 * 8 / 2


def test_html_shows_the_parameters(make, digits):
    clf = make()
    assert "MultiTaskCNNClassifier" in clf._repr_html_()
    html = make_pipeline(StandardScaler(), clf)._repr_html_()
    assert "StandardScaler" in html
    assert "ConvTrunk" in html
    assert repr(MultiTaskCNNClassifier(lr=0.5)) == "MultiTaskCNNClassifier(lr=0.5)"


def test_feature_names_of_a_frame_are_kept_and_checked(make, digits):
    X = pd.DataFrame(digits.images.reshape(120, 64), columns=[f"pixel{i}" for i in range(64)])
    clf = make(image_shape=(8, 8)).fit(X, digits.frame)
    assert clf.n_features_in_ == 64
    assert list(clf.feature_names_in_[:2]) == ["pixel0", "pixel1"]
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(X.rename(columns={"pixel0": "other"}))
