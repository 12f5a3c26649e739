"""Multi-task convolutional networks with scikit-learn's interface."""

from .estimators import MultiTaskCNNClassifier

__all__ = ["MultiTaskCNNClassifier", "__version__"]

__version__ = "0.1.0"
