"""Pictures and explanations of fitted models and result tables."""

from ._affinity_display import TaskAffinityDisplay
from ._calibration_display import MultiTaskCalibrationDisplay
from ._comparison_display import SingleTaskComparisonDisplay
from ._confusion_display import MultiTaskConfusionMatrixDisplay
from ._learning_curve_display import TaskLearningCurveDisplay
from ._mistakes_display import TaskMistakesDisplay
from ._patch_display import PatchImportanceDisplay
from ._patch_importance import patch_importance
from ._patch_result import PatchImportance
from ._precision_recall_display import MultiTaskPrecisionRecallDisplay
from ._roc_display import MultiTaskRocCurveDisplay
from ._saliency import task_saliency
from ._saliency_display import TaskSaliencyDisplay
from ._saliency_result import TaskSaliency
from ._task_module import task_module
from ._tradeoff_display import TaskTradeoffDisplay

__all__ = [
    "MultiTaskCalibrationDisplay",
    "MultiTaskConfusionMatrixDisplay",
    "MultiTaskPrecisionRecallDisplay",
    "MultiTaskRocCurveDisplay",
    "PatchImportance",
    "PatchImportanceDisplay",
    "SingleTaskComparisonDisplay",
    "TaskAffinityDisplay",
    "TaskLearningCurveDisplay",
    "TaskMistakesDisplay",
    "TaskSaliency",
    "TaskSaliencyDisplay",
    "TaskTradeoffDisplay",
    "patch_importance",
    "task_module",
    "task_saliency",
]
