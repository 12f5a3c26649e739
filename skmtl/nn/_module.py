"""The whole network: input stage, shared trunk, one head per task."""

import torch
from torch import nn

from ._custom_trunk import build_trunk, is_own_module
from ._heads import Heads
from ._shared_size import check_fresh, shared_size
from ._sharing import TaskTrunk

__all__ = ["InputStage", "MultiTaskModule", "build_module"]


class InputStage(nn.Module):
    """Raw pixels -> floating point -> (in training: augmented) -> standardised.

    Inside the network, so that whatever carries the weights carries it too.

    Parameters
    ----------
    scale : float
        Factor from raw pixel values to the unit in which `mean` and `std` are given.
    mean, std : tensor of shape (n_channels,) or (n_sets, n_channels)
        Statistics of the scaled training images; of every set, where tasks bring their own.
    spatial_dims : int, default=2
        Axes of one channel.
    """

    def __init__(self, scale, mean, std, spatial_dims=2):
        super().__init__()
        mean, std = (torch.as_tensor(part, dtype=torch.float64) for part in (mean, std))
        shape = (-1, mean.shape[-1], *(1,) * spatial_dims)
        # What predictions need, made of the three that say what it means.
        self.register_buffer("shift", torch.zeros_like(mean).view(shape), persistent=False)
        self.register_buffer("factor", torch.zeros_like(mean).view(shape), persistent=False)
        self.register_buffer("scale", torch.as_tensor(scale, dtype=torch.float64))
        self.register_buffer("mean", mean.view(shape))
        self.register_buffer("std", std.view(shape))
        self._fold()
        self.set_augment(None)

    def _fold(self):
        self.shift = self.mean / self.scale
        self.factor = self.scale / self.std

    def _apply(self, *args, **kwargs):
        super()._apply(*args, **kwargs)
        # Made anew instead of cast, so that the same three give the same two on every way here.
        self._fold()
        return self

    def _load_from_state_dict(self, *args, **kwargs):
        super()._load_from_state_dict(*args, **kwargs)
        self._fold()

    def set_augment(self, augment):
        """Set a callable on batches (n, channels, ...), for training mode only; or None."""
        # Not a submodule: what augments is the user's and no part of the weights.
        object.__setattr__(self, "augment", augment)

    def forward(self, images, sets=None):
        """Return the batch the trunk sees.

        Parameters
        ----------
        images : tensor of shape (batch, channels, ...) or (batch, n_inputs, channels, ...)
            Raw pixels.
        sets : list of int, default=None
            Of several inputs, the set whose statistics each belongs to.
        """
        images = images.to(self.scale.dtype)
        if self.training and self.augment is not None:
            mean, std = (self.mean, self.std) if sets is None else (self.mean[sets], self.std[sets])
            return (self._augmented(images * self.scale, sets) - mean) / std
        # Two passes over the batch instead of three.
        shift, factor = (self.shift, self.factor) if sets is None else (self.shift[sets], self.factor[sets])
        return (images - shift).mul_(factor)

    def _augmented(self, images, sets):
        if sets is not None:
            return self._augmented(images.flatten(0, 1), None).unflatten(0, images.shape[:2])
        # Of the layers, only the trunk's may be computed in reduced precision.
        with torch.autocast(images.device.type, enabled=False):
            out = self.augment(images.contiguous())
        if not isinstance(out, torch.Tensor) or out.shape != images.shape:
            found = f"shape {tuple(out.shape)}" if isinstance(out, torch.Tensor) else type(out).__name__
            raise ValueError(
                f"augment must return a tensor of the shape it is given, here {tuple(images.shape)}. "
                f"Got {found} instead."
            )
        return out


class MultiTaskModule(nn.Module):
    """A trunk, and a head per task.

    Parameters
    ----------
    inputs : InputStage
        Scaling and standardisation.
    trunk : torch.nn.Module
        Layers all tasks share, or a `TaskTrunk` that returns every task's own features.
    heads : Heads
        Layers of the single tasks.
    own_trunk : bool, default=False
        Whether the trunk is the user's. It may take views, which the strides of channels-last
        images do not allow, so that images are then laid out in the order of their axes.
    set_of : tuple of int, default=None
        For every task, the set of images it was trained on; None for one set.

    References
    ----------
    Caruana (1997), Multitask learning, Machine Learning 28, figure 2.
    """

    def __init__(self, inputs, trunk, heads, own_trunk=False, set_of=None):
        super().__init__()
        self.inputs = inputs
        self.trunk = trunk
        self.heads = heads
        self.own_trunk = own_trunk
        self.set_of = set_of

    def features(self, images, input_of=None):
        """Return the shared features, shape (batch, n_features), or a list of every task's."""
        images = self._standardised(images, input_of)
        if isinstance(self.trunk, TaskTrunk):
            features = self.trunk(images) if input_of is None else self.trunk.of_inputs(images, input_of)
            return [part.flatten(1) for part in features]
        if input_of is None:
            return self.trunk(images).flatten(1)
        # All of them at once: batch normalisation then sees in training what it averages for predictions.
        features = self.trunk(images.flatten(0, 1)).flatten(1).unflatten(0, images.shape[:2])
        return [features[:, i] for i in input_of]

    def _standardised(self, images, input_of):
        sets = None
        if input_of is not None:
            # Tasks that read the same input are of the same set.
            sets = [self.set_of[input_of.index(i)] for i in range(images.shape[1])]
        images = self.inputs(images, sets)
        if not self.own_trunk:
            return images
        # Of several inputs, one may be picked, and is then laid out in that order too.
        return images.contiguous() if sets is None else images.transpose(0, 1).contiguous().transpose(0, 1)

    def sharing_weights(self, X, input_of=None):
        """Return what decides how much the tasks share, each task's averaged over its own images.

        Parameters
        ----------
        X, input_of
            As for `forward`.

        Returns
        -------
        list of (tensor of shape (n_tasks, n_sources), list of str)
            As from `TaskTrunk.sharing_weights`; empty if all tasks share everything.
        """
        if not isinstance(self.trunk, TaskTrunk):
            return []
        images = self._standardised(X, input_of)
        if input_of is None:
            return self.trunk.sharing_weights(images)
        every = [self.trunk.sharing_weights(images[:, i]) for i in range(images.shape[1])]
        places = [[every[i][place][0][t] for t, i in enumerate(input_of)] for place in range(len(every[0]))]
        return [(torch.stack(rows), every[0][place][1]) for place, rows in enumerate(places)]

    def forward(self, X, input_of=None):
        """Return the logits of all tasks side by side, shape (batch, sum of class counts).

        Parameters
        ----------
        X : tensor of shape (batch, channels, ...) or (batch, n_inputs, channels, ...)
            Raw pixels.
        input_of : tuple of int, default=None
            For every task, which of several inputs is its own.
        """
        features = self.features(X, input_of)
        if not torch.is_autocast_enabled(X.device.type):
            return self._logits(features)
        # In reduced precision classes would tie: eight bits tell few logits apart.
        with torch.autocast(X.device.type, enabled=False):
            return self._logits(features)

    def _logits(self, features):
        dtype = self.heads.dtype
        if isinstance(features, list):
            return self.heads([part.to(dtype) for part in features])
        return self.heads(features.to(dtype))


def build_module(trunk, sharing, head_specs, inputs, image_shape, classes, dtype, set_of=None):
    """Assemble the network; call it with the random generator seeded.

    Parameters
    ----------
    trunk : spec, module class, factory or module instance
        See ``MultiTaskCNNClassifier``.
    sharing : spec
        How the tasks share it.
    head_specs : list
        One spec per task.
    inputs : InputStage
        Scaling and standardisation.
    image_shape : tuple of int
        Channels, height and width, or other spatial axes.
    classes : list of ndarray
        Labels of every task.
    dtype : torch.dtype
        Of all parameters.
    set_of : tuple of int, default=None
        For every task, the set of images it is trained on.

    Raises
    ------
    ValueError
        If trunk and heads have no parameter that may be trained.
    """
    trunks = []

    def make_trunk():
        made, n_features = build_trunk(trunk, image_shape)
        check_fresh(made, [other for other, _ in trunks])
        trunks.append((made, n_features))
        return made

    built = sharing.build(make_trunk, len(classes), image_shape)
    # Under hard sharing, what was made is what runs, and its size is known.
    known = next((n_features for made, n_features in trunks if made is built), None)
    n_features = known or shared_size(built, sharing, len(classes), image_shape)
    heads = Heads(head_specs, n_features, [len(c) for c in classes], classes)
    module = MultiTaskModule(inputs, built, heads, own_trunk=is_own_module(trunk), set_of=set_of)
    if not any(p.requires_grad for p in module.parameters()):
        raise ValueError(
            "trunk and head have no parameter to train: all of them are frozen (requires_grad=False). Leave at least "
            "the heads free."
        )
    return module.to(dtype)
