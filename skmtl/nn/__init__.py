"""Pure PyTorch: trunks, how tasks share them, heads and the loss of many tasks at once."""

from ._blank import run_on_blank
from ._cgc import CGC
from ._cross_stitch import CrossStitch
from ._custom_trunk import TRUNKS, is_own_module
from ._fold import folded
from ._hard import HardSharing
from ._heads import HEADS, LinearHead, MLPHead
from ._independent import IndependentNetworks
from ._input_stage import InputStage
from ._lenet import LeNetTrunk
from ._loss import MultiTaskLoss
from ._mmoe import MMoE
from ._module import MultiTaskModule, build_module
from ._mtan import MTAN
from ._ordinal_head import OrdinalHead
from ._plain import is_plain
from ._ple import PLE
from ._pool import MaxPool
from ._pretrained import PretrainedTrunk
from ._resnet import ResNetTrunk
from ._sharing import TaskTrunk
from ._sharings import SHARINGS
from ._sigmoid_head import SigmoidHead
from ._task_gradients import inner_products, reached_by_tasks, task_gradients, through_trunk
from ._trunks import ConvTrunk

__all__ = [
    "CGC",
    "HEADS",
    "MTAN",
    "PLE",
    "SHARINGS",
    "TRUNKS",
    "ConvTrunk",
    "CrossStitch",
    "HardSharing",
    "IndependentNetworks",
    "InputStage",
    "LeNetTrunk",
    "LinearHead",
    "MLPHead",
    "MMoE",
    "MaxPool",
    "MultiTaskLoss",
    "MultiTaskModule",
    "OrdinalHead",
    "PretrainedTrunk",
    "ResNetTrunk",
    "SigmoidHead",
    "TaskTrunk",
    "build_module",
    "folded",
    "inner_products",
    "is_own_module",
    "is_plain",
    "reached_by_tasks",
    "run_on_blank",
    "task_gradients",
    "through_trunk",
]
