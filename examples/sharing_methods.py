"""Ways of sharing compared: where sharing costs accuracy, and where it brings some.

Run it with ``python examples/sharing_methods.py [conflicting] [related]``. It takes about seven minutes on one core.

``conflicting``: which character, and which of four font families, of characters in sixteen fonts. What tells the
fonts apart is what a reader of characters has to overlook, and the trunk is small. Tested on pairs of a character and
one of the sixteen fonts that no training image shows.

``related``: four questions about handwritten digits (which one, odd, five or more, with a loop), each answered for
100 images of its own. A network for one task has 100 images to learn from, a shared one 400.

Every way has the same trunk, epochs, batches and seeds. Most have more weights than hard sharing: the rows "hard, wide
as ..." are hard sharing with a trunk widened to the number of weights of another way. All other options are at
their defaults, for ``related`` those of the trunk too. ``--validation`` splits the training part once more and leaves
the test alone: for choices of your own, as that of the default trunk for ``related``, before a narrower one.
"""

import argparse
import time

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_glyphs
from skmtl.nn import ConvTrunk

WAYS = ("hard", "none", "cross-stitch", "mmoe", "cgc", "ple", "mtan")
WIDE_AS = {"conflicting": ("none", "mmoe"), "related": ("none",)}
TRUNKS = {"conflicting": ConvTrunk(channels=(4, 8), hidden=(16,)), "related": ConvTrunk()}


def conflicting(seed, validation, share=1.0):
    """Return images and labels to train on, and images and labels to score, of pairs of character and font."""
    n_characters = max(4, int(36 * share))
    characters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:n_characters]
    X, y = load_glyphs(
        48 * n_characters, size=20, characters=characters, random_state=seed, return_X_y=True, as_frame=True
    )
    pairs = y.groupby(list(y.columns)).ngroup().to_numpy()
    rows = np.arange(len(y))
    for _ in range(1 + validation):
        split = GroupShuffleSplit(1, test_size=0.25, random_state=seed)
        train, test = next(split.split(rows, groups=pairs[rows]))
        rows, scored = rows[train], rows[test]
    y = y[["character", "family"]]
    return X[rows], y.iloc[rows], X[scored], y.iloc[scored]


def related(seed, validation, share=1.0):
    """Return the same of handwritten digits, every training image with the label of one task only."""
    n_labels = int(100 * share)
    digits = load_digits()
    name = digits.target
    y = pd.DataFrame({"digit": name, "odd": name % 2, "high": name // 5, "loop": np.isin(name, [0, 6, 8, 9]) * 1})
    X, y = digits.images, y.astype(float)
    for _ in range(1 + validation):
        X, X_test, y, y_test = train_test_split(X, y, test_size=1 / 3, stratify=y["digit"], random_state=seed)
    n_images = n_labels * y.shape[1]
    asked = np.repeat(np.eye(y.shape[1], dtype=bool), n_labels, axis=0)
    return X[:n_images], y[:n_images].where(asked), X_test, y_test


def n_weights(clf):
    """Return the number of weights of a fitted network."""
    return sum(p.numel() for p in clf.net_.module_.parameters())


def widened(clf, X, y, n):
    """Return the trunk with all widths multiplied alike until the network has at least `n` weights."""
    channels, hidden = np.array(clf.trunk.channels), np.array(clf.trunk.hidden)
    for factor in np.arange(1.0, 20.0, 0.05):
        widths = {"channels": tuple(np.rint(factor * channels)), "hidden": tuple(np.rint(factor * hidden))}
        widths = {k: tuple(map(int, v)) for k, v in widths.items()}
        trunk = ConvTrunk(**widths)
        if n_weights_of(trunk, X, y) >= n:
            return trunk
    raise ValueError(f"No trunk found with {n} weights.")


def n_weights_of(trunk, X, y):
    """Return the number of weights of hard sharing with a trunk and linear heads."""
    trunk = trunk.build((1, *X.shape[1:]))
    n_features, n_classes = trunk[-2].out_features, sum(y[task].nunique() for task in y)
    return sum(p.numel() for p in trunk.parameters()) + (n_features + 1) * n_classes


def scores(problem, seed, validation, max_epochs, share):
    """Return a row per way of sharing: the accuracies of the tasks, weights and seconds."""
    X, y, X_test, y_test = {"conflicting": conflicting, "related": related}[problem](seed, validation, share)
    shared = MultiTaskCNNClassifier(TRUNKS[problem], max_epochs=max_epochs, random_state=seed)
    rows, sizes = [], {}
    for way in (*WAYS, *(f"hard, wide as {other}" for other in WIDE_AS[problem])):
        name, _, other = way.partition(", wide as ")
        clf = shared.set_params(sharing=name, trunk=TRUNKS[problem])
        if other:
            clf.set_params(trunk=widened(clf, X, y, sizes[other]))
        start = time.perf_counter()
        clf.fit(X, y)
        seconds = time.perf_counter() - start
        sizes[way] = n_weights(clf)
        accuracies = (clf.predict(X_test) == y_test.to_numpy()).mean(axis=0)
        rows.append(
            {"way": way, "seed": seed, "weights": sizes[way], "seconds": seconds, "mean": accuracies.mean()}
            | dict(zip(y.columns, accuracies, strict=True))
        )
    return rows


def report(table):
    """Print mean ± standard deviation over the seeds, and of the differences from hard sharing and from none."""
    by_seed = table.pivot(index="seed", columns="way", values="mean")[table["way"].unique()]
    columns = {"weights": table.groupby("way")["weights"].first().map("{:,}".format)}
    for task in table.columns.drop(["way", "seed", "weights", "seconds"]):
        columns[task] = _spread(table.pivot(index="seed", columns="way", values=task))
    for other in ("hard", "none"):
        gains = by_seed.sub(by_seed[other], axis=0)
        columns[f"minus {other}"] = _spread(gains, "+")
        columns[f"above {other}"] = (gains > 0).sum().map(f"{{}} of {len(gains)}".format)
    columns["seconds"] = table.groupby("way")["seconds"].median().map("{:.1f}".format)
    print(pd.DataFrame(columns).loc[by_seed.columns].to_string(), "\n")


def _spread(by_seed, sign=""):
    means, stds = 100 * by_seed.mean(), 100 * by_seed.std(ddof=1 if len(by_seed) > 1 else 0)
    return pd.Series(
        [f"{mean:{sign}.1f} ± {std:.1f}" for mean, std in zip(means, stds, strict=True)], index=by_seed.columns
    )


def main(arguments=None):
    """Fit all ways for all seeds and print the tables, accuracies in per cent."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("problems", nargs="*", metavar="conflicting|related", help="what to run (both)")
    parser.add_argument(
        "--seeds", type=int, choices=range(1, 101), metavar="N", default=5, help="how many seeds, from 0"
    )
    parser.add_argument("--validation", action="store_true", help="score a part of the training images, not the test")
    parser.add_argument("--max-epochs", type=int, default=30, help="passes over the training images")
    parser.add_argument("--share", type=float, default=1.0, help="share of the images; below 1 tries it out")
    options = parser.parse_args(arguments)
    for problem in options.problems or TRUNKS:
        if problem not in TRUNKS:
            parser.error(f"problems must be among {', '.join(TRUNKS)}. Got {problem}.")
        rows = []
        for seed in range(options.seeds):
            rows += scores(problem, seed, options.validation, options.max_epochs, options.share)
        print(f"{problem}, {options.seeds} seeds, accuracy in per cent on {_scored(options)}")
        report(pd.DataFrame(rows))


def _scored(options):
    return "validation images" if options.validation else "test images"


if __name__ == "__main__":
    main()
