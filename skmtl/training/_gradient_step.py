"""A training step that looks at the gradient of every task."""

import torch

from ..nn import TaskTrunk, inner_products, task_gradients, through_trunk

__all__ = ["GRADIENT_LEVELS", "gradient_step"]


def gradient_step(net, images, target):
    """Compute the gradients of a step; return (loss, logits).

    The trunk follows the weighted sum of the task gradients (or what an aggregator makes of
    them), every head the gradient of its own loss times its weight, where that is positive.

    Parameters
    ----------
    net : MultiTaskNet
        In training.
    images : tensor
        A batch.
    target : tuple
        Codes, and the weights of the cells, if any.
    """
    features = net.features(images)
    gradients = task_gradients(net.module_.heads, features)
    losses, codes, cell_weights = net.task_losses(gradients.logits, target)
    gradients.read(losses)
    level = GRADIENT_LEVELS[net.gradient_level](net, features, gradients)
    step_weights = net.step_weights_
    gramian = level.gramian() if net.record_conflicts or "gramian" in step_weights.reads else None
    jacobian = level.jacobian() if "jacobian" in step_weights.reads else None
    weights = step_weights(*net.labelled_means(losses, cell_weights), gramian, jacobian)
    shared = step_weights.aggregate(jacobian) if step_weights.aggregates else level.combined(weights / len(weights))
    level.follow(shared, weights.clamp(min=0) / len(weights))
    _train_heads(net, losses, weights)
    if net.record_conflicts:
        net.meter.add_conflicts(gramian)
    return net.record_step(losses, weights, len(codes)), gradients.logits.detach()


def _train_heads(net, losses, weights):
    # Against the gradient of its own loss, which a negative weight would mean, a head would only get worse.
    loss = (weights.clamp(min=0) * losses).mean()
    parameters = [p for p in net.module_.heads.parameters() if p.requires_grad]
    if parameters:
        (loss if net.scaler is None else net.scaler.scale(loss)).backward(inputs=parameters)


class _Representation:
    """Gradients with respect to what the heads read: the trunk is gone through once."""

    def __init__(self, net, features, gradients):
        self.net, self.features, self.gradients = net, features, gradients

    def gramian(self):
        return self.gradients.gramian()

    def jacobian(self):
        return torch.stack(self.gradients.of_tasks()).flatten(1)

    def combined(self, weights):
        return self.gradients.combined(weights)

    def follow(self, gradient, own_weights):
        if self.features.requires_grad:
            gradient = gradient.view_as(self.features)
            gradient = gradient if self.net.scaler is None else self.net.scaler.scale(gradient)
            self.features.backward(gradient.to(self.features.dtype))


class _Parameters:
    """Gradients with respect to the trunk's parameters: it is gone through once a task."""

    def __init__(self, net, features, gradients):
        self.parameters = [p for p in net.module_.trunk.parameters() if p.requires_grad]
        of_tasks = gradients.of_tasks()
        self.scale = 1.0
        if net.scaler is not None:
            of_tasks = [net.scaler.scale(gradient) for gradient in of_tasks]
            self.scale = net.scaler.get_scale()
        rows, self.reached = through_trunk(features, of_tasks, self.parameters)
        self.rows = rows.div_(self.scale)
        self.own = None
        if isinstance(net.module_.trunk, TaskTrunk):
            self._set_own_apart(net)

    def _set_own_apart(self, net):
        # Experts, gates and masks of a single task are shared with no other, and train as its head does. A batch may
        # lack a label, or a unit be dead in it: what counts is who has ever reached a value in this fit.
        reaches, before = self.rows != 0, net.reached_
        # A callback may free or freeze parameters in the middle.
        net.reached_ = reaches if before is None or before.shape != reaches.shape else before | reaches
        self.own = net.reached_.sum(0) <= 1
        self.rows_of_own = self.rows[:, self.own]
        self.rows[:, self.own] = 0

    def gramian(self):
        return inner_products(self.rows)

    def jacobian(self):
        return self.rows

    def combined(self, weights):
        return weights @ self.rows

    def follow(self, gradient, own_weights):
        if self.own is not None:
            gradient = gradient.masked_scatter(self.own, own_weights @ self.rows_of_own)
        parts = (gradient * self.scale).split([p.numel() for p in self.parameters])
        for parameter, part, reached in zip(self.parameters, parts, self.reached, strict=True):
            if reached:
                # In the parameter's own memory format, as autograd would have it.
                own = torch.empty_like(parameter).copy_(part.view(parameter.shape))
                parameter.grad = own if parameter.grad is None else parameter.grad + own


GRADIENT_LEVELS = {"representation": _Representation, "parameters": _Parameters}
