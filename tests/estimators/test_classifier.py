"""What the classifier learns, returns and publishes, on one fitted example wherever one is enough."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score

from skmtl.metrics import multi_task_report, multi_task_scorer, task_scorer
from skmtl.model_selection import MultiTaskStratifiedKFold


@pytest.fixture(scope="module")
def example(make):
    """Acceptance 2: 4-D images; ten, two and three classes; ints, strings and floats with NaN; cell weights."""
    bunch = load_digits()
    X, digit = bunch.images[:240, ..., None] / 16, bunch.target[:240]
    y = pd.DataFrame({"digit": digit, "parity": np.where(digit % 2, "odd", "even"), "third": digit % 3 * 1.0})
    y.loc[::6, "third"] = np.nan
    y.loc[1::6, "parity"] = None
    weight = np.ones(y.shape)
    weight[::2, 1] = 2
    clf = make(max_epochs=25, class_weight={"digit": "balanced", "parity": {"odd": 2.0}}, batch_size=32)
    return clf.fit(X, y, sample_weight=weight), X, y


def test_learns_every_task(example):
    clf, X, y = example
    accuracy = multi_task_scorer("accuracy")(clf, X, y)
    assert accuracy["min_accuracy"] > 0.95
    assert clf.score(X, y) == accuracy["mean_accuracy"]


def test_predict_has_every_task_in_its_own_type(example):
    clf, X, _ = example
    predicted = clf.predict(X[:7])
    assert predicted.shape == (7, 3)
    assert predicted.dtype == object
    assert {type(v) for v in predicted[:, 0]} == {int}
    assert {type(v) for v in predicted[:, 1]} == {str}
    assert {type(v) for v in predicted[:, 2]} == {float}


def test_probabilities_of_10_2_and_3_classes(example):
    clf, X, y = example
    proba, log_proba = clf.predict_proba(X), clf.predict_log_proba(X)
    assert [p.shape for p in proba] == [(240, 10), (240, 2), (240, 3)]
    for t, (p, log_p) in enumerate(zip(proba, log_proba, strict=True)):
        assert p.dtype == np.float64
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
        np.testing.assert_allclose(np.exp(log_p), p, rtol=1e-12)
        np.testing.assert_array_equal(clf.classes_[t][p.argmax(axis=1)], clf.predict(X)[:, t])
    np.testing.assert_allclose(log_loss(y["digit"], proba[0]), -task_scorer("digit", "neg_log_loss")(clf, X, y))


def test_probabilities_are_the_softmax_of_the_modules_logits(example):
    clf, X, _ = example
    module = clf.net_.module_.eval()
    with torch.no_grad():
        logits = module(torch.from_numpy(X.transpose(0, 3, 1, 2).copy())).double().numpy()
    start = 0
    for p, size in zip(clf.predict_proba(X), clf.n_classes_, strict=True):
        e = np.exp(logits[:, start : start + size] - logits[:, start : start + size].max(axis=1, keepdims=True))
        np.testing.assert_allclose(p, e / e.sum(axis=1, keepdims=True), rtol=1e-5, atol=1e-9)
        start += size
    assert start == logits.shape[1]


@pytest.mark.parametrize("task", ["digit", "parity", "third"])
@pytest.mark.parametrize("metric", ["accuracy", "f1_macro", "neg_log_loss", "roc_auc_ovr", "balanced_accuracy"])
def test_every_scorer_on_the_example(example, task, metric):
    clf, X, y = example
    score = task_scorer(task, metric)(clf, X, y)
    assert -0.5 < score < 0 if metric == "neg_log_loss" else 0.9 < score <= 1


def test_grid_search_with_every_metric_on_the_example(example):
    clf, X, y = example
    scoring = multi_task_scorer(["accuracy", "f1_macro", "neg_log_loss", "roc_auc_ovr"])
    search = GridSearchCV(
        clf, {"max_epochs": [1, 2]}, scoring=scoring, refit="mean_roc_auc_ovr", cv=MultiTaskStratifiedKFold(2),
        error_score="raise",
    ).fit(X, y)  # fmt: skip
    for metric in ("accuracy", "f1_macro", "neg_log_loss", "roc_auc_ovr"):
        for prefix in ("digit", "parity", "third", "mean", "min"):
            assert np.isfinite(search.cv_results_[f"mean_test_{prefix}_{metric}"]).all()
    assert search.best_score_ == search.cv_results_["mean_test_mean_roc_auc_ovr"].max()


def test_stratified_folds_over_the_columns_of_the_example(example):
    clf, X, y = example
    scores = cross_val_score(clf, X, y, cv=MultiTaskStratifiedKFold(2), error_score="raise")
    assert np.isfinite(scores).all()


def test_report_of_the_example(example):
    clf, X, y = example
    report = multi_task_report(y, clf.predict(X))
    assert len(report) >= 15


def test_published_attributes(example):
    clf, _, _ = example
    assert clf.task_names_ == ["digit", "parity", "third"]
    assert clf.n_tasks_ == 3
    assert clf.n_classes_ == [10, 2, 3]
    assert clf.image_shape_ == (1, 8, 8)
    assert clf.n_features_in_ == 8
    assert clf.n_iter_ == 25
    assert clf.best_score_ is None
    np.testing.assert_array_equal(clf.classes_[0], np.arange(10))
    np.testing.assert_array_equal(clf.classes_[1], ["even", "odd"])
    np.testing.assert_array_equal(clf.classes_[2], [0.0, 1.0, 2.0])


def test_one_dimensional_target_is_one_task(make, digits):
    clf = make().fit(digits.images, digits.digit)
    assert clf.n_tasks_ == 1
    assert clf.n_classes_ == 4
    assert clf.task_names_ == ["task0"]
    np.testing.assert_array_equal(clf.classes_, [0, 1, 2, 3])
    assert clf.predict(digits.images).shape == (120,)
    assert clf.predict_proba(digits.images).shape == (120, 4)
    assert clf.predict_log_proba(digits.images).shape == (120, 4)


def test_one_column_stays_two_dimensional(make, digits):
    clf = make().fit(digits.images, digits.digit[:, None])
    assert clf.predict(digits.images).shape == (120, 1)
    assert [p.shape for p in clf.predict_proba(digits.images)] == [(120, 4)]
    assert clf.n_classes_ == [4]


def test_one_column_learns_what_the_flat_target_learns(make, digits):
    flat = make().fit(digits.images, digits.digit).predict_proba(digits.images)
    column = make().fit(digits.images, digits.digit[:, None]).predict_proba(digits.images)[0]
    np.testing.assert_array_equal(flat, column)


def test_fit_returns_self_and_keeps_parameters_and_data(make, digits):
    X, y, weight = digits.images.copy(), digits.frame.copy(), np.ones((120, 2))
    params = {"task_weights": {"digit": 2, "parity": 1}, "net_params": {"optimizer__betas": (0.8, 0.9)}}
    clf = make(**params, head={"digit": "linear"}, callbacks=[])
    before = repr(clf.get_params())
    assert clf.fit(X, y, sample_weight=weight) is clf
    clf.partial_fit(X, y)
    clf.predict(X)
    assert repr(clf.get_params()) == before
    assert params == {"task_weights": {"digit": 2, "parity": 1}, "net_params": {"optimizer__betas": (0.8, 0.9)}}
    np.testing.assert_array_equal(X, digits.images)
    pd.testing.assert_frame_equal(y, digits.frame)
    np.testing.assert_array_equal(weight, np.ones((120, 2)))


def test_prediction_of_a_row_does_not_depend_on_its_company(example):
    clf, X, _ = example
    whole = clf.predict_proba(X)[0]
    np.testing.assert_allclose(np.vstack([clf.predict_proba(X[i : i + 1])[0] for i in range(5)]), whole[:5], atol=1e-6)


def test_memory_mapped_images(make, digits, tmp_path):
    np.save(tmp_path / "X.npy", digits.images)
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    expected = make().fit(digits.images, digits.codes).predict_proba(digits.images)
    np.testing.assert_array_equal(make().fit(X, digits.codes).predict_proba(X)[0], expected[0])


def test_score_reads_columns_by_name(example):
    clf, X, y = example
    assert clf.score(X, y[["third", "digit", "parity"]]) == clf.score(X, y)
    assert task_scorer("third")(clf, X, y[["third", "digit", "parity"]]) == task_scorer("third")(clf, X, y)


def test_score_reads_frames_of_weights_by_name(example):
    clf, X, y = example
    y = y[::-1]  # labels of other images, for the score of every task to depend on the weights
    weights = pd.DataFrame(np.random.default_rng(0).random(y.shape), columns=y.columns)
    shuffled = weights[["third", "digit", "parity"]]
    expected = clf.score(X, y, weights)
    # Without names beside the array, the weights are in its order.
    assert clf.score(X, y.to_numpy(), weights.to_numpy()) == expected
    assert clf.score(X, y.to_numpy(), shuffled) == clf.score(X, y, shuffled) == expected
    assert clf.score(X, y.to_numpy(), shuffled.to_numpy()) != expected
    with pytest.raises(ValueError, match=r"sample_weight has no column 'third'.*Did you mean 'thrid'"):
        clf.score(X, y.to_numpy(), weights.rename(columns={"third": "thrid"}))


def test_masked_weights_count_as_zero_in_score(example):
    clf, X, y = example
    y = y[::-1]
    cells = np.ma.masked_less(np.random.default_rng(0).random(y.shape), 0.5)
    for weights in (cells, cells[:, 0]):
        assert clf.score(X, y, weights) == clf.score(X, y, weights.filled(0)) != clf.score(X, y, weights.data)
