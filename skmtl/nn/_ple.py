"""Progressive layered extraction."""

from numbers import Integral

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval

from ._experts import build_experts
from ._spec import check_spec

__all__ = ["PLE"]


class PLE(BaseEstimator):
    """Progressive layered extraction: shared experts and experts of every task, level upon level.

    The first stages of the trunk are a stem that all experts share; the others are divided into
    `n_levels` consecutive groups, as evenly as may be. At every level an expert is a copy of its
    group's stages, with weights of its own. A task's experts read the task's mixture of the level
    below, shared experts the shared one (the stem's output at the first level). Then task t mixes
    the shared experts and its own, ``sum_k g_t[k] expert_k``, and the shared mixture, which the
    last level does without, is one of all experts. A gate is ``softmax(W m + b)``, where m is the
    mean over the positions of every channel of the mixture its own experts read, so that its size
    does not depend on that of the images. (The paper's gate has no b.)

    Limits, exactly: one level is ``CGC``; `n_specific=0, n_shared=1` is hard sharing;
    `n_shared=0, n_specific=1, shared_stages=0` is independent networks.

    With T tasks, S weights in the stem, R in the other stages and ``K = n_shared + T n_specific``
    experts a level, it has ``S + K R`` weights, where hard sharing has ``S + R``, and per level that
    reads C channels ``T (n_shared + n_specific) (C + 1)`` in the gates of the tasks and, but for the
    last level and without shared experts, ``K (C + 1)`` in the shared gate; tasks with a single expert
    to read take no gates at all. The time is that of the stem and K times that of the other stages: it
    grows with the number of tasks, not with that of levels.

    Parameters
    ----------
    n_levels : int, default=2
        Number of levels.
    n_shared : int, default=1
        Number of experts of every level that all tasks share.
    n_specific : int, default=1
        Number of experts of every level that each task has for itself.
    shared_stages : int or None, default=None
        Number of stages of the stem. None: one if the trunk has more stages than levels, so that
        the first gates read what a first layer found instead of the mean colour of an image, and
        experts cost less; else none.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import ConvTrunk
    >>> spec = ConvTrunk(channels=(4, 8), hidden=(16,))
    >>> network = PLE(n_levels=2).build(lambda: spec.build((1, 12, 12)), n_tasks=2, image_shape=(1, 12, 12))
    >>> [features.shape for features in network(torch.zeros(5, 1, 12, 12))]
    [torch.Size([5, 16]), torch.Size([5, 16])]

    References
    ----------
    Tang et al. (2020), Progressive layered extraction (PLE): a novel multi-task learning (MTL)
    model for personalized recommendations, RecSys, section 4.2.
    """

    _parameter_constraints = {
        "n_levels": [Interval(Integral, 1, None, closed="left")],
        "n_shared": [Interval(Integral, 0, None, closed="left")],
        "n_specific": [Interval(Integral, 0, None, closed="left")],
        "shared_stages": [Interval(Integral, 0, None, closed="left"), None],
    }

    def __init__(self, n_levels=2, n_shared=1, n_specific=1, shared_stages=None):
        self.n_levels = n_levels
        self.n_shared = n_shared
        self.n_specific = n_specific
        self.shared_stages = shared_stages

    def build(self, make_trunk, n_tasks, image_shape):
        """Return a fresh module from images to the features of every task.

        Parameters
        ----------
        make_trunk : callable
            Returns a fresh trunk; called once per expert of a level.
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
        counts = {"n_shared": int(self.n_shared), "n_specific": int(self.n_specific), "n_levels": int(self.n_levels)}
        return build_experts(self, make_trunk, n_tasks, image_shape, **counts)
