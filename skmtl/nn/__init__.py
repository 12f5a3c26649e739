"""Pure PyTorch: trunks, heads and the loss of many tasks at once."""

from ._custom_trunk import TRUNKS, is_own_module
from ._fold import folded
from ._heads import HEADS, LinearHead, MLPHead
from ._loss import MultiTaskLoss
from ._module import InputStage, MultiTaskModule, build_module
from ._plain import is_plain
from ._pool import MaxPool
from ._trunks import ConvTrunk

__all__ = [
    "HEADS",
    "TRUNKS",
    "ConvTrunk",
    "InputStage",
    "LinearHead",
    "MLPHead",
    "MaxPool",
    "MultiTaskLoss",
    "MultiTaskModule",
    "build_module",
    "folded",
    "is_own_module",
    "is_plain",
]
