"""Attention masks of every task over the channels and positions of one stage's features."""

import torch
from torch import nn
from torch.nn import functional as F

from ._layers import average_pool
from ._sharing import pooled

__all__ = ["StageAttention"]

# 1 x 1 convolutions by the number of spatial dimensions.
_POINTWISE = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


class StageAttention(nn.Module):
    """One mask per task, made of the stage's features and of what the task attended to before.

    Parameters
    ----------
    shape : tuple of int
        Of the stage's features, without the batch: channels, and sizes if they are maps.
    before : tuple of int or None
        The same of the stage before; None for the first.
    n_tasks : int
        Number of tasks.
    hidden : int
        Channels between the two convolutions of a mask.
    normalize : bool
        Whether batch normalisation follows every convolution.
    """

    def __init__(self, shape, before, n_tasks, hidden, normalize):
        super().__init__()
        channels, n_dims = shape[0], len(shape) - 1
        self.carry = None if before is None else _Carry(before, shape, normalize)
        read = channels if before is None else 2 * channels
        self.masks = nn.ModuleList(
            nn.Sequential(
                *_pointwise(read, hidden, n_dims, normalize),
                nn.ReLU(),
                *_pointwise(hidden, channels, n_dims, normalize),
                nn.Sigmoid(),
            )
            for _ in range(n_tasks)
        )

    def forward(self, features, attended):
        """Return the masks and what each task attends to, one tensor per task each.

        Parameters
        ----------
        features : list of tensors of shape (batch, channels, ...)
            The stage's, as each task sees them.
        attended : list of tensors or None
            Of the stage before; None for the first.
        """
        read = features
        if self.carry is not None:
            # All tasks at once: batch normalisation then sees in training what it averages for predictions.
            carried = self.carry(torch.cat(attended)).chunk(len(attended))
            read = [torch.cat(pair, 1) for pair in zip(features, carried, strict=True)]
        masks = [mask(x) for mask, x in zip(self.masks, read, strict=True)]
        return masks, [mask * x for mask, x in zip(masks, features, strict=True)]


class _Carry(nn.Module):
    def __init__(self, before, shape, normalize):
        super().__init__()
        self.size = shape[1:]
        # Between maps and vectors, or signals and images, nothing lies where it lay: only the mean goes on.
        if len(before) != len(shape):
            self.pool = None
        else:
            self.pool = nn.Identity() if before[1:] == self.size else average_pool(before[1:], self.size)
        self.layers = nn.Sequential(*_pointwise(before[0], shape[0], len(self.size), normalize), nn.ReLU())

    def forward(self, attended):
        if self.pool is not None:
            return self.layers(self.pool(attended))
        mean = pooled(attended)
        return self.layers(mean.view(*mean.shape, *(1 for _ in self.size))).expand(-1, -1, *self.size)


class _BatchNorm(nn.modules.batchnorm._BatchNorm):
    # Vectors, signals, images and volumes alike.
    def _check_input_dim(self, features):
        pass

    def forward(self, features):
        if self.training and features.numel() == self.num_features:
            # A single value per channel has no variance to divide by: a last batch of one is no reason to fail.
            parameters = self.running_mean, self.running_var, self.weight, self.bias
            return F.batch_norm(features, *parameters, eps=self.eps)
        return super().forward(features)


def _pointwise(n_in, n_out, n_dims, normalize):
    size = () if n_dims == 0 else (1,)
    if normalize:
        return _POINTWISE[n_dims](n_in, n_out, *size, bias=False), _BatchNorm(n_out)
    return (_POINTWISE[n_dims](n_in, n_out, *size),)
