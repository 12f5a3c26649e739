"""A loop in PyTorch with equal weights, and the same as TorchJD's users write it."""

import time

import torch
from _models import Net, SumOfCrossEntropies
from _problems import TRUNKS
from torch.nn import functional as F
from torchjd.aggregation import MGDA, UPGrad
from torchjd.autojac import jac_to_grad, mtl_backward

__all__ = ["AGGREGATORS", "BareTorch", "TorchJD"]

AGGREGATORS = {"UPGrad": UPGrad, "MGDA": MGDA}


class BareTorch:
    """Standardised float32 images in memory, indexed a batch at a time; Adam on the sum of the losses.

    Parameters
    ----------
    X : ndarray of shape (n, H, W, 3), uint8
        Images.
    y : ndarray of shape (n, n_tasks), int64
        Labels, 0 and 1.
    batch_size : int
        Images a step.
    """

    def __init__(self, X, y, batch_size):
        torch.manual_seed(0)
        images = torch.from_numpy(X).permute(0, 3, 1, 2).float()
        spread, mean = torch.std_mean(images, (0, 2, 3), keepdim=True)
        self.X, self.y, self.batch_size = (images - mean) / spread, torch.from_numpy(y), batch_size
        self.model = Net(self.X.shape[1:], TRUNKS["default"] | {"padding": "same"}, [2] * y.shape[1])
        self.criterion = SumOfCrossEntropies()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3)

    def epoch(self):
        """Train for one epoch; return its seconds."""
        start = time.perf_counter()
        for rows in torch.randperm(len(self.X)).split(self.batch_size):
            self.optimizer.zero_grad()
            self.backward(self.X[rows], self.y[rows])
            self.optimizer.step()
        return time.perf_counter() - start

    def backward(self, X, y):
        """Compute the gradients of a batch."""
        self.criterion(self.model(X), y).backward()


class TorchJD(BareTorch):
    """The gradients of the trunk's parameters, task after task, and what an aggregator makes of them."""

    def __init__(self, X, y, batch_size, aggregator):
        super().__init__(X, y, batch_size)
        self.aggregator = AGGREGATORS[aggregator]()

    def backward(self, X, y):
        """Compute the gradients of a batch."""
        features = self.model.trunk(X)
        losses = [F.cross_entropy(head(features), y[:, t]) for t, head in enumerate(self.model.heads)]
        mtl_backward(losses, features=features, parallel_chunk_size=1)
        jac_to_grad(self.model.trunk.parameters(), self.aggregator)
