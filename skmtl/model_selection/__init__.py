"""Splits stratified over all tasks at once."""

from ._split import MultiTaskStratifiedKFold, MultiTaskStratifiedShuffleSplit
from ._train_test import multi_task_train_test_split

__all__ = ["MultiTaskStratifiedKFold", "MultiTaskStratifiedShuffleSplit", "multi_task_train_test_split"]
