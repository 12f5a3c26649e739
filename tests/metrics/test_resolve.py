import re

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
    with pytest.raises(ValueError, match=r"'log_loss' is a loss, of which less is better: pass metric='neg_log_loss'"):
        resolve_metric(skm.log_loss, {})


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
