"""The estimator of this package, told to train what the peers train."""

import time

from _models import accuracy

from skmtl import MultiTaskCNNClassifier
from skmtl.nn import ConvTrunk

__all__ = ["Skmtl", "classifier"]


def classifier(cell, precision="float32", **params):
    """Return an unfitted classifier with the peers' optimiser, learning rate and batch size."""
    return MultiTaskCNNClassifier(
        trunk=ConvTrunk(**cell.layers),
        optimizer="adam",
        weight_decay=0,
        lr=1e-3,
        lr_scheduler="constant",
        batch_size=cell.batch_size,
        precision=precision,
        device="cpu",
        random_state=0,
        **{"max_epochs": 1, **params},
    )


class Skmtl:
    """The classifier on the integer images as they are; every epoch is a warm start of `fit`."""

    def __init__(self, problem, cell, precision="float32"):
        self.problem, self.cell, self.precision = problem, cell, precision
        self.clf = classifier(cell, precision, warm_start=True)

    def epoch(self):
        """Train for one epoch; return its seconds, as ``history_`` has them."""
        self.clf.fit(self.problem.X, self.problem.y)
        return self.clf.history_[-1]["seconds"]

    def whole_fit(self, max_epochs):
        """Return (seconds of a fresh fit by the clock, those of its epochs by ``history_``), as a check on `epoch`."""
        clf = classifier(self.cell, self.precision, max_epochs=max_epochs)
        start = time.perf_counter()
        clf.fit(self.problem.X, self.problem.y)
        wall = time.perf_counter() - start
        return wall, sum(row["seconds"] for row in clf.history_)

    def predict_seconds(self, images):
        """Return the seconds a prediction of integer images takes, from array to labels."""
        start = time.perf_counter()
        self.clf.predict(images)
        return time.perf_counter() - start

    def accuracy(self):
        """Return the accuracy on the images held out, in per cent."""
        return accuracy(self.clf.predict(self.problem.X_test), self.problem.y_test)
