"""The scikit-learn face."""

from ._calibrated import MultiTaskCalibratedClassifier
from ._classifier import MultiTaskCNNClassifier
from ._task_grouping import TaskGroupingClassifier
from ._thresholds import MultiTaskTunedThresholdClassifier

__all__ = [
    "MultiTaskCNNClassifier",
    "MultiTaskCalibratedClassifier",
    "MultiTaskTunedThresholdClassifier",
    "TaskGroupingClassifier",
]
