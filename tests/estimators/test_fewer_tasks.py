import numpy as np

from skmtl import MultiTaskCNNClassifier
from skmtl.estimators._fewer_tasks import params_for_tasks

CLASSES = [np.array([0, 1]), np.array([0, 1, 2])]


def test_defaults_stay():
    assert params_for_tasks(MultiTaskCNNClassifier(), [0, 1], ["a", "b"], CLASSES) == {
        "task_weights": None,
        "class_weight": None,
    }


def test_one_task_shares_with_none():
    clf = MultiTaskCNNClassifier(sharing="ple", weighting="pcgrad", record_conflicts=True)
    params = params_for_tasks(clf, [1], ["a", "b"], CLASSES)
    assert params == {
        "task_weights": None,
        "class_weight": None,
        "sharing": "hard",
        "weighting": "equal",
        "record_conflicts": False,
    }
