"""Nothing shared: one network per task."""

from sklearn.base import BaseEstimator
from torch import nn

from ._own_input import keeping_input
from ._sharing import TaskTrunk

__all__ = ["IndependentNetworks"]


class IndependentNetworks(BaseEstimator):
    """One trunk of the same shape per task: what sharing has to beat.

    The networks train side by side on the same batches, each by its own task's loss alone, unless a
    weighting of the tasks or a limit on the norm of all gradients couples them. With T tasks it takes T
    times the parameters, the time and the memory of hard sharing. With one task it is hard sharing.

    Examples
    --------
    >>> import torch
    >>> trunk = IndependentNetworks().build(lambda: nn.Conv2d(1, 4, 3), n_tasks=2, image_shape=(1, 8, 8))
    >>> [features.shape for features in trunk(torch.zeros(5, 1, 8, 8))]
    [torch.Size([5, 4, 6, 6]), torch.Size([5, 4, 6, 6])]

    References
    ----------
    Caruana (1997), Multitask learning, Machine Learning 28, figure 1: single task learning.
    """

    def build(self, make_trunk, n_tasks, image_shape):
        """Return a fresh `TaskTrunk`.

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
        """
        return _IndependentTrunk(keeping_input([make_trunk() for _ in range(n_tasks)], image_shape))


class _IndependentTrunk(TaskTrunk):
    def __init__(self, towers):
        super().__init__()
        self.n_tasks = len(towers)
        self.towers = nn.ModuleList(towers)

    def forward(self, images):
        return [tower(images) for tower in self.towers]

    def of_inputs(self, images, input_of):
        # No tower ever sees another task's images: exactly the networks one would train apart.
        return [tower(images[:, i]) for tower, i in zip(self.towers, input_of, strict=True)]
