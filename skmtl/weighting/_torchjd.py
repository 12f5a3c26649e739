"""Which weighting of ours a TorchJD object becomes."""

from ._torchjd_base import inner_of, kinds_of, parts_are, shown
from ._torchjd_objects import TorchJDAggregator, TorchJDGramian, TorchJDJacobian, TorchJDRows, TorchJDScalarizer

__all__ = ["from_torchjd", "is_torchjd"]

# Weightings of TorchJD by what they read; the others read a Gramian. By name, so that TorchJD is never imported.
_ROWS_ONLY = {"MeanWeighting", "SumWeighting", "ConstantWeighting", "RandomWeighting"}
_TWO_BATCHES = {"MoDoWeighting", "SDMGradWeighting"}
_JACOBIAN = {"_MatrixWeighting", "_Composition"}


def is_torchjd(obj):
    """Return whether `obj` is an instance of a TorchJD aggregator, weighting or scalarizer, or a subclass of one.

    Parameters
    ----------
    obj : object
    """
    return bool(kinds_of(obj) & {"Aggregator", "Weighting", "Scalarizer"})


def from_torchjd(obj):
    """Return a TorchJD object as a spec of ours, which trains with private copies of it, reset.

    An aggregator that combines the rows is reduced to its weighting. Weightings are given the
    number of tasks, the Gramian or the jacobian, whichever they read; those of the user's own the
    Gramian, or the jacobian where they are composed with a function (``weighting << fn``). Other
    aggregators are given the jacobian, scalarizers the losses.

    Parameters
    ----------
    obj : torchjd.aggregation.Aggregator, torchjd.aggregation.Weighting or torchjd.scalarization.Scalarizer

    Raises
    ------
    ValueError
        If `obj` needs what a training step does not have: a second batch, or an optimizer of its own.
    """
    kinds = kinds_of(obj)
    _check(obj, kinds)
    if "Scalarizer" in kinds:
        return TorchJDScalarizer(obj)
    inner = inner_of(obj)
    family = TorchJDAggregator if "Aggregator" in kinds_of(inner) else _family(inner)
    return family(obj)


def _check(obj, kinds):
    if parts_are(obj, _TWO_BATCHES):
        raise ValueError(
            f"weighting={shown(obj)} needs the inner products between the gradients of two independent batches; a "
            "training step has one batch. Pass another aggregator, such as torchjd.aggregation.MGDA()."
        )
    if "Scalarizer" in kinds and any(p.requires_grad for p in obj.parameters()) and not hasattr(obj, "update"):
        raise ValueError(
            f"weighting={shown(obj)} has parameters that an optimizer must train along with the model; here they would "
            "stay as they are. Pass weighting='uncertainty' instead of UW, 'imtl-l' instead of IMTLL."
        )


def _family(weighting):
    kinds = kinds_of(weighting)
    if "CRMOGMWeighting" in kinds:
        return _family(weighting.weighting)
    if kinds & _ROWS_ONLY:
        return TorchJDRows
    return TorchJDJacobian if kinds & _JACOBIAN else TorchJDGramian
