"""Experts, copies of a trunk's stages, among which gates choose: the network of MMoE, CGC and PLE."""

import numpy as np
from torch import nn

from ._expert_level import ExpertLevel
from ._own_input import keeping_input
from ._sharing import TaskTrunk, stage_shapes
from ._stages import cut_stages

__all__ = ["build_experts"]


class ExpertTrunk(TaskTrunk):
    """A stem that all tasks share, then levels of experts.

    Parameters
    ----------
    stem : torch.nn.Module
        The first stages; an empty ``nn.Sequential`` for none.
    levels : list of ExpertLevel
        One after the other.
    n_tasks : int
        Number of tasks.
    names : list of str
        Of the experts of a level, see `sharing_weights`.
    """

    def __init__(self, stem, levels, n_tasks, names):
        super().__init__()
        self.stem = stem
        self.levels = nn.ModuleList(levels)
        self.n_tasks = n_tasks
        self.names = list(names)

    def forward(self, images):
        """Return the features of every task, a list of `n_tasks` tensors of shape (batch, ...)."""
        inputs = self._inputs(images)
        for level in self.levels:
            inputs = level(inputs)
        return inputs[: self.n_tasks]

    def _inputs(self, images):
        return [self.stem(images)] * (self.n_tasks + 1)

    def sharing_weights(self, images):
        """Return the mean gate of every task, one entry per level; zero where a task cannot choose."""
        inputs, entries = self._inputs(images), []
        for level in self.levels:
            entries.append((level.gates(inputs)[:, : self.n_tasks].mean(0), list(self.names)))
            inputs = level(inputs)
        return entries


def build_experts(spec, make_trunk, n_tasks, image_shape, *, n_shared, n_specific=0, n_levels=1, shared_name="shared"):
    """Return an ExpertTrunk; an expert takes its stages of all levels from one trunk of its own.

    Parameters
    ----------
    spec : MMoE, CGC or PLE
        Its `shared_stages` is read.
    make_trunk : callable
        Returns a fresh trunk.
    n_tasks : int
        Number of tasks.
    image_shape : tuple of int
        Channels, then one to three sizes.
    n_shared, n_specific : int
        Number of experts of every level, shared and per task.
    n_levels : int, default=1
        Number of groups into which the stages after the stem are divided.
    shared_name : str, default="shared"
        What the shared experts are called.
    """
    if n_shared + n_specific == 0:
        raise ValueError(
            f"{type(spec).__name__} with n_shared=0 and n_specific=0 has no expert: set one of them to 1 or more."
        )
    first = cut_stages(make_trunk())
    stem = _stem_size(spec, len(first), n_levels)
    n_experts = n_shared + n_tasks * n_specific
    trunks = [first, *(cut_stages(make_trunk()) for _ in range(n_experts - 1))]
    shapes, levels = stage_shapes(first, image_shape), []
    for group in np.array_split(np.arange(stem, len(first)), n_levels):
        begin, end = int(group[0]), int(group[-1]) + 1
        # Other experts read it too, and so do the gates.
        experts = keeping_input([_out_of_place(nn.Sequential(*trunk[begin:end])) for trunk in trunks], shapes[begin])
        levels.append(ExpertLevel(experts, n_shared, n_tasks, shapes[begin][0], is_last=end == len(first)))
    names = [f"{shared_name} {k}" for k in range(n_shared)]
    names += [f"{{{t}}} {k}" for t in range(n_tasks) for k in range(n_specific)]
    return ExpertTrunk(nn.Sequential(*first[:stem]), levels, n_tasks, names)


def _out_of_place(expert):
    # Saves the copy of what the expert reads, of which most layers that can work in place have no need.
    for layer in expert.modules():
        if getattr(layer, "inplace", False):
            layer.inplace = False
    return expert


def _stem_size(spec, n_stages, n_levels):
    stem = int(n_stages > n_levels) if spec.shared_stages is None else int(spec.shared_stages)
    if stem + n_levels <= n_stages:
        return stem
    remedies = [f"shared_stages={n_stages - n_levels} or less"] if n_stages >= n_levels else []
    if 1 <= n_stages - stem < n_levels:
        remedies.append(f"n_levels={n_stages - stem}{' or less' * (n_stages - stem > 1)}")
    sequential = " A module other than nn.Sequential is one stage: divide it into an nn.Sequential of its parts."
    raise ValueError(
        f"{type(spec).__name__} with shared_stages={spec.shared_stages} needs a trunk of at least {stem + n_levels} "
        f"stages, {stem} shared and {n_levels} for the experts (one per level). The trunk has {n_stages}: use "
        f"{', or '.join([*remedies, 'a trunk of more layers'])}.{sequential if n_stages == 1 else ''}"
    )
