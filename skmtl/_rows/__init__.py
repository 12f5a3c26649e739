"""Rows of images, read where they lie: in memory, in a mapped file, on a device or in a store."""

from ._base import Rows
from ._blank import split_blank, with_blank
from ._checks import check_finite, check_numeric
from ._image_cells import image_cells
from ._lazy import LazyRows, to_numpy
from ._read import pick_rows, read_rows
from ._stacked import StackedRows, stack_rows
from ._task_images import TaskImages
from ._task_rows import distinct_images

__all__ = [
    "LazyRows",
    "Rows",
    "StackedRows",
    "TaskImages",
    "check_finite",
    "check_numeric",
    "distinct_images",
    "image_cells",
    "pick_rows",
    "read_rows",
    "split_blank",
    "stack_rows",
    "to_numpy",
    "with_blank",
]
