"""Splits, comparisons and choices: which tasks together, with which weights, and whether it helped."""

from ._affinity import task_affinity
from ._affinity_result import TaskAffinity
from ._comparison import compare_with_single_task
from ._comparison_result import SingleTaskComparison
from ._grouping import select_task_groups
from ._grouping_result import TaskGrouping
from ._networks import select_networks
from ._split import MultiTaskStratifiedKFold, MultiTaskStratifiedShuffleSplit
from ._tradeoff import task_weight_tradeoff
from ._train_test import multi_task_train_test_split
from ._weight_grid import task_weight_grid

__all__ = [
    "MultiTaskStratifiedKFold",
    "MultiTaskStratifiedShuffleSplit",
    "SingleTaskComparison",
    "TaskAffinity",
    "TaskGrouping",
    "compare_with_single_task",
    "multi_task_train_test_split",
    "select_networks",
    "select_task_groups",
    "task_affinity",
    "task_weight_grid",
    "task_weight_tradeoff",
]
