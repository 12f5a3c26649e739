"""One loss 100 times as large as the other: equal weights, and every other way to weight the tasks.

Run it with ``python examples/loss_scales.py``. It takes half a minute on one core.

The images are drawn: in noise lie a bright bar and a dark diagonal. Task ``bar``: does the bar lie or stand? Task
``diagonal``: does the diagonal rise or fall? Both are equally hard, and a tenth of the labels of both are wrong. But
the label of the diagonal was written down by 100 clerks who copied it from one another, and its head sums the
cross-entropies of all 100 answers where it should have averaged them: value and gradient of its loss are 100 times
those of one answer, from the first step to the last. (With a head of yours, a sum over pixels, frames or tokens
where the mean was meant does the same.) With equal weights the trunk learns the diagonal, and the bar is guessed.

What to look for: methods that even out losses or gradients answer both questions. ``uncertainty`` and ``imtl-l`` have
to learn the factor of 100 step by step, and in a training as short as this get there late, with some ``--seed`` too
late. ``random``, ``dwa``, ``pcgrad`` and ``upgrad`` leave scales as they are, since the tasks do not contradict each
other. ``mgda`` overdoes it: the shortest combination of two gradients is next to the shorter one.
"""

import argparse

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator
from torch import nn
from torch.nn import functional as F

from skmtl import MultiTaskCNNClassifier
from skmtl.nn import ConvTrunk
from skmtl.weighting import WEIGHTINGS

LYING, STANDING = np.eye(3)[[1, 1, 1]].T, np.eye(3)[[1, 1, 1]]
RISING, FALLING = np.eye(3)[::-1], np.eye(3)


class CopiedLabelsHead(BaseEstimator):
    """A yes-or-no question asked `n_copies` times; the loss is the sum of the cross-entropies of the answers.

    With the probability p of one yes, the logarithms of those of the classes "all no", "all yes" and "mixed" are
    n log(1 - p), n log(p) and log(1 - p**n - (1 - p)**n), the answers being taken for independent.
    """

    def __init__(self, n_copies=100):
        self.n_copies = n_copies

    def build(self, n_features, n_classes):
        """Return a fresh module from (batch, n_features) to (batch, 3) log-probabilities."""
        if n_classes != 3:
            raise ValueError(f"CopiedLabelsHead is for 'all no', 'all yes' and 'mixed'. Got {n_classes} classes.")
        return nn.Sequential(nn.Linear(n_features, 1), _SumOfCopies(self.n_copies))


class _SumOfCopies(nn.Module):
    def __init__(self, n_copies):
        super().__init__()
        self.n_copies = n_copies

    def forward(self, z):
        no, yes = self.n_copies * F.logsigmoid(-z), self.n_copies * F.logsigmoid(z)
        # Where p is 0 or 1, nothing is left for the third; its logarithm must stay finite.
        unanimous = torch.logaddexp(no, yes).clamp(max=-1e-6)
        return torch.cat([no, yes, torch.log(-torch.expm1(unanimous))], 1)


def draw(n_images, rng):
    """Return images (n_images, 8, 8) and what is on them (n_images, 2): bar standing, diagonal rising."""
    X = rng.normal(scale=0.5, size=(n_images, 8, 8)).astype(np.float32)
    truth = rng.integers(2, size=(n_images, 2))
    shapes = [(LYING, STANDING, 2), (FALLING, RISING, -2)]
    for image, kinds in zip(X, truth, strict=True):
        for (zero, one, ink), kind in zip(shapes, kinds, strict=True):
            row, column = rng.integers(6, size=2)
            image[row : row + 3, column : column + 3] += ink * (one if kind else zero)
    return X, truth


def labels(truth, rng, noise=0.1):
    """Return the labels to train on, some of them wrong."""
    found = truth ^ (rng.random(truth.shape) < noise)
    y = pd.DataFrame({"bar": found[:, 0], "diagonal": np.array(["all no", "all yes"])[found[:, 1]]})
    # In one row the clerks disagree, so that the third class exists.
    y.loc[0, "diagonal"] = "mixed"
    return y


def accuracies(weighting, data, n_copies, seed, max_epochs=20):
    """Fit, and return the accuracies on new images, and the last epoch's mean losses and weights."""
    X, y, X_test, truth = data
    clf = MultiTaskCNNClassifier(
        ConvTrunk(channels=(8,), hidden=(16,)),
        head={"diagonal": CopiedLabelsHead(n_copies)},
        weighting=weighting,
        lr=5e-3,
        max_epochs=max_epochs,
        batch_size=32,
        random_state=seed,
    ).fit(X, y)
    # "mixed" is not asked for: which of the unanimous answers is the more probable?
    logs = clf.predict_log_proba(X_test)
    predicted = np.column_stack([log[:, 1] > log[:, 0] for log in logs])
    row = dict(zip(y.columns, (predicted == truth).mean(axis=0), strict=True))
    for fact, key in (("loss", "train_loss"), ("weight", "weight")):
        row |= {f"{fact} of {task}": clf.history_[-1][f"{task}_{key}"] for task in y.columns}
    return row


def compare(weightings, n_copies=100, seed=0, **params):
    """Return a data frame with a row for every weighting."""
    rng = np.random.default_rng(seed)
    X, truth = draw(1500, rng)
    data = (X, labels(truth, rng), *draw(1000, rng))
    return pd.DataFrame({name: accuracies(name, data, n_copies, seed, **params) for name in weightings}).T


def main(arguments=None):
    """Fit with every weighting and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", choices=list(WEIGHTINGS), default=list(WEIGHTINGS), metavar="NAME")
    parser.add_argument("--copies", type=int, default=100, help="how many times the second loss is summed; at least 2")
    parser.add_argument("--seed", type=int, default=0, help="of the images, the weights and the order of the batches")
    parser.add_argument("--max-epochs", type=int, default=20, help="passes over the training images")
    options = parser.parse_args(arguments)
    table = compare(options.methods, options.copies, options.seed, max_epochs=options.max_epochs)
    print(f"accuracies on 1000 new images; the loss of diagonal is the sum of {options.copies}")
    print(table.to_string(float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
