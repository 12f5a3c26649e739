"""What the default network reaches on real images, with the time it takes.

``python examples/benchmarks/accuracy.py [digits] [glyphs] [missing] [weights] [multi_mnist FOLDER]``

Without arguments everything but ``multi_mnist`` runs, which needs a folder with MNIST's IDX files.
"""

import sys
import time

import numpy as np
import pandas as pd

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_glyphs, load_multi_mnist, load_two_digits
from skmtl.model_selection import multi_task_train_test_split
from skmtl.nn import ConvTrunk

SEEDS = range(5)


def accuracies(clf, X, y):
    """Return the accuracy of every task, y being a data frame without holes."""
    return pd.Series((clf.predict(X) == y.to_numpy()).mean(axis=0), index=y.columns)


def timed_fit(clf, X, y):
    """Fit and return the seconds it took."""
    start = time.perf_counter()
    clf.fit(X, y)
    return time.perf_counter() - start


def digits():
    """Two digits side by side, tested on digits the training images do not contain."""
    X, y = load_two_digits(n_samples=2000, subset="train", return_X_y=True, as_frame=True)
    X_test, y_test = load_two_digits(n_samples=1000, subset="test", return_X_y=True, as_frame=True)
    clf = MultiTaskCNNClassifier(random_state=0)
    seconds = timed_fit(clf, X, y)
    print(f"two digits: mean {clf.score(X_test, y_test):.4f} in {seconds:.0f} s")
    print(accuracies(clf, X_test, y_test).to_string(), "\n")


def glyphs():
    """Characters in sixteen fonts, a third held out."""
    X, y = load_glyphs(return_X_y=True, as_frame=True)
    X, X_test, y, y_test = multi_task_train_test_split(X, y, stratify=y, test_size=1 / 3, random_state=0)
    clf = MultiTaskCNNClassifier(random_state=0)
    seconds = timed_fit(clf, X, y)
    print(f"glyphs: mean {clf.score(X_test, y_test):.4f} in {seconds:.0f} s")
    print(accuracies(clf, X_test, y_test).to_string(), "\n")


def missing():
    """60 % of one task's labels removed: the task against itself alone, the other against before."""
    rows = []
    for seed in SEEDS:
        X, y = load_two_digits(n_samples=1500, subset="train", random_state=seed, return_X_y=True, as_frame=True)
        X_test, y_test = load_two_digits(
            n_samples=1000, subset="test", random_state=seed, return_X_y=True, as_frame=True
        )
        kept = np.random.default_rng(seed).random(len(y)) >= 0.6
        clf = MultiTaskCNNClassifier(random_state=seed)
        full = accuracies(clf.fit(X, y), X_test, y_test)
        holes = accuracies(clf.fit(X, y.assign(left=y["left"].where(kept))), X_test, y_test)
        alone = accuracies(clf.fit(X[kept], y.loc[kept, ["left"]]), X_test, y_test[["left"]])
        rows.append(
            {
                "left, 40 % labelled": holes["left"],
                "left alone on those rows": alone["left"],
                "right, left 40 % labelled": holes["right"],
                "right, left all labelled": full["right"],
            }
        )
    table = pd.DataFrame(rows, index=pd.Index(SEEDS, name="seed"))
    print("missing labels:")
    print(pd.concat([table, table.mean().rename("mean").to_frame().T]).to_string(float_format="{:.4f}".format), "\n")


def weights():
    """Half overlapping digits, a small trunk: each task's accuracy as its weight grows."""
    rows = []
    for seed in SEEDS:
        options = {"overlap": 0.5, "random_state": seed, "return_X_y": True, "as_frame": True}
        X, y = load_two_digits(n_samples=900, subset="train", **options)
        X_test, y_test = load_two_digits(n_samples=900, subset="test", **options)
        for share in (0.05, 0.25, 0.5, 0.75, 0.95):
            clf = MultiTaskCNNClassifier(
                ConvTrunk(channels=(8,), hidden=(16,)),
                task_weights={"left": share, "right": 1 - share},
                max_epochs=15,
                random_state=seed,
            )
            rows.append({"weight of left": share, **accuracies(clf.fit(X, y), X_test, y_test)})
    table = pd.DataFrame(rows).groupby("weight of left").mean()
    table["mean"] = table.mean(axis=1)
    print(f"task weights (mean of {len(SEEDS)} seeds):")
    print(table.to_string(float_format="{:.4f}".format), "\n")


def multi_mnist(folder, max_epochs=10):
    """MultiMNIST; the published best is left 97.26 %, right 95.90 % (Sener & Koltun 2018)."""
    X, y = load_multi_mnist(folder, subset="train", return_X_y=True, as_frame=True)
    X_test, y_test = load_multi_mnist(folder, subset="test", return_X_y=True, as_frame=True)
    clf = MultiTaskCNNClassifier(max_epochs=max_epochs, random_state=0, verbose=1)
    seconds = timed_fit(clf, X, y)
    print(f"MultiMNIST, {max_epochs} epochs: {seconds:.0f} s")
    print(accuracies(clf, X_test, y_test).to_string(), "\n")


def main(names):
    """Run what the command line asks for."""
    if names[:1] == ["multi_mnist"]:
        multi_mnist(names[1])
        return
    for name in names or ["digits", "glyphs", "missing", "weights"]:
        {"digits": digits, "glyphs": glyphs, "missing": missing, "weights": weights}[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
