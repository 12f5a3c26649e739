"""Rows of images, read where they lie: in memory, in a mapped file, on a device or in a store."""

from ._base import Rows
from ._checks import check_finite, check_numeric
from ._lazy import LazyRows
from ._read import pick_rows, read_rows

__all__ = ["LazyRows", "Rows", "check_finite", "check_numeric", "pick_rows", "read_rows"]
