"""How tasks share layers: what every way of sharing is made of.

A way of sharing is a spec whose ``build(make_trunk, n_tasks, image_shape)`` returns a fresh `TaskTrunk`, or the
plain trunk where all tasks share everything. ``make_trunk()`` returns a fresh trunk, or a copy of a
pretrained one; a `TaskTrunk` may define ``parameter_options()``, which maps names of its ``named_parameters()`` to
``{"lr_factor": float, "weight_decay": float}`` for the optimiser.
"""

from abc import ABC, abstractmethod

from torch import nn

from ._blank import are_features, as_in_prediction, blank_images, described

__all__ = ["TaskTrunk", "pooled", "stage_channels", "stage_shapes"]


class TaskTrunk(nn.Module, ABC):
    """A trunk with one feature vector per task, instead of one for all of them.

    Attributes
    ----------
    n_tasks : int
        Number of tasks.

    Examples
    --------
    Every task sees the shared features through gains of its own:

    >>> import torch
    >>> class Gains(TaskTrunk):
    ...     def __init__(self, trunk, n_tasks, n_features):
    ...         super().__init__()
    ...         self.trunk, self.n_tasks = trunk, n_tasks
    ...         self.gains = nn.Parameter(torch.ones(n_tasks, n_features))
    ...
    ...     def forward(self, images):
    ...         features = self.trunk(images)
    ...         return [features * gain for gain in self.gains]
    >>> [features.shape for features in Gains(nn.Flatten(), 2, 12)(torch.zeros(5, 3, 2, 2))]
    [torch.Size([5, 12]), torch.Size([5, 12])]
    """

    n_tasks: int

    @abstractmethod
    def forward(self, images):
        """Return the features of every task: `n_tasks` tensors of shape (batch, ...).

        Parameters
        ----------
        images : tensor of shape (batch, channels, ...)
            Standardised.
        """

    def of_inputs(self, images, input_of):
        """Return the features of every task, made of its own images.

        Parameters
        ----------
        images : tensor of shape (batch, n_inputs, channels, ...)
            Several images a row.
        input_of : sequence of int
            For every task, which of them is its own.
        """
        # All of them at once: batch normalisation then sees in training what it averages for predictions.
        features = self(images.flatten(0, 1))
        return [part.unflatten(0, images.shape[:2])[:, i] for part, i in zip(features, input_of, strict=True)]

    def sharing_weights(self, images):
        """Return what decides how much the tasks share, averaged over a batch.

        Parameters
        ----------
        images : tensor of shape (batch, channels, ...)
            Standardised. Call it in evaluation mode: batch normalisation counts what it sees in training.

        Returns
        -------
        list of (tensor of shape (n_tasks, n_sources), list of str)
            One entry per place in the network where tasks share, in the order of the layers; the names
            of the sources have ``{0}``, ``{1}`` ... where those of the tasks belong. Empty if nothing decides.
            The tensors are detached.
        """
        return []


def pooled(features):
    """Return the mean of every channel over the positions, shape (batch, channels).

    Parameters
    ----------
    features : tensor of shape (batch, channels, ...)
        Feature maps, or a vector, which is left as it is.
    """
    return features.mean(tuple(range(2, features.ndim))) if features.ndim > 2 else features


def stage_channels(stages, image_shape):
    """Return the number of channels each stage reads, and that which the last one returns.

    Parameters
    ----------
    stages : list of torch.nn.Module
        Run one after the other on blank images; left in the mode they are in.
    image_shape : tuple of int
        Channels, height and width; fewer or more sizes for signals and volumes.
    """
    return [shape[0] for shape in stage_shapes(stages, image_shape)]


def stage_shapes(stages, image_shape):
    """Return the shape, without the batch, of what each stage reads, and of what the last one returns.

    Parameters
    ----------
    stages : list of torch.nn.Module
        Run one after the other on blank images; left in the mode they are in.
    image_shape : tuple of int
        Channels, height and width; fewer or more sizes for signals and volumes.

    Raises
    ------
    ValueError
        If a stage returns anything but one tensor with channels.
    """
    whole, shapes = nn.ModuleList(stages), [tuple(image_shape)]
    features = blank_images(whole, image_shape)
    with as_in_prediction(whole):
        for i, stage in enumerate(stages):
            features = stage(features)
            _check_features(features, i, stage)
            shapes.append(tuple(features.shape[1:]))
    return shapes


def _check_features(features, i, stage):
    if are_features(features):
        return
    names = ", ".join(type(layer).__name__ for layer in stage.children()) or type(stage).__name__
    raise ValueError(
        f"trunk: its stage {i} ({names}) must return one tensor of shape (batch, channels, ...) for tasks to share. "
        f"Got {described(features)} for a batch of 2: wrap the layers in a module of your own, which then is one stage."
    )
