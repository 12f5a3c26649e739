"""The whole network: input stage, shared trunk, one head per task."""

import torch
from torch import nn

from ._custom_trunk import build_trunk, check_cast, is_own_module
from ._heads import Heads
from ._shared_size import check_fresh, shared_size
from ._sharing import TaskTrunk

__all__ = ["MultiTaskModule", "build_module"]


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

    def forward(self, X, input_of=None, only_features=False):
        """Return the logits of all tasks side by side, shape (batch, sum of class counts).

        Parameters
        ----------
        X : tensor of shape (batch, channels, ...) or (batch, n_inputs, channels, ...)
            Raw pixels.
        input_of : tuple of int, default=None
            For every task, which of several inputs is its own.
        only_features : bool, default=False
            Whether to return what the heads read instead: the features, or a list of every task's.
        """
        features = self.features(X, input_of)
        if only_features:
            return features
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
    held = {p.dtype for p in built.parameters()}
    module = module.to(dtype)
    if held - {dtype} and module.own_trunk:
        check_cast(built, image_shape, held)
    return module
