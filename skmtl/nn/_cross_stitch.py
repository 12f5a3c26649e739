"""Cross-stitch networks: every task's tower reads a learned mixture of all towers' features."""

from numbers import Real

import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval
from torch import nn

from ._own_input import keeping_input
from ._sharing import TaskTrunk, stage_channels
from ._spec import check_spec
from ._stages import cut_stages

__all__ = ["CrossStitch"]


class CrossStitch(BaseEstimator):
    """One tower per task, and after every stage a learned linear mixture of all of them.

    After each stage of the trunk, tower t goes on with ``sum_s alpha[t, s] * x_s`` of the features
    ``x_s`` of all T towers, position by position: equation 1 of the paper, for any number of tasks. The
    last stage is stitched too, as the paper's fc7 is: what a task keeps to itself is its head. So a trunk
    that cannot be cut, a module that is no ``nn.Sequential``, still shares its features.

    T times the parameters, time and memory of hard sharing, and T * T weights per stage (times its
    channels if `per_channel`), with as many multiplications per position and channel.

    With ``self_weight=1`` training starts from independent networks; stitches that stay at the identity
    are exactly those. With all weights equal to ``1 / T`` all tasks read the same features, as in hard
    sharing; if the towers' layers are equal as well, those of the one trunk.

    Parameters
    ----------
    self_weight : float, default=0.9
        What a task starts with of its own tower (``alpha_S``); the others share the rest equally
        (``alpha_D = (1 - self_weight) / (T - 1)``). Weights that sum to one keep the scale of the features.
    per_channel : bool, default=False
        Whether every channel has its own T x T weights.
    lr_factor : float, default=10.0
        Learning rate of the stitches, as a multiple of the other layers'. The paper finds 100 to 1000 best,
        for stochastic gradient descent, whose steps shrink with the gradient. Adam's step is about
        its rate whatever the gradient: at 0.001, ten times that lets a weight cross [0, 1] in about a
        hundred steps. On three sets of tasks on digits 10 was more accurate than 1. The stitches have no
        weight decay, which would pull the features to zero.

    Examples
    --------
    >>> trunk = CrossStitch(self_weight=0.75).build(lambda: nn.Conv2d(1, 4, 3), n_tasks=2, image_shape=(1, 8, 8))
    >>> [(weights, sources)] = trunk.sharing_weights(torch.zeros(1, 1, 8, 8))
    >>> weights
    tensor([[0.7500, 0.2500],
            [0.2500, 0.7500]])

    References
    ----------
    Misra, Shrivastava, Gupta & Hebert (2016), Cross-stitch networks for multi-task learning, CVPR, equation 1
    and figure 4; section 5 for initial values and learning rates.
    """

    _parameter_constraints = {
        "self_weight": [Interval(Real, 0, 1, closed="both")],
        "per_channel": ["boolean"],
        "lr_factor": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, self_weight=0.9, per_channel=False, lr_factor=10.0):
        self.self_weight = self_weight
        self.per_channel = per_channel
        self.lr_factor = lr_factor

    def build(self, make_trunk, n_tasks, image_shape):
        """Return a fresh `TaskTrunk`; one task has no stitches.

        Parameters
        ----------
        make_trunk : callable
            Returns a fresh trunk; called once per task.
        n_tasks : int
            Number of tasks.
        image_shape : tuple of int
            Channels, height and width; fewer or more sizes for signals and volumes.

        Returns
        -------
        TaskTrunk

        Raises
        ------
        ValueError
            If a parameter is out of range, or a stage of the trunk returns anything but one tensor.
        """
        check_spec(self)
        towers = [cut_stages(make_trunk()) for _ in range(n_tasks)]
        if n_tasks == 1:
            return _CrossStitchTrunk(towers, [], self.lr_factor)
        stitches = [self._stitch(n_tasks, width) for width in stage_channels(towers[0], image_shape)[1:]]
        # The images are read by all; what later stages read is a mixture of their own.
        first = keeping_input([tower[0] for tower in towers], image_shape)
        towers = [[stage, *tower[1:]] for stage, tower in zip(first, towers, strict=True)]
        return _CrossStitchTrunk(towers, stitches, self.lr_factor)

    def _stitch(self, n_tasks, channels):
        weights = torch.full((n_tasks, n_tasks), (1 - self.self_weight) / (n_tasks - 1))
        weights.fill_diagonal_(self.self_weight)
        return weights[:, :, None].repeat(1, 1, channels) if self.per_channel else weights


class _CrossStitchTrunk(TaskTrunk):
    def __init__(self, towers, stitches, lr_factor):
        super().__init__()
        self.n_tasks = len(towers)
        self.towers = nn.ModuleList(map(nn.ModuleList, towers))
        self.stitches = nn.ParameterList(stitches)
        self.lr_factor = lr_factor

    def forward(self, images):
        features = [images] * self.n_tasks
        for i in range(len(self.towers[0])):
            features = [tower[i](own) for tower, own in zip(self.towers, features, strict=True)]
            if self.n_tasks > 1:
                features = _stitched(self.stitches[i], features)
        return features

    def sharing_weights(self, images):
        sources = [f"{{{t}}}" for t in range(self.n_tasks)]
        weights = [stitch.detach() for stitch in self.stitches]
        return [(w.mean(2) if w.ndim == 3 else w.clone(), sources) for w in weights]

    def parameter_options(self):
        """Return what the optimiser should do for the stitches otherwise than for the layers."""
        names = (f"stitches.{i}" for i in range(len(self.stitches)))
        return {name: {"lr_factor": self.lr_factor, "weight_decay": 0.0} for name in names}


def _stitched(weights, features):
    if weights.ndim == 3:
        per_position = (-1, *(1 for _ in features[0].shape[2:]))
        return [sum(w.view(per_position) * x for w, x in zip(row, features, strict=True)) for row in weights]
    # Channels last in memory stay last: the convolutions of a stage would else turn them around again.
    last = features[0].ndim > 2 and not features[0].is_contiguous()
    stacked = torch.stack([x.movedim(1, -1) if last else x for x in features])
    flat = stacked.flatten(1)
    # Row by row, as long as one product of matrices: a stage may then work in place on what is its own.
    mixed = [(row @ flat).view(stacked.shape[1:]) for row in weights]
    return [x.movedim(-1, 1) for x in mixed] if last else mixed
