"""Multi-task convolutional networks with scikit-learn's interface."""

from .estimators import (
    MultiTaskCalibratedClassifier,
    MultiTaskCNNClassifier,
    MultiTaskTunedThresholdClassifier,
    TaskGroupingClassifier,
)

__all__ = [
    "MultiTaskCNNClassifier",
    "MultiTaskCalibratedClassifier",
    "MultiTaskTunedThresholdClassifier",
    "TaskGroupingClassifier",
    "__version__",
]

__version__ = "0.1.0"
