"""Multi-task attention network: one trunk, of which every task picks its own features."""

from numbers import Real

import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions
from torch import nn

from ._attention import StageAttention
from ._own_input import keeping_input
from ._sharing import TaskTrunk, pooled, stage_shapes
from ._spec import check_spec
from ._stages import cut_stages

__all__ = ["MTAN"]

MIN_HIDDEN = 8  # of a mask: where a ReLU or two are all it has, some masks never learn


class MTAN(BaseEstimator):
    """One trunk, and for every task and stage a soft mask over its feature maps.

    The trunk runs once. With ``p`` the features of a stage and ``a`` what the task attended to at the
    stage before (nothing at the first), its mask is ``m = sigmoid(h(relu(g([p; f(a)]))))`` and it
    attends to ``m * p`` (equations 1 and 2). g and h are 1 x 1 convolutions, or linear layers where a stage
    returns vectors; f, which all tasks share, averages ``a`` down to the size of ``p``, or to its
    mean where positions are lost, and maps its channels by a 1 x 1 convolution and ReLU. A head reads what
    its task attends to at the last stage.

    Two departures from the paper. Its masks look at ``u``, a layer inside a block, and weigh ``p``, the
    block's last; a stage of any trunk has no layer inside that one could name, so here both are the
    stage's output, as in the authors' own network for image classification. And its f is a 3 x 3 convolution,
    which would outweigh a small trunk.

    Beside the trunk's, T tasks take, at each stage of C channels after one of B channels, with
    ``H = max(C // reduction, min(C, 8))``: ``T * (H * (3 * C + 1) + C)`` parameters for the masks and
    ``C * (B + 1)`` for f; the first stage ``T * (H * (2 * C + 1) + C)`` and no f. Batch normalisation adds
    ``T * (H + C)`` and ``C``. As many multiplications per position, f's once per task; in training, memory
    for T masks and T masked copies of every stage's features.

    With all masks at one it is hard sharing.

    Parameters
    ----------
    reduction : float, default=4.0
        The masks' hidden width is the stage's number of channels divided by this, but at least 8 (or all
        channels, if fewer). The paper's is 1, with four times the parameters of the masks.
    normalization : {None, "batch"}, default=None
        Batch normalisation after every convolution of the attention modules, as in the paper, whose trunks
        are normalised too. Without it in the trunk, or in small batches, its running statistics lag behind
        the features: on 300 digits, a trunk of 8 and 16 channels got 0.62 right instead of 0.83. In a training
        batch with a single value per channel it uses the running statistics.

    Examples
    --------
    >>> trunk = MTAN().build(lambda: nn.Conv2d(1, 4, 3), n_tasks=2, image_shape=(1, 8, 8))
    >>> [features.shape for features in trunk(torch.zeros(5, 1, 8, 8))]
    [torch.Size([5, 4, 6, 6]), torch.Size([5, 4, 6, 6])]

    References
    ----------
    Liu, Johns & Davison (2019), End-to-end multi-task learning with attention, CVPR, section 3, figure 2,
    equations 1 and 2.
    """

    _parameter_constraints = {
        "reduction": [Interval(Real, 0, None, closed="neither")],
        "normalization": [StrOptions({"batch"}), None],
    }

    def __init__(self, reduction=4.0, normalization=None):
        self.reduction = reduction
        self.normalization = normalization

    def build(self, make_trunk, n_tasks, image_shape):
        """Return a fresh `TaskTrunk`.

        Parameters
        ----------
        make_trunk : callable
            Returns a fresh trunk; called once.
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
            If a parameter is out of range, or a stage of the trunk returns anything but one tensor of a
            vector, signal, image or volume.
        """
        check_spec(self)
        stages = cut_stages(make_trunk())
        shapes = stage_shapes(stages, image_shape)[1:]
        attentions = []
        for shape, before in zip(shapes, [None, *shapes[:-1]], strict=True):
            if len(shape) > 4:
                raise ValueError(
                    f"MTAN: a stage of the trunk returns features of shape {shape}, with {len(shape) - 1} axes of "
                    "positions; it knows up to 3. Use another sharing, or a trunk that returns fewer axes."
                )
            hidden = max(int(shape[0] // self.reduction), min(shape[0], MIN_HIDDEN))
            attentions.append(StageAttention(shape, before, n_tasks, hidden, self.normalization == "batch"))
        # The masks read what the next stage reads.
        later = [keeping_input([stage], shape)[0] for stage, shape in zip(stages[1:], shapes[:-1], strict=True)]
        return _MTANTrunk([stages[0], *later], attentions, n_tasks)


class _MTANTrunk(TaskTrunk):
    def __init__(self, stages, attentions, n_tasks):
        super().__init__()
        self.n_tasks = n_tasks
        self.stages = nn.ModuleList(stages)
        self.attentions = nn.ModuleList(attentions)

    def forward(self, images):
        return self._attended(images, self._same)

    def of_inputs(self, images, input_of):
        # The trunk on all images, a task's masks on its own only.
        def own(features):
            features = features.unflatten(0, images.shape[:2])
            return [features[:, i] for i in input_of]

        return self._attended(images.flatten(0, 1), own)

    def sharing_weights(self, images):
        means = []
        with torch.no_grad():
            self._attended(images, self._same, means)
        return [(mean, [f"channel {c}" for c in range(mean.shape[1])]) for mean in means]

    def _same(self, features):
        return [features] * self.n_tasks

    def _attended(self, images, own, means=None):
        features, attended = images, None
        for stage, attention in zip(self.stages, self.attentions, strict=True):
            features = stage(features)
            masks, attended = attention(own(features), attended)
            if means is not None:
                means.append(torch.stack([pooled(mask).mean(0) for mask in masks]))
        return attended
