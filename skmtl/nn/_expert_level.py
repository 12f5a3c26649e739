"""Experts side by side, among which gates choose: one level of MMoE, CGC and PLE."""

import torch
from torch import nn

from ._gates import Gates
from ._sharing import pooled

__all__ = ["ExpertLevel"]


class ExpertLevel(nn.Module):
    """Experts side by side, and the gates that mix what they return.

    Parameters
    ----------
    experts : list of torch.nn.Module
        The shared ones, then those of task 0, of task 1 ...: the order of the columns of the gates.
    n_shared : int
        How many of them all tasks share.
    n_tasks : int
        Number of tasks.
    n_channels : int
        Of what the level reads.
    is_last : bool
        Whether no further level reads a shared mixture.
    """

    def __init__(self, experts, n_shared, n_tasks, n_channels, is_last):
        super().__init__()
        n_specific = (len(experts) - n_shared) // n_tasks
        self.experts = nn.ModuleList(experts)
        self.n_tasks, self.n_shared, self.n_specific = n_tasks, n_shared, n_specific
        # A gate over one source is 1 whatever its weights, which would never learn.
        several = n_shared + n_specific > 1
        self.task_gates = Gates(n_tasks, n_shared + n_specific, n_channels) if several else None
        self.shared_gate = Gates(1, len(experts), n_channels) if several and n_shared and not is_last else None

    def gates(self, inputs):
        """Return the weights of the experts, shape (batch, n_tasks, or with a shared gate one more, n_experts)."""
        if self.task_gates is None:
            chosen = inputs[0].new_ones(len(inputs[0]), self.n_tasks, 1)
        else:
            means = self._means(inputs)
            chosen = self.task_gates(means[:, : self.n_tasks])
        shared, own = chosen.split([self.n_shared, self.n_specific], dim=2)
        # Zeros in the columns of other tasks' experts.
        own = torch.diag_embed(own.mT).permute(0, 2, 3, 1).flatten(2)
        rows = [torch.cat([shared, own], dim=2)]
        if self.shared_gate is not None:
            rows.append(self.shared_gate(means[:, -1:]))
        return torch.cat(rows, dim=1)

    def _means(self, inputs):
        read = inputs[: self.n_tasks + (self.shared_gate is not None)]
        if all(x is read[0] for x in read):
            return pooled(read[0]).unsqueeze(1)
        return torch.stack([pooled(x) for x in read], dim=1)

    def forward(self, inputs):
        """Return the mixture of every task and, if a further level reads it, the shared one.

        Parameters
        ----------
        inputs : list of tensor
            What the experts of every task read and, last, what the shared experts read.
        """
        shared, own = self.experts[: self.n_shared], self.experts[self.n_shared :]
        outputs = [expert(inputs[-1]) for expert in shared]
        outputs += [expert(inputs[i // self.n_specific]) for i, expert in enumerate(own)]
        if self.task_gates is None:
            return outputs * (self.n_tasks + 1) if self.n_shared else outputs
        # Channels stay where they lie in memory: half the time for channels-last feature maps.
        axis = 1 if outputs[0].is_contiguous() else -1
        stacked = torch.stack([x.movedim(1, axis) for x in outputs], dim=1)
        mixed = self.gates(inputs).to(stacked.dtype) @ stacked.flatten(2)
        return [x.movedim(axis, 1) for x in mixed.unflatten(2, stacked.shape[2:]).unbind(1)]
