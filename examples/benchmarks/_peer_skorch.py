"""Vanilla skorch: its net and its own loaders around the same module."""

import numpy as np
import torch
from _models import Net, SumOfCrossEntropies, accuracy
from skorch import NeuralNet

__all__ = ["Skorch"]


class Skorch:
    """``skorch.NeuralNet`` with a multi-task criterion and Adam."""

    def __init__(self, problem, cell, seed=0):
        torch.manual_seed(seed)
        self.problem = problem
        self.X = self._images(problem.X)
        self.net = NeuralNet(
            Net,
            module__image_shape=self.X.shape[1:],
            module__layers=cell.layers,
            module__n_classes=problem.n_classes,
            criterion=SumOfCrossEntropies,
            optimizer=torch.optim.Adam,
            lr=1e-3,
            batch_size=cell.batch_size,
            iterator_train__shuffle=True,
            max_epochs=1,
            train_split=None,  # skorch would hold a fifth of the images out; everyone trains on all of them here
            verbose=0,
        ).initialize()

    def _images(self, images):
        return np.ascontiguousarray(self.problem.floats(images).transpose(0, 3, 1, 2))

    def epoch(self):
        """Train for one epoch; return its seconds, as skorch itself measures them."""
        self.net.partial_fit(self.X, self.problem.y)
        return self.net.history[-1, "dur"]

    def accuracy(self):
        """Return the accuracy on the images held out, in per cent."""
        logits = self.net.forward(self._images(self.problem.X_test))
        return accuracy(np.column_stack([z.argmax(1).numpy() for z in logits]), self.problem.y_test)
