"""PyTorch without a library: as its tutorials have it, and tuned by hand."""

import time
from contextlib import nullcontext

import numpy as np
import torch
from _models import Net, SumOfCrossEntropies, accuracy
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

__all__ = ["PlainTorch", "TunedTorch"]

PREDICT_BATCH = 512


def channels_first(images):
    """Return (n, H, W, C) floats as a contiguous tensor (n, C, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


class PlainTorch:
    """A loop around a DataLoader, sample by sample collated; Adam; eager float32."""

    def __init__(self, problem, cell, seed=0):
        torch.manual_seed(seed)
        self.problem = problem
        X = channels_first(problem.floats(problem.X))
        self.model = Net(X.shape[1:], cell.layers, problem.n_classes)
        dataset = TensorDataset(X, torch.from_numpy(problem.y))
        self.loader = DataLoader(dataset, batch_size=cell.batch_size, shuffle=True)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3)

    def epoch(self):
        """Train for one epoch; return its seconds."""
        start = time.perf_counter()
        self.model.train()
        for xb, yb in self.loader:
            self.optimizer.zero_grad()
            left, right = self.model(xb)
            loss = F.cross_entropy(left, yb[:, 0]) + F.cross_entropy(right, yb[:, 1])
            loss.backward()
            self.optimizer.step()
        return time.perf_counter() - start

    def predict(self, X):
        """Return the labels of a tensor of images, shape (n, 2)."""
        self.model.eval()
        with torch.no_grad():
            parts = [torch.stack([z.argmax(1) for z in self.model(xb)], 1) for xb in X.split(PREDICT_BATCH)]
        return torch.cat(parts).numpy()

    def predict_seconds(self, images):
        """Return the seconds a prediction of (n, H, W, C) floats takes, the tensor being there already."""
        X = channels_first(images)
        start = time.perf_counter()
        self.predict(X)
        return time.perf_counter() - start

    def accuracy(self):
        """Return the accuracy on the images held out, in per cent."""
        return accuracy(self.predict(channels_first(self.problem.floats(self.problem.X_test))), self.problem.y_test)


class TunedTorch:
    """What somebody who knows PyTorch well would write for these two tasks and nothing else.

    Tensors indexed in place a batch at a time, images and weights channels last, fused Adam, and
    autocast where reduced precision is asked for. This is the limit of a design on PyTorch.
    """

    def __init__(self, problem, cell, precision="float32", seed=0):
        torch.manual_seed(seed)
        self.problem, self.batch_size, self.precision = problem, cell.batch_size, precision
        # Rows (H, W, C) in memory: what permute makes of a batch of them is channels last.
        self.X = torch.from_numpy(problem.floats(problem.X))
        self.y = torch.from_numpy(problem.y)
        shape = (self.X.shape[3], *self.X.shape[1:3])
        self.model = Net(shape, cell.layers, problem.n_classes).to(memory_format=torch.channels_last)
        self.criterion = SumOfCrossEntropies()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=True)

    def autocast(self):
        """Return the context of the forward pass."""
        return nullcontext() if self.precision == "float32" else torch.autocast("cpu", dtype=torch.bfloat16)

    def epoch(self):
        """Train for one epoch; return its seconds."""
        start = time.perf_counter()
        self.model.train()
        for rows in torch.randperm(len(self.X)).split(self.batch_size):
            xb, yb = self.X[rows].permute(0, 3, 1, 2), self.y[rows]
            self.optimizer.zero_grad(set_to_none=True)
            with self.autocast():
                logits = self.model(xb)
            self.criterion([z.float() for z in logits], yb).backward()
            self.optimizer.step()
        return time.perf_counter() - start

    def accuracy(self):
        """Return the accuracy on the images held out, in per cent."""
        self.model.eval()
        X = torch.from_numpy(self.problem.floats(self.problem.X_test)).permute(0, 3, 1, 2)
        with torch.inference_mode(), self.autocast():
            parts = [torch.stack([z.argmax(1) for z in self.model(xb)], 1) for xb in X.split(PREDICT_BATCH)]
        return accuracy(torch.cat(parts).numpy(), self.problem.y_test)
