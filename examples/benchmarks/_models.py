"""The network as a PyTorch user would write it, layer for layer that of skmtl.nn.ConvTrunk."""

import torch
from torch import nn
from torch.nn import functional as F

__all__ = ["Net", "SumOfCrossEntropies", "accuracy"]


class Net(nn.Module):
    """Convolutions, ReLU and pooling; one hidden layer; a linear head per task.

    Parameters
    ----------
    image_shape : tuple of int
        Channels, height and width.
    layers : dict
        ``channels``, ``kernel_size``, ``padding``, ``hidden``.
    n_classes : list of int
        Classes of every task.
    """

    def __init__(self, image_shape, layers, n_classes):
        super().__init__()
        stages, width = [], image_shape[0]
        for channels in layers["channels"]:
            stages += [nn.Conv2d(width, channels, layers["kernel_size"], padding=layers["padding"])]
            stages += [nn.ReLU(), nn.MaxPool2d(2)]
            width = channels
        with torch.no_grad():
            maps = nn.Sequential(*stages)(torch.zeros(1, *image_shape))
        if maps.shape[2] > 8:
            stages.append(nn.AdaptiveAvgPool2d(8))
        n_features = width * min(maps.shape[2], 8) ** 2
        (hidden,) = layers["hidden"]
        self.trunk = nn.Sequential(*stages, nn.Flatten(), nn.Linear(n_features, hidden), nn.ReLU())
        self.heads = nn.ModuleList(nn.Linear(hidden, k) for k in n_classes)

    def forward(self, X):
        """Return every task's logits."""
        features = self.trunk(X)
        return tuple(head(features) for head in self.heads)


class SumOfCrossEntropies(nn.Module):
    """Sum of the tasks' cross-entropies; labels of shape (batch, n_tasks)."""

    def forward(self, logits, y):
        """Return the loss of a batch."""
        return sum(F.cross_entropy(z, y[:, t]) for t, z in enumerate(logits))


def accuracy(predicted, y):
    """Return the mean of the tasks' accuracies, in per cent."""
    return 100 * float((predicted == y).mean())
