import re
from functools import partial

import numpy as np
import pytest
from sklearn import metrics as skm

from skmtl.metrics import task_scorer
from skmtl.metrics._resolve import resolve_metric


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("acuracy", "accuracy"),
        ("accuracy_score", "accuracy"),
        ("f1_score", "f1"),
        ("log_loss", "neg_log_loss"),
        ("roc_auc_score", "roc_auc"),
    ],
)
def test_unknown_name_suggests_the_near_miss(name, suggestion):
    with pytest.raises(ValueError, match=f"Got '{name}' instead. Did you mean '{suggestion}'?"):
        resolve_metric(name, {})


@pytest.mark.parametrize("name", ["r2", "neg_mean_squared_error", "rand_score", "v_measure_score", "f1_samples"])
def test_names_that_do_not_score_classifiers_are_refused(name):
    with pytest.raises(ValueError, match=f"'{name}' does not score one task of a classifier"):
        resolve_metric(name, {})


def test_functions_that_do_not_score_classifiers_are_refused():
    with pytest.raises(ValueError, match="'mean_absolute_error' does not score one task of a classifier"):
        resolve_metric(skm.mean_absolute_error, {})
    with pytest.raises(ValueError, match="'recall' does not score one task of a classifier"):
        resolve_metric("recall", {"average": "samples"})


def class_error(y_true, y_pred):
    return float(np.mean(y_true != y_pred))


NEGATED = r"make_scorer\(..., greater_is_better=False\)"


@pytest.mark.parametrize(
    ("loss", "remedy"),
    [
        (skm.log_loss, "'neg_log_loss'"),
        (skm.brier_score_loss, "'neg_brier_score'"),
        (partial(skm.log_loss, labels=[0, 1]), "'neg_log_loss'"),
        (skm.make_scorer(skm.log_loss, response_method="predict_proba"), "'neg_log_loss'"),
        (skm.hamming_loss, NEGATED),
        (skm.zero_one_loss, NEGATED),
        (skm.hinge_loss, NEGATED),
        (partial(partial(skm.zero_one_loss, normalize=False)), NEGATED),
        (skm.make_scorer(skm.zero_one_loss), NEGATED),
        (class_error, NEGATED),
    ],
)
def test_losses_are_not_maximised(loss, remedy):
    with pytest.raises(ValueError, match=f"is a loss, of which less is better: pass {remedy} to have its negative"):
        resolve_metric(loss, {})


def test_losses_that_are_negated_or_not_maximised():
    assert resolve_metric(skm.make_scorer(class_error, greater_is_better=False), {}).scorer._sign == -1
    assert resolve_metric("neg_log_loss", {}).scorer._sign == -1
    assert resolve_metric(class_error, {}, maximized=False).on_labels("left", np.array([0, 1]), 0, None) == 0.5
    assert resolve_metric(skm.d2_log_loss_score, {}).responses == ("predict_proba",)


def test_a_function_with_arguments_given_is_asked_as_the_function_is():
    metric = resolve_metric(partial(skm.roc_auc_score, multi_class="ovr"), {})
    assert metric.responses == resolve_metric(skm.roc_auc_score, {}).responses == ("decision_function", "predict_proba")


@pytest.mark.parametrize("metric", [None, 3, ["accuracy"]])
def test_what_is_no_metric_is_refused(metric):
    with pytest.raises(TypeError, match=re.escape(f"Got {metric!r} instead")):
        resolve_metric(metric, {})


def test_a_scorer_of_estimators_is_refused():
    def score(estimator, X, y):
        return 1.0

    for scorer in (score, task_scorer("left")):
        with pytest.raises(TypeError, match=r"takes \(estimator, X, y\)"):
            resolve_metric(scorer, {})


def test_unknown_keyword_suggests_the_near_miss():
    with pytest.raises(TypeError, match=r"'averge' is not a parameter of the metric 'f1'.*Did you mean 'average'"):
        resolve_metric("f1", {"averge": "macro"})


def test_keywords_override_those_of_the_name():
    metric = resolve_metric("recall_macro", {"average": "weighted"})
    assert metric.scorer._kwargs["average"] == "weighted"
    assert skm.get_scorer("recall_macro")._kwargs["average"] == "macro"
