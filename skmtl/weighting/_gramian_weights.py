"""A method's weights for a Gramian, without a model."""

import numpy as np
import torch
from sklearn.utils import check_random_state

from .._random_stream import RandomStream
from ._methods import WEIGHTINGS
from ._resolve import reads_of, resolve_weighting

__all__ = ["gramian_weights"]

# Relative to the largest entry or eigenvalue: the rounding of Gramians computed in single precision.
_ROUNDING = 1e-5


def gramian_weights(method, gramian, random_state=None):
    """Return the weights that a method gives tasks whose gradients have these inner products.

    They come in the paper's own scale; `fit` rescales them so that their absolute values average 1.

    Parameters
    ----------
    method : str, GramianWeighting or TorchJD object
        ``"mgda"``, ``"pcgrad"``, ``"cagrad"``, ``"imtl-g"``, ``"aligned-mtl"``, ``"nash-mtl"`` or
        ``"upgrad"``, or an object that reads nothing but the Gramian. It is left as it is.
    gramian : array-like of shape (n_tasks, n_tasks)
        Inner products of the task gradients, ``J @ J.T`` for a Jacobian ``J`` with one row per task:
        finite, symmetric and positive semi-definite, up to the rounding of single precision.
    random_state : int, RandomState instance or None, default=None
        Determines the order in which PCGrad projects. PyTorch's global random state is left as it is.

    Returns
    -------
    ndarray of shape (n_tasks,)
        One weight per task; those of ``"imtl-g"`` and ``"aligned-mtl"`` may be negative.

    Raises
    ------
    ValueError
        If the method is unknown or reads more than the Gramian, or if `gramian` is none.
    TypeError
        If `method` is neither a name nor a weighting.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.weighting import CAGrad, gramian_weights
    >>> J = np.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])
    >>> gramian_weights("mgda", J @ J.T).round(5)
    array([0.6, 0.4])
    >>> gramian_weights(CAGrad(c=0.5), J @ J.T).round(5)
    array([0.70412, 0.5    ])
    """
    spec = resolve_weighting(method, WEIGHTINGS)
    gramian = _check_gramian(gramian)
    with RandomStream(int(check_random_state(random_state).randint(np.iinfo(np.int32).max))):
        built = spec.build(len(gramian))
        _check_reads(method, built)
        return np.asarray(built.weights(gramian), dtype=np.float64)


def _check_reads(method, built):
    reads = reads_of(built)
    if reads != ("gramian",):
        known = sorted(name for name, cls in WEIGHTINGS.items() if cls.reads == ("gramian",))
        raise ValueError(
            f"method must be a function of the Gramian alone, but {method!r} reads {' and '.join(reads)}. "
            f"Use one of {', '.join(map(repr, known))}."
        )


def _check_gramian(gramian):
    if isinstance(gramian, torch.Tensor):
        gramian = gramian.detach().cpu()
    try:
        gramian = np.asarray(gramian)
        if np.iscomplexobj(gramian):
            raise ValueError(f"Got {gramian.dtype}.")
        gramian = gramian.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError("gramian must be an array of real numbers, with as many rows as columns.") from error
    if gramian.ndim != 2 or gramian.shape[0] != gramian.shape[1] or not len(gramian):
        raise ValueError(
            "gramian must have one row and one column per task, at least one of each: J @ J.T for the Jacobian J of "
            f"the task losses. Got shape {gramian.shape} instead."
        )
    if not np.isfinite(gramian).all():
        raise ValueError("gramian must be finite. Got NaN or infinity.")
    largest = np.abs(gramian).max()
    difference = np.abs(gramian - gramian.T).max()
    if difference > _ROUNDING * largest:
        raise ValueError(f"gramian must be symmetric. It differs from its transpose by up to {difference:.3g}.")
    gramian = (gramian + gramian.T) / 2
    smallest = np.linalg.eigvalsh(gramian)[0]
    if smallest < -_ROUNDING * largest:
        raise ValueError(
            "gramian must be positive semi-definite, as inner products of gradients are: J @ J.T for the Jacobian J "
            f"of the task losses. Got the eigenvalue {smallest:.3g}."
        )
    return gramian
