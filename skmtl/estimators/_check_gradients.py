"""Whether the gradients that a weighting reads have a meaning for a network."""

import torch

from ..nn import IndependentNetworks, TaskTrunk, reached_by_tasks
from ..training import RandomStream
from ..weighting import reads_of

__all__ = ["check_gradients"]


def check_gradients(estimator, setting, module, image_shape, set_of):
    """Check a built network against what reads the task gradients, if anything does.

    Parameters
    ----------
    estimator : BaseMultiTaskCNN
        Only its parameters are read.
    setting : Setting
        What they stand for.
    module : MultiTaskModule
        The network.
    image_shape : tuple of int
        Channels, height and width, or other spatial axes.
    set_of : tuple of int or None
        For every task, the set of images it is trained on.

    Raises
    ------
    ValueError
        If the tasks have no such gradients in common, or they cannot be had.
    """
    reader = _reader(estimator, setting)
    if issubclass(setting.optimizer, torch.optim.LBFGS) and not (
        getattr(setting.weighting, "constant", False) and reader is None
    ):
        raise ValueError(
            f"LBFGS minimises one loss, the same at every step, which {reader or _described(estimator)} does not give "
            "it: use another optimizer, or weighting='equal'."
        )
    if reader is None:
        return
    if isinstance(setting.sharing, IndependentNetworks):
        raise ValueError(
            f"{reader} compares the gradients of layers that tasks share, and sharing='none' shares none: use another "
            "sharing, or a weighting that reads losses, such as 'geometric'."
        )
    if not _shares(module, image_shape):
        raise ValueError(
            f"{reader} compares the gradients of layers that tasks share, and the trunk has none to train: use a "
            "weighting that reads losses, such as 'geometric', or free layers of the trunk."
        )
    if len(module.heads.n_classes) > 1 and not getattr(setting.weighting, "only_active", True):
        _check_all_on(reader, setting)
    if estimator.gradient_level == "representation":
        _check_representation(reader, module, set_of)
        if getattr(setting.weighting, "needs_parameters", False):
            raise ValueError(
                f"{reader} keeps a state for every value of a gradient, and those of a batch's representation are not "
                "the next one's: set gradient_level='parameters'."
            )
    elif estimator.compile:
        raise ValueError(
            f"compile=True allows one pass backward through the trunk, and {reader} takes one a task with "
            "gradient_level='parameters': use gradient_level='representation', or compile=False."
        )


def _shares(module, image_shape):
    """Return whether tasks have trainable parameters of the trunk in common."""
    trunk = module.trunk
    if not isinstance(trunk, TaskTrunk) or len(module.heads.n_classes) == 1:
        return any(p.requires_grad for p in trunk.parameters())
    with RandomStream(0):
        return bool((reached_by_tasks(trunk, image_shape).sum(0) > 1).any())


def _check_representation(reader, module, set_of):
    remedy = "set gradient_level='parameters'."
    if isinstance(module.trunk, TaskTrunk):
        raise ValueError(
            f"{reader} reads gradients with respect to the representation that all heads share, but with this sharing "
            f"every task has one of its own: {remedy}"
        )
    if set_of is not None:
        raise ValueError(
            f"{reader} reads gradients with respect to the representation that all heads share, but X has images of "
            f"their own for the tasks, and so representations: {remedy}"
        )


def _check_all_on(reader, setting):
    if "jacobian" in reads_of(setting.weighting) and not (setting.task_weights > 0).all():
        raise ValueError(
            f"{reader} is made for a fixed number of tasks, and cannot leave out those of task_weights 0: leave their "
            "columns out of y, or use another weighting, such as 'nash-mtl'."
        )


def _reader(estimator, setting):
    if reads_of(setting.weighting) != ("losses",):
        return _described(estimator)
    return "record_conflicts=True" if estimator.record_conflicts else None


def _described(estimator):
    return f"weighting={estimator.weighting!r}"
