"""Customized gate control."""

from numbers import Integral

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval

from ._experts import build_experts
from ._spec import check_spec

__all__ = ["CGC"]


class CGC(BaseEstimator):
    """Customized gate control: every task weighs shared experts and experts of its own.

    The first stages of the trunk are a stem that all experts share; each expert is a copy of the
    others, with weights of its own. Task t reads ``sum_k g_t[k] expert_k(stem(x))`` over the shared
    experts and its own, where ``g_t = softmax(W_t m + b_t)`` and m is the mean of every channel of
    ``stem(x)`` over its positions, so that the size of a gate does not depend on that of the images.
    (The paper's gate reads x itself and has no b.)

    Limits, exactly: `n_specific=0` is ``MMoE`` with `n_shared` experts, and with `n_shared=1` hard
    sharing; `n_shared=0, n_specific=1, shared_stages=0` is independent networks. ``PLE`` with one
    level is the same network.

    With T tasks, C channels after the stem, S weights in the stem, R in the other stages and
    ``K = n_shared + T n_specific`` experts, it has ``S + K R + T (n_shared + n_specific) (C + 1)``
    weights, where hard sharing has ``S + R``; a task with a single expert to read takes no gate. The
    time is that of the stem and K times that of the other stages: it grows with the number of tasks.

    Parameters
    ----------
    n_shared : int, default=1
        Number of experts that all tasks share.
    n_specific : int, default=1
        Number of experts that each task has for itself.
    shared_stages : int or None, default=None
        Number of stages of the stem. None: one if the trunk has several, so that gates read what
        a first layer found instead of the mean colour of an image, and experts cost less; else none.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import ConvTrunk
    >>> spec = ConvTrunk(channels=(4, 8), hidden=(16,))
    >>> network = CGC().build(lambda: spec.build((1, 12, 12)), n_tasks=2, image_shape=(1, 12, 12))
    >>> [features.shape for features in network(torch.zeros(5, 1, 12, 12))]
    [torch.Size([5, 16]), torch.Size([5, 16])]

    References
    ----------
    Tang et al. (2020), Progressive layered extraction (PLE): a novel multi-task learning (MTL)
    model for personalized recommendations, RecSys, section 4.1.
    """

    _parameter_constraints = {
        "n_shared": [Interval(Integral, 0, None, closed="left")],
        "n_specific": [Interval(Integral, 0, None, closed="left")],
        "shared_stages": [Interval(Integral, 0, None, closed="left"), None],
    }

    def __init__(self, n_shared=1, n_specific=1, shared_stages=None):
        self.n_shared = n_shared
        self.n_specific = n_specific
        self.shared_stages = shared_stages

    def build(self, make_trunk, n_tasks, image_shape):
        """Return a fresh module from images to the features of every task.

        Parameters
        ----------
        make_trunk : callable
            Returns a fresh trunk; called once per expert.
        n_tasks : int
            Number of tasks.
        image_shape : tuple of int
            Channels, then one to three sizes.

        Returns
        -------
        TaskTrunk
            Maps (batch, channels, ...) to a list of `n_tasks` tensors (batch, ...).

        Raises
        ------
        ValueError
            If a parameter is out of range, there is no expert, or the trunk has too few stages.
        """
        check_spec(self)
        n_shared, n_specific = int(self.n_shared), int(self.n_specific)
        return build_experts(self, make_trunk, n_tasks, image_shape, n_shared=n_shared, n_specific=n_specific)
