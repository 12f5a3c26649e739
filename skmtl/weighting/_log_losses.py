"""Logarithms of losses."""

import torch

__all__ = ["FLOOR", "log_losses"]

# Under a loss before its logarithm, as in FAMO's official code.
FLOOR = 1e-8


def log_losses(losses, eps=FLOOR):
    """Return the logarithms of the losses, none below that of `eps`; for a loss of exactly 0 the mean of the others.

    A loss of exactly 0 says nothing: it has no gradient, most often for want of labels. Taken for a tiny one, it would
    get almost all of the weight, and the other tasks would stand still.

    Parameters
    ----------
    losses : tensor of shape (n_tasks,)
    eps : float, default=1e-8
        The floor.
    """
    logs, known = losses.clamp(min=eps).log(), losses != 0
    mean = torch.where(known, logs, 0.0).sum() / known.sum().clamp(min=1)
    return torch.where(known, logs, mean)
