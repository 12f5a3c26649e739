"""The scikit-learn face."""

from ._classifier import MultiTaskCNNClassifier

__all__ = ["MultiTaskCNNClassifier"]
