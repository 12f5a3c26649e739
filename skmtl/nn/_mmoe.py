"""Multi-gate mixture of experts."""

from numbers import Integral

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval

from ._experts import build_experts
from ._spec import check_spec

__all__ = ["MMoE"]


class MMoE(BaseEstimator):
    """Multi-gate mixture of experts: every task weighs the same experts in its own way.

    The first stages of the trunk are a stem that all experts share; each expert is a copy of the
    others, with weights of its own. Task t reads ``sum_k g_t[k] expert_k(stem(x))``, where
    ``g_t = softmax(W_t m + b_t)`` and m is the mean of every channel of ``stem(x)`` over its
    positions, so that the size of a gate does not depend on that of the images. (The paper's gate
    reads x itself and has no b.) One expert is hard sharing, exactly.

    With T tasks, C channels after the stem, S weights in the stem and R in the other stages, it has
    ``S + n_experts R + T n_experts (C + 1)`` weights (one expert takes no gates), where hard sharing
    has ``S + R``. The time is that of the stem and `n_experts` times that of the other stages,
    whatever the number of tasks.

    Parameters
    ----------
    n_experts : int, default=4
        Number of experts.
    shared_stages : int or None, default=None
        Number of stages of the stem. None: one if the trunk has several, so that gates read what
        a first layer found instead of the mean colour of an image, and experts cost less; else none.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import ConvTrunk
    >>> spec = ConvTrunk(channels=(4, 8), hidden=(16,))
    >>> network = MMoE(n_experts=3).build(lambda: spec.build((1, 12, 12)), n_tasks=2, image_shape=(1, 12, 12))
    >>> [features.shape for features in network(torch.zeros(5, 1, 12, 12))]
    [torch.Size([5, 16]), torch.Size([5, 16])]

    References
    ----------
    Ma et al. (2018), Modeling task relationships in multi-task learning with multi-gate
    mixture-of-experts, KDD, equations 6-8.
    """

    _parameter_constraints = {
        "n_experts": [Interval(Integral, 1, None, closed="left")],
        "shared_stages": [Interval(Integral, 0, None, closed="left"), None],
    }

    def __init__(self, n_experts=4, shared_stages=None):
        self.n_experts = n_experts
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
            If a parameter is out of range or the trunk has too few stages.
        """
        check_spec(self)
        return build_experts(self, make_trunk, n_tasks, image_shape, n_shared=int(self.n_experts), shared_name="expert")
