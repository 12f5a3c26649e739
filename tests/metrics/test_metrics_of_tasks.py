import numpy as np
import pytest
from sklearn import metrics as skm

from skmtl.metrics._metrics_of_tasks import metric_names, resolve_metrics

NAMES = ["defect", "shape", "size"]


def test_one_metric_is_for_all_tasks():
    metrics = resolve_metrics("accuracy", NAMES)
    assert [metric.name for metric in metrics] == ["accuracy"] * 3
    assert metric_names(metrics, NAMES) == "accuracy"


def test_a_mapping_names_a_metric_for_each():
    made = skm.make_scorer(skm.zero_one_loss, greater_is_better=False)
    metrics = resolve_metrics({"size": made, "defect": "f1", -2: skm.cohen_kappa_score}, NAMES)
    names = {"defect": "f1", "shape": "cohen_kappa_score", "size": "zero_one_loss"}
    assert metric_names(metrics, NAMES) == names
    assert metrics[2].on_labels("size", np.array([1, 2]), np.array([1, 1]), None) == -0.5
    assert metric_names(resolve_metrics(dict.fromkeys(NAMES, "f1"), NAMES), NAMES) == "f1"


def test_tasks_without_a_metric():
    assert [m and m.name for m in resolve_metrics({"shape": "f1", "size": None}, NAMES, complete=False)] == [
        None, "f1", None,
    ]  # fmt: skip
    with pytest.raises(ValueError, match=r"scoring must name every task; it lacks \['shape', 'size'\]"):
        resolve_metrics({"defect": "f1"}, NAMES)
    with pytest.raises(TypeError, match=r"scoring of task 'size': metric must be .* Got None"):
        resolve_metrics({"defect": "f1", "shape": "f1", "size": None}, NAMES)


def test_wrong_names():
    with pytest.raises(ValueError, match=r"scoring names the task 'shap', .* Did you mean 'shape'"):
        resolve_metrics({"defect": "f1", "shap": "f1", "size": "f1"}, NAMES)
    with pytest.raises(ValueError, match=r"scoring of task 'shape': metric must be .* Did you mean 'f1_macro'"):
        resolve_metrics({"defect": "f1", "shape": "f1macro", "size": "f1"}, NAMES)
    with pytest.raises(ValueError, match=r"scoring: metric must be .* Did you mean 'accuracy'"):
        resolve_metrics("acuracy", NAMES)
