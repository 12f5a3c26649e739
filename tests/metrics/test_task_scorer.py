import pickle
from inspect import signature

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as skm
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skmtl.exceptions import UnlabelledTaskWarning
from skmtl.metrics import task_scorer

FOREIGN = ("sklearn.metrics._regression", "sklearn.metrics.cluster")
NAMES = [
    name
    for name in skm.get_scorer_names()
    if not skm.get_scorer(name)._score_func.__module__.startswith(FOREIGN) and not name.endswith("_samples")
]


class OneTask(ClassifierMixin, BaseEstimator):
    """What scikit-learn's own scorers see of one column."""

    def __init__(self, labels, probabilities, classes):
        self.labels, self.probabilities, self.classes_ = labels, probabilities, classes

    def predict(self, X):
        return self.labels[X]

    def predict_proba(self, X):
        return self.probabilities[X]


def scikit_learns(name, classes):
    """Return scikit-learn's scorer, told the second of two classes without a 1 where it asks for a positive one."""
    scorer = skm.get_scorer(name)
    asks = "pos_label" in signature(scorer._score_func).parameters and "pos_label" not in scorer._kwargs
    if not asks or len(classes) != 2 or 1 in classes.tolist():
        return scorer
    sign, method, kwargs = scorer._sign > 0, scorer._response_method, scorer._kwargs
    return skm.make_scorer(
        scorer._score_func, greater_is_better=sign, response_method=method, pos_label=classes[1], **kwargs
    )


def outcome(call):
    """A number, or the fact that there is none."""
    try:
        return call()
    except ValueError:
        return "ValueError"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["int", "str", "mixed"])
def test_equals_scikit_learns_scorer_on_every_column(digits, targets, forests, one_task, holes, kind, name):
    X = digits[0][200:]
    y = pd.DataFrame(targets[kind])[200:].reset_index(drop=True)
    forest, numbers = forests[kind], 0
    for t, task in enumerate(y.columns):
        labels, probabilities, classes = one_task(forest, t, X)
        alone = OneTask(labels, probabilities, classes)
        for mask in (np.zeros(200, dtype=bool), holes[:, t]):
            rows = np.flatnonzero(~mask)
            seen = y.astype(object).mask(np.column_stack([mask] * 3))
            true = y[task].to_numpy()[rows].astype(labels.dtype)
            expected = outcome(lambda: scikit_learns(name, classes)(alone, rows, true))  # noqa: B023
            found = outcome(lambda: task_scorer(task, name)(forest, X, seen))  # noqa: B023
            assert found == expected
            numbers += found != "ValueError"
    assert numbers


def test_nan_in_a_float_array_is_skipped(digits, targets, forests, holes):
    X, y = digits[0][200:], targets["int"][200:].astype(float)
    y[holes] = np.nan
    found = task_scorer(1, "f1_macro")(forests["int"], X, y)
    rows = ~holes[:, 1]
    assert found == skm.f1_score(y[rows, 1], forests["int"].predict(X)[rows, 1], average="macro")


def test_keywords_reach_the_function(digits, targets, forests):
    X, y = digits[0][200:], targets["str"][200:]
    predicted = forests["str"].predict(X)
    assert task_scorer(1, "recall", average="macro", zero_division=0, labels=["wide", "small"])(
        forests["str"], X, y
    ) == skm.recall_score(y[:, 1], predicted[:, 1], average="macro", zero_division=0, labels=["wide", "small"])
    for label in ("odd", "even"):
        assert task_scorer(2, "f1", pos_label=label)(forests["str"], X, y) == skm.f1_score(
            y[:, 2], predicted[:, 2], pos_label=label
        )


def test_metric_functions_and_made_scorers(digits, targets, forests):
    X, y, forest = digits[0][200:], targets["int"][200:], forests["int"]
    predicted, probabilities = forest.predict(X), forest.predict_proba(X)
    assert task_scorer(0, skm.cohen_kappa_score, weights="linear")(forest, X, y) == skm.cohen_kappa_score(
        y[:, 0], predicted[:, 0], weights="linear"
    )
    assert task_scorer(0, skm.fbeta_score, beta=2, average="macro")(forest, X, y) == skm.fbeta_score(
        y[:, 0], predicted[:, 0], beta=2, average="macro"
    )
    made = skm.make_scorer(skm.log_loss, greater_is_better=False, response_method="predict_proba")
    assert task_scorer(0, made)(forest, X, y) == -skm.log_loss(y[:, 0], probabilities[0])
    assert task_scorer(0, skm.roc_auc_score, multi_class="ovr")(forest, X, y) == skm.roc_auc_score(
        y[:, 0], probabilities[0], multi_class="ovr"
    )
    assert task_scorer(0, "top_k_accuracy", k=3)(forest, X, y) == skm.top_k_accuracy_score(
        y[:, 0], probabilities[0], k=3
    )


@pytest.mark.parametrize("shape", ["rows", "cells", "frame"])
def test_sample_weight(digits, targets, forests, holes, shape):
    X, y = digits[0][200:], targets["mixed"][200:].astype(object).mask(holes)
    weights = np.random.default_rng(1).random((200, 3))
    column = weights[:, 1]
    given = {
        "rows": column,
        "cells": weights,
        "frame": pd.DataFrame(weights, columns=y.columns)[["odd", "size", "digit"]],
    }
    found = task_scorer("size", "neg_log_loss")(forests["mixed"], X, y, sample_weight=given[shape])
    rows = ~holes[:, 1]
    expected = -skm.log_loss(
        y["size"].to_numpy()[rows], forests["mixed"].predict_proba(X)[1][rows], sample_weight=column[rows]
    )
    assert found == expected


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")  # undefined for one class
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("t", [0, 1, 2])
def test_where_a_class_is_absent_scikit_learns_number_stands(digits, targets, forests, one_task, t, name):
    X, y = digits[0][200:], targets["int"][200:].astype(float)
    rows = np.flatnonzero(y[:, t] != y[:, t].max())
    y[y[:, t] == y[:, t].max(), t] = np.nan
    alone = OneTask(*one_task(forests["int"], t, X))
    expected = outcome(lambda: skm.get_scorer(name)(alone, rows, y[rows, t]))
    if expected != "ValueError":
        np.testing.assert_equal(task_scorer(t, name)(forests["int"], X, y), expected)


def test_labelled_rows_without_some_class_still_have_a_log_loss(digits, targets, forests):
    X, forest = digits[0][200:], forests["int"]
    y = targets["int"][200:].astype(float)
    y[y[:, 0] > 6, 0] = np.nan
    y[y[:, 2] > 0, 2] = np.nan
    rows = ~np.isnan(y[:, 0])
    probabilities = forest.predict_proba(X)
    assert task_scorer(0, "neg_log_loss")(forest, X, y) == -skm.log_loss(
        y[rows, 0], probabilities[0][rows], labels=np.arange(10)
    )
    rows = ~np.isnan(y[:, 2])
    assert task_scorer(2, "neg_log_loss")(forest, X, y) == -skm.log_loss(
        y[rows, 2], probabilities[2][rows, 1], labels=[0, 1]
    )


def test_task_without_labels_is_nan_and_warns(digits, targets, forests):
    y = targets["int"][200:].astype(float)
    y[:, 1] = np.nan
    with pytest.warns(UnlabelledTaskWarning, match="Task 'task1' has no labelled cell"):
        assert np.isnan(task_scorer(1)(forests["int"], digits[0][200:], y))
    assert task_scorer(0)(forests["int"], digits[0][200:], y) > 0.5


def test_missing_label_is_the_argument_or_the_estimators_own(digits, targets, forests, holes):
    X, y = digits[0][200:], targets["int"][200:].copy()
    y[holes] = -1
    rows = ~holes[:, 0]
    predicted = forests["int"].predict(X)
    expected = skm.accuracy_score(y[rows, 0], predicted[rows, 0])
    assert task_scorer(0, missing_label=-1)(forests["int"], X, y) == expected
    assert task_scorer(0)(Named(predicted, ["a", "b", "c"], missing_label=-1), X, y) == expected


class Named(ClassifierMixin, BaseEstimator):
    """An estimator that knows its tasks' names, as skmtl's do."""

    def __init__(self, predicted, names, missing_label=None):
        self.predicted, self.task_names_, self.missing_label = predicted, names, missing_label
        self.classes_ = [np.unique(column) for column in np.transpose(predicted)]

    def fit(self, X, y):
        return self

    def predict(self, X):
        return self.predicted


def test_columns_meet_by_name():
    estimator = Named(np.array([[1, 0], [1, 0], [0, 1], [1, 1]]), ["left", "right"])
    right, left = [0, 0, 1, 1], [1, 1, 0, 0]
    swapped = pd.DataFrame({"right": right, "left": left})
    assert task_scorer("left")(estimator, None, swapped) == 0.75
    assert task_scorer("right")(estimator, None, swapped) == 1.0
    assert task_scorer("left")(estimator, None, np.column_stack([left, right])) == 0.75
    assert task_scorer(-1)(estimator, None, np.column_stack([left, right])) == 1.0
    with pytest.raises(ValueError, match=r"no column 'right'.*Did you mean 'rigth'"):
        task_scorer("left")(estimator, None, swapped.rename(columns={"right": "rigth"}))
    pipeline = make_pipeline(StandardScaler(), estimator).fit(np.zeros((4, 1)))
    assert task_scorer("left")(pipeline, np.zeros((4, 1)), swapped) == 0.75
    search = GridSearchCV(estimator, {})
    search.best_estimator_, search.refit, search.scorer_ = estimator, True, None
    assert task_scorer("right")(search, np.zeros((4, 1)), swapped) == 1.0


def test_one_dimensional_target(digits):
    X, digit = digits
    model = SVC(gamma="scale").fit(X[:200], digit[:200] % 2)
    y = pd.Series(digit[200:] % 2, name="odd")
    for name in ("accuracy", "roc_auc", "average_precision"):
        assert task_scorer("odd", name)(model, X[200:], y) == skm.get_scorer(name)(model, X[200:], y)
        assert task_scorer("task0", name)(model, X[200:], y.to_numpy()) == skm.get_scorer(name)(model, X[200:], y)
    with pytest.raises(AttributeError, match="'neg_log_loss' needs predict_proba, which SVC does not have"):
        task_scorer("odd", "neg_log_loss")(model, X[200:], y)


def test_multi_output_classifier_and_a_multi_label_one(digits):
    X, digit = digits
    y = np.column_stack([digit % 2, digit > 4]).astype(int)
    models = [
        MultiOutputClassifier(LogisticRegression(max_iter=5000)).fit(X[:200], y[:200]),
        MLPClassifier((10,), max_iter=600, tol=0.01, random_state=0).fit(X[:200], y[:200]),
    ]
    for model in models:
        probabilities = model.predict_proba(X[200:])
        positive = probabilities[:, 1] if isinstance(probabilities, np.ndarray) else probabilities[1][:, 1]
        assert task_scorer(1, "roc_auc")(model, X[200:], y[200:]) == skm.roc_auc_score(y[200:, 1], positive)
        assert task_scorer(1)(model, X[200:], y[200:]) == skm.accuracy_score(y[200:, 1], model.predict(X[200:])[:, 1])


@pytest.mark.parametrize("labels", [(0, 1), ("no", "yes"), (False, True), (-1, 1), (2, 7), (1, 0), ("1", "0"), (2, 1)])
@pytest.mark.parametrize("name", ["f1", "average_precision", "neg_brier_score", "roc_auc", "jaccard"])
def test_the_positive_class_is_1_or_else_the_second(digits, labels, name):
    X, digit = digits
    y = np.array(labels)[digit % 2]
    positive = 1 if 1 in labels else max(labels)  # True is 1
    model = LogisticRegression(max_iter=5000).fit(X[:200], y[:200])
    alike = LogisticRegression(max_iter=5000).fit(X[:200], y[:200] == positive)
    expected = skm.get_scorer(name)(alike, X[200:], y[200:] == positive)
    assert task_scorer(0, name)(model, X[200:], y[200:]) == pytest.approx(expected, rel=1e-9)


def test_an_average_over_string_classes_has_no_positive_one(digits, targets, forests):
    X, y, forest = digits[0][200:], targets["str"][200:], forests["str"]
    assert task_scorer(2, "f1", average="macro")(forest, X, y) == task_scorer(2, "f1_macro")(forest, X, y)


def test_more_classes_than_the_metric_takes(digits, targets, forests):
    X, y = digits[0][200:], targets["mixed"][200:]
    for metric, other in (("recall", "recall_macro"), ("roc_auc", "roc_auc_ovr"), (skm.fbeta_score, "f1_macro")):
        how = {"beta": 2} if callable(metric) else {}
        with pytest.raises(ValueError, match=f"Task 'size' cannot .* It has 3 classes: choose a .* such as '{other}'"):
            task_scorer("size", metric, **how)(forests["mixed"], X, y)


def test_in_cross_validation_and_in_a_mapping_of_scorers(digits, targets, forests):
    X, y = digits[0], targets["int"]
    found = cross_validate(
        forests["int"], X, y, cv=3, scoring={"digit": task_scorer(0), "odd": task_scorer(2, "f1")}, n_jobs=2
    )
    alone = cross_val_score(forests["int"], X, y, cv=3, scoring=task_scorer(2, "f1"))
    assert found["test_odd"].tolist() == alone.tolist()
    assert (found["test_digit"] > 0.5).all()


def test_repr_pickle_and_clone(digits, targets, forests):
    scorer = task_scorer("task1", "recall_macro", zero_division=0, missing_label=-1)
    text = "task_scorer('task1', metric='recall_macro', missing_label=-1, zero_division=0)"
    value = scorer(forests["int"], digits[0][200:], targets["int"][200:])
    for copy in (scorer, pickle.loads(pickle.dumps(scorer)), clone(scorer, safe=False)):
        assert repr(copy) == text
        assert copy(forests["int"], digits[0][200:], targets["int"][200:]) == value


def test_bad_calls_name_what_is_wrong(digits, targets, forests):
    X, y, forest = digits[0][200:], targets["int"][200:], forests["int"]
    cases = [
        ("task3", "accuracy", y, "task names the task 'task3', but the tasks are .*Did you mean"),
        (0, "accuracy", y[:, :2], "y has 2 columns .* but classes_ of RandomForestClassifier has 3 tasks"),
        (0, "accuracy", y[:-1], "X gives 200 predictions, but y has 199 rows"),
        (0, "roc_auc", y, "Task 'task0' cannot be scored with the metric 'roc_auc': multi_class must be in"),
        (0, "f1", y, "Task 'task0' cannot be scored with the metric 'f1': .*average='binary'"),
    ]
    for task, metric, true, message in cases:
        with pytest.raises(ValueError, match=message):
            task_scorer(task, metric)(forest, X, true)
    with pytest.raises(ValueError, match=r"sample_weight must have shape \(200,\) or \(200, 3\).*Got \(3,\)"):
        task_scorer(0)(forest, X, y, sample_weight=[1, 2, 3])
    with pytest.raises(ValueError, match="the metric 'positive_likelihood_ratio' takes none"):
        task_scorer(2, "positive_likelihood_ratio")(forest, X, y, sample_weight=np.ones(200))
    with pytest.raises(NotFittedError, match="LogisticRegression has no classes_, so it is no fitted classifier"):
        task_scorer(0)(LogisticRegression(), X, y)
