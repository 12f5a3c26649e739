"""Measures that are no cell of the table: prediction, many tasks, more images, little data."""

from statistics import median

import numpy as np
from _peer_keras import Keras
from _peer_skmtl import Skmtl, classifier
from _peers_torch import PlainTorch, TunedTorch
from _problems import Cell, Problem, load_problem
from _race import race

__all__ = ["measure_linearity", "measure_overhead", "measure_predict", "measure_tasks"]

WIDE = Cell(28, "default", 256)
NARROW = Cell(28, "LeNet", 256)


def measure_predict(repeats, keras=None, n_images=20_000):
    """Return the seconds of predicting `n_images` 28 x 28 images with the default trunk."""
    problem = load_problem(WIDE.side, 2048)
    images = _tiled(problem.X, n_images)
    floats = problem.floats(images)
    runs = {
        "skmtl, float32": (Skmtl(problem, WIDE), images),
        "skmtl, auto": (Skmtl(problem, WIDE, "auto"), images),
        "plain PyTorch": (PlainTorch(problem, WIDE), floats),
    }
    if keras is not None:
        runs["Keras"] = (Keras(keras, problem, WIDE), floats)
    for run, _ in runs.values():
        run.epoch()
    timed = {name: lambda run=run, X=X: run.predict_seconds(X) for name, (run, X) in runs.items()}
    seconds = race(timed, repeats)
    if keras is not None:
        runs["Keras"][0].close()
    return {"n_images": n_images, "seconds": seconds}


def measure_tasks(repeats, share=1.0, counts=(1, 40, 1000)):
    """Return the epoch seconds with that many two-class tasks."""
    problem = load_problem(WIDE.side, int(share * WIDE.n_images))
    bits = np.random.default_rng(0).integers(2, size=(len(problem.X), max(counts)))
    runs = {n: Skmtl(Problem(problem.X, bits[:, :n], None, None), WIDE) for n in counts}
    return {"seconds": race({n: run.epoch for n, run in runs.items()}, repeats)}


def measure_linearity(repeats, sizes=(1_000, 10_000, 100_000)):
    """Return the epoch seconds on that many images, LeNet-size trunk."""
    base = load_problem(NARROW.side, min(sizes[-1], 10_000))
    timed = {}
    for n in sizes:
        X, y = _tiled(base.X, n), _tiled(base.y, n)
        # As many epochs a round as make short ones comparable to the longest.
        epochs = int(np.clip(sizes[-1] // (2 * n), 1, 20))
        clf = classifier(NARROW, warm_start=True, max_epochs=epochs)
        timed[n] = lambda clf=clf, X=X, y=y, epochs=epochs: _median_epoch(clf, X, y, epochs)
    return {"seconds": race(timed, repeats)}


def measure_overhead(repeats, epochs=10):
    """Return the epoch seconds on as many 8 x 8 digits as scikit-learn has, ours and tuned PyTorch's."""
    cell = Cell(8, "default", 32)
    problem = load_problem(8, 1797)
    clf = classifier(cell, warm_start=True, max_epochs=epochs)
    tuned = TunedTorch(problem, cell)
    timed = {
        "skmtl": lambda: _median_epoch(clf, problem.X, problem.y, epochs),
        "tuned PyTorch": lambda: median(tuned.epoch() for _ in range(epochs)),
    }
    return {"seconds": race(timed, repeats)}


def _median_epoch(clf, X, y, epochs):
    return median(row["seconds"] for row in clf.fit(X, y).history_[-epochs:])


def _tiled(array, n):
    return array[np.arange(n) % len(array)]
