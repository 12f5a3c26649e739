"""The weightings by name."""

from ._aligned_mtl import AlignedMTL
from ._cagrad import CAGrad
from ._dynamic_weight_average import DynamicWeightAverage
from ._equal import EqualWeighting
from ._famo import FAMO
from ._geometric import GeometricWeighting
from ._gradnorm import GradNorm
from ._imtl_g import IMTLG
from ._imtl_l import IMTLL
from ._mgda import MGDA
from ._nash_mtl import NashMTL
from ._pcgrad import PCGrad
from ._random import RandomWeighting
from ._uncertainty import UncertaintyWeighting
from ._upgrad import UPGrad

__all__ = ["WEIGHTINGS"]

WEIGHTINGS = {
    "equal": EqualWeighting,
    "random": RandomWeighting,
    "uncertainty": UncertaintyWeighting,
    "dwa": DynamicWeightAverage,
    "geometric": GeometricWeighting,
    "imtl-l": IMTLL,
    "famo": FAMO,
    "gradnorm": GradNorm,
    "mgda": MGDA,
    "pcgrad": PCGrad,
    "cagrad": CAGrad,
    "imtl-g": IMTLG,
    "aligned-mtl": AlignedMTL,
    "nash-mtl": NashMTL,
    "upgrad": UPGrad,
}
