"""Weightings: from the losses or gradients of a step to the weights of the tasks."""

from ._aligned_mtl import AlignedMTL
from ._base import GradientAggregator, GramianWeighting, LossWeighting
from ._cagrad import CAGrad
from ._dynamic_weight_average import DynamicWeightAverage
from ._equal import EqualWeighting
from ._famo import FAMO
from ._geometric import GeometricWeighting
from ._gradnorm import GradNorm
from ._gramian_weights import gramian_weights
from ._imtl_g import IMTLG
from ._imtl_l import IMTLL
from ._methods import WEIGHTINGS
from ._mgda import MGDA
from ._nash_mtl import NashMTL
from ._pcgrad import PCGrad
from ._random import RandomWeighting
from ._resolve import build_weighting, reads_of, resolve_weighting
from ._step_weights import StepWeights
from ._torchjd import is_torchjd
from ._uncertainty import UncertaintyWeighting
from ._upgrad import UPGrad

__all__ = [
    "FAMO",
    "IMTLG",
    "IMTLL",
    "MGDA",
    "WEIGHTINGS",
    "AlignedMTL",
    "CAGrad",
    "DynamicWeightAverage",
    "EqualWeighting",
    "GeometricWeighting",
    "GradNorm",
    "GradientAggregator",
    "GramianWeighting",
    "LossWeighting",
    "NashMTL",
    "PCGrad",
    "RandomWeighting",
    "StepWeights",
    "UPGrad",
    "UncertaintyWeighting",
    "build_weighting",
    "gramian_weights",
    "is_torchjd",
    "reads_of",
    "resolve_weighting",
]
