"""What a step for one task would do to the losses of the others."""

from contextlib import contextmanager

import torch

from ..nn import task_gradients, through_trunk
from ._second_look import no_trace

__all__ = ["gradients_of_tasks", "look_ahead"]


def gradients_of_tasks(net, images, target, parameters, state):
    """Return every task's gradient with respect to parameters of the trunk, shape (n_tasks, n_values).

    Parameters
    ----------
    net : MultiTaskNet
        In training; nothing of it changes.
    images : tensor
        A batch, on the device.
    target : tuple
        Codes, and the weights of the cells, if any.
    parameters : list of torch.nn.Parameter
        Of the trunk.
    state : tuple
        From `random_state`: the random numbers to draw.
    """
    # All of it in the context: layers such as batch normalisation need their buffers on the way back too.
    with no_trace(net.module_, images.device, state), torch.enable_grad():
        features = net.module_.features(images, net.input_of)
        gradients = task_gradients(net.module_.heads, features)
        losses, _, _ = net.task_losses(gradients.logits, target)
        gradients.read(losses)
        rows, _ = through_trunk(features, gradients.of_tasks(), parameters)
    return rows


def look_ahead(net, images, target, parameters, rows, state):
    """Return how much a step for one task lowers the losses of all, and where that is known.

    Parameters
    ----------
    net, images, target, parameters, state
        As for `gradients_of_tasks`.
    rows : tensor of shape (n_tasks, n_values)
        The gradients of the tasks.

    Returns
    -------
    lowered : tensor of shape (n_tasks, n_tasks)
        ``1 - L_j(theta - lr g_i) / L_j(theta)``, a row per task i that steps; 0 where unknown.
    known : tensor of bool, shape (n_tasks, n_tasks)
        Whether both tasks have labels in the batch, and a loss that can fall.

    References
    ----------
    Fifty et al. (2021), Efficiently Identifying Task Groupings for Multi-Task Learning, NeurIPS, section 3.
    """
    before = _losses(net, images, target, state)
    after = before.expand(len(rows), -1).clone()
    labelled = _labelled(target, before)
    rates = _learning_rates(net.optimizer_, parameters)
    sizes = [p.numel() for p in parameters]
    with _put_back(parameters) as values:
        for t in labelled.nonzero()[:, 0].tolist():
            for p, value, gradient, rate in zip(parameters, values, rows[t].split(sizes), rates, strict=True):
                p.copy_(torch.sub(value, gradient.view(p.shape), alpha=rate))
            after[t] = _losses(net, images, target, state)
    # A loss of exactly 0 is below what any step changes.
    lowered = (before - after) / before
    known = labelled.outer(labelled) & lowered.isfinite()
    return torch.where(known, lowered, 0), known


def _losses(net, images, target, state):
    with no_trace(net.module_, images.device, state):
        # Past __call__, which may be compiled, and would be once more for this. In double precision as far as it
        # costs nothing: what is wanted is the small difference of two losses.
        logits = net.module_.forward(images, net.input_of)
        codes, *weights = target
        double = [part if part.device.type == "mps" else part.double() for part in (logits, *weights)]
        return net.task_losses(double[0], (codes, *double[1:]))[0]


def _labelled(target, losses):
    """Return which tasks have a labelled cell of positive weight."""
    if len(target) == 1:
        return torch.ones_like(losses, dtype=torch.bool)
    return (target[1] > 0).any(0)


def _learning_rates(optimizer, parameters):
    rates = {id(p): float(group["lr"]) for group in optimizer.param_groups for p in group["params"]}
    return [rates.get(id(p), 0.0) for p in parameters]  # 0: freed in the middle, unknown to the optimiser


@contextmanager
def _put_back(parameters):
    """Return a context without gradients, given the values that the parameters have again afterwards."""
    before = [p.detach().clone() for p in parameters]
    with torch.no_grad():
        try:
            yield before
        finally:
            for p, value in zip(parameters, before, strict=True):
                p.copy_(value)
