"""A look at what the tasks do to one another in training, which leaves no trace in it."""

import numpy as np
import torch
from skorch.callbacks import Callback

from .._random_stream import RandomStream
from ..nn import TaskTrunk, inner_products, reached_by_tasks
from ._look_ahead import gradients_of_tasks, look_ahead
from ._meter import EpochMeter
from ._second_look import random_state

__all__ = ["TaskProbe"]


class TaskProbe(Callback):
    """Measure, every few training batches, how the tasks' gradients agree on the parameters they share.

    Shared are those of the trunk, with soft sharing those that more than one task reaches. Training is, to the last
    bit, what it would be without: parameters, buffers, gradients, optimiser and random numbers stay as they are.

    Parameters
    ----------
    every : int, default=10
        Probe each `every`-th training batch of a fit, from the first on.
    ahead : bool, default=True
        Whether to look ahead, which takes a forward pass a task.

    Attributes
    ----------
    look_ahead_ : ndarray of shape (n_tasks, n_tasks)
        Mean of ``1 - L_j(theta - lr g_i) / L_j(theta)`` over the probed batches with labels of both tasks, rows i:
        how much a step for task i alone lowers the loss of task j. NaN without such a batch.
    gradient_cosine_ : ndarray of shape (n_tasks, n_tasks)
        Mean cosine of the gradients.
    n_probes_ : int
        Batches probed.

    References
    ----------
    Fifty et al. (2021), Efficiently Identifying Task Groupings for Multi-Task Learning, NeurIPS, section 3.
    """

    def __init__(self, every=10, ahead=True):
        self.every = every
        self.ahead = ahead

    def on_train_begin(self, net, **kwargs):
        """Start anew with every fit."""
        self.meter_, self.n_batches_, self.n_probes_ = EpochMeter(), 0, 0
        self.reached_ = None

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        """Probe the batch before its step."""
        if not training:
            return
        if self.n_batches_ == 0:
            self._check(net, batch[0])
        if self.n_batches_ % self.every == 0:
            # As in the step that follows, which then draws the same numbers once more.
            with net.random_stream, net.precision.exact():
                self._probe(net, *batch)
        self.n_batches_ += 1

    def on_train_end(self, net, **kwargs):
        """Publish the means."""
        means = self.meter_.flush()
        unknown = np.full((len(net.task_weights),) * 2, np.nan)
        self.look_ahead_ = np.array(means.get("look_ahead", unknown))
        self.gradient_cosine_ = np.array(means.get("gradient_cosine", unknown))
        self.reached_ = None

    def _probe(self, net, images, target):
        device = torch.device(net.device)
        images, target = images.to(device), tuple(part.to(device) for part in target)
        state = random_state(device)
        parameters = [p for p in net.module_.trunk.parameters() if p.requires_grad]
        rows = gradients_of_tasks(net, images, target, parameters, state)
        if isinstance(net.module_.trunk, TaskTrunk):
            rows[:, ~self._shared(rows)] = 0
        if self.ahead:
            lowered, known = look_ahead(net, images, target, parameters, rows, state)
            self.meter_.add_share("look_ahead", lowered, known.int())
        self.meter_.add_conflicts(inner_products(rows))
        self.n_probes_ += 1

    def _shared(self, rows):
        # A batch may lack a label, or a unit be dead in it: what counts is who has ever reached a value.
        reaches = rows != 0
        if self.reached_ is not None and self.reached_.shape == reaches.shape:
            reaches |= self.reached_
        self.reached_ = reaches
        return reaches.sum(0) > 1

    def _check(self, net, images):
        if off := (net.task_weights <= 0).nonzero()[:, 0].tolist():
            raise ValueError(
                f"task_weights: {len(off)} of {len(net.task_weights)} tasks have weight 0 and are not trained, so "
                "that nothing is to be learned about them: leave their columns out of y, or give them a weight."
            )
        trunk = net.module_.trunk
        shares = any(p.requires_grad for p in trunk.parameters())
        if shares and isinstance(trunk, TaskTrunk):
            shape = images.shape[1:] if net.input_of is None else images.shape[2:]
            with RandomStream(0):
                self.reached_ = reached_by_tasks(trunk, tuple(shape))
            shares = bool((self.reached_.sum(0) > 1).any())
        if not shares:
            raise ValueError(
                "The gradients of tasks are compared on layers that they share, and the trunk has none to train, as "
                "with sharing='none' or frozen layers: use another sharing, free layers of the trunk, or choose the "
                "method 'transfer' or 'label_association'."
            )
