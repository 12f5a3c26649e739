"""The network as one task sees it: images in, that task's logits out."""

import copy

from torch import nn

from .._validation import resolve_task
from ._fitted_network import copied_network, fitted_network

__all__ = ["TaskModule", "task_module"]


def task_module(estimator, task):
    """Return the network of one task as a PyTorch module, for whatever explains such modules.

    Captum's other methods, or another library's, need a module from a batch of images to the scores of one task's
    classes. This one is a copy, in evaluation mode, on the device of the fit: whatever is done to it leaves the
    estimator as it is.

    Parameters
    ----------
    estimator : MultiTaskCNNClassifier, or a search or pipeline around one
        Fitted. Of a pipeline, the module is the network alone: it reads what the earlier steps return.
    task : task name or int
        The task.

    Returns
    -------
    torch.nn.Module
        Takes a tensor of shape (batch, channels, height, width), or (batch, channels, ...) of signals and volumes:
        the task's own images in the units of the X of the fit, since standardisation is part of the network.
        Returns logits of shape (batch, n_classes), columns in the order of the task's ``classes_``; their softmax
        are the probabilities of ``predict_proba``, whatever the head.

    Raises
    ------
    TypeError
        If there is no network in `estimator`.
    ValueError
        If there is no such task.
    sklearn.exceptions.NotFittedError
        If `estimator` is not fitted.

    See Also
    --------
    task_saliency : Integrated gradients and Grad-CAM of every task.

    Examples
    --------
    >>> import torch
    >>> from skmtl import MultiTaskCNNClassifier
    >>> from skmtl.datasets import load_two_digits
    >>> from skmtl.inspection import task_module
    >>> X, y = load_two_digits(100, return_X_y=True, as_frame=True)
    >>> clf = MultiTaskCNNClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> images = torch.from_numpy(X[:5, None]).float().requires_grad_()
    >>> logits = task_module(clf, "left")(images)
    >>> logits.shape
    torch.Size([5, 10])
    >>> logits[:, 3].sum().backward()  # what any of these methods begins with
    >>> images.grad.shape
    torch.Size([5, 1, 8, 16])
    """
    classifier, _ = fitted_network(estimator, None, "task_module")
    index = resolve_task(task, classifier.task_names_)
    return TaskModule(copied_network(classifier), index)


class TaskModule(nn.Module):
    """Images of one task -> its logits.

    Parameters
    ----------
    network : MultiTaskModule
        All tasks'; its layers are used, not copied, and left in the mode they are in.
    task : int
        Index of the task.
    """

    def __init__(self, network, task):
        super().__init__()
        network = copy.copy(network)
        self.task = task
        self.n_tasks = len(network.heads.n_classes)
        self.own_set = None if network.set_of is None or not any(network.set_of) else network.set_of[task]
        if self.own_set is not None:
            # The task's own images, for all tasks: they must be standardised as its own.
            network.set_of = (self.own_set,) * self.n_tasks
        self.network = network
        self.training = network.training

    def forward(self, images):
        """Return logits of shape (batch, n_classes).

        Parameters
        ----------
        images : tensor of shape (batch, channels, ...)
            Raw pixels of the task's own images.
        """
        if self.own_set is None:
            logits = self.network(images)
        else:
            logits = self.network(images[:, None], (0,) * self.n_tasks)
        return logits.split(self.network.heads.n_classes, 1)[self.task]

    @property
    def baseline(self):
        """The image that standardisation takes to zeros, (1, channels, 1, ...): the mean of the training images."""
        return self.network.inputs.shift[self.own_set or 0][None]
