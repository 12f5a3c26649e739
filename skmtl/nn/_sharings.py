"""The ways of sharing, by name."""

from ._cgc import CGC
from ._cross_stitch import CrossStitch
from ._hard import HardSharing
from ._independent import IndependentNetworks
from ._mmoe import MMoE
from ._mtan import MTAN
from ._ple import PLE

__all__ = ["SHARINGS"]

SHARINGS = {
    "hard": HardSharing,
    "none": IndependentNetworks,
    "cross-stitch": CrossStitch,
    "mmoe": MMoE,
    "cgc": CGC,
    "ple": PLE,
    "mtan": MTAN,
}
