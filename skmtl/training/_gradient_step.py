"""A training step that looks at the gradient of every task."""

import torch

from ..nn import task_gradients, through_trunk

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
    losses, statistic, seen = net.task_losses(gradients.logits, target)
    gradients.read(losses)
    level = GRADIENT_LEVELS[net.gradient_level](net, features, gradients)
    reads = net.step_weights_.reads
    gramian = level.gramian() if net.record_conflicts or "gramian" in reads else None
    jacobian = level.jacobian() if "jacobian" in reads else None
    weights = net.fixed_weights_
    if weights is None:
        weights = net.step_weights_(statistic, seen, gramian, jacobian)
    if net.step_weights_.aggregates:
        level.follow(net.step_weights_.aggregate(jacobian))
    else:
        level.follow(level.combined(weights / len(weights)))
    _train_heads(net, losses, weights)
    if net.record_conflicts:
        net.meter.add_conflicts(gramian)
    return net.record_step(losses, weights, len(target[0])), gradients.logits.detach()


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

    def follow(self, gradient):
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
        self.rows = through_trunk(features, of_tasks, self.parameters)

    def gramian(self):
        rows = self.rows / self.scale
        return rows @ rows.T

    def jacobian(self):
        return self.rows / self.scale

    def combined(self, weights):
        return (weights @ self.rows) / self.scale

    def follow(self, gradient):
        gradient = gradient * self.scale
        parts = gradient.split([p.numel() for p in self.parameters])
        for parameter, part in zip(self.parameters, parts, strict=True):
            # In the parameter's own memory format, as autograd would have it.
            own = torch.empty_like(parameter).copy_(part.view(parameter.shape))
            parameter.grad = own if parameter.grad is None else parameter.grad + own


GRADIENT_LEVELS = {"representation": _Representation, "parameters": _Parameters}
