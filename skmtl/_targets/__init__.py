"""Label columns of any kind <-> integer codes, with missing labels.

The one place that knows what a target looks like from outside. Everything behind it sees
``codes`` of shape (n_samples, n_tasks), with ``MISSING`` where a cell has no label.
"""

from ._array import as_array
from ._columns import TargetColumn, Targets, read_targets
from ._encoder import MISSING, TargetEncoder
from ._split import is_frame

__all__ = ["MISSING", "TargetColumn", "TargetEncoder", "Targets", "as_array", "is_frame", "read_targets"]
