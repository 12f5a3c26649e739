"""Scores of several tasks at once, each equal to scikit-learn's own on its column."""

from ._calibration import expected_calibration_error
from ._delta_m import delta_m
from ._multi_task_scorer import multi_task_scorer
from ._report import multi_task_report
from ._scores import exact_match_score, mean_task_score
from ._task_scorer import task_scorer

__all__ = [
    "delta_m",
    "exact_match_score",
    "expected_calibration_error",
    "mean_task_score",
    "multi_task_report",
    "multi_task_scorer",
    "task_scorer",
]
