"""The images that weightings are compared on, for every seed in three parts."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from skmtl.datasets import fetch_multi_mnist, load_glyphs, load_multi_mnist
from skmtl.model_selection import multi_task_train_test_split
from skmtl.nn import ConvTrunk, LeNetTrunk, LinearHead, MLPHead

__all__ = ["PROBLEMS", "load_parts"]

# Rows of MNIST of which training pairs are made; validation pairs are made of the others.
N_TRAIN_DIGITS = 40_000


@dataclass(frozen=True)
class Problem:
    """What is trained, and for how long.

    Attributes
    ----------
    trunk, head : spec
        Layers.
    epochs : int
        Passes over the training images.
    tasks : tuple of str
        Columns of the labels.
    """

    trunk: object
    head: object
    epochs: int
    tasks: tuple


PROBLEMS = {
    # Trunk and head of Sener & Koltun (2018).
    "multi_mnist": Problem(LeNetTrunk(), MLPHead(hidden=(50,), dropout=0.5), 15, ("left", "right")),
    # Narrow, so that the tasks compete.
    "glyphs": Problem(
        ConvTrunk(channels=(8, 16), hidden=(32,)), LinearHead(), 25, ("character", "family", "bold", "italic")
    ),
}


@lru_cache(maxsize=5)
def load_parts(problem, seed, folder=None, share=1.0):
    """Return {"train", "valid", "test": (images, labels)}.

    Parameters
    ----------
    problem : {"multi_mnist", "glyphs"}
        Of MultiMNIST 20,000 images to train on and 5,000 to validate on that show other digits, with partners drawn
        for the seed, and the whole test split, the same for all seeds; of glyphs half, a sixth and a third
        of those drawn for the seed.
    seed : int
        What to draw.
    folder : str or path-like, default=None
        MNIST's IDX files; None downloads it.
    share : float, default=1.0
        Share of the images to use; less than 1 tries the command out.
    """
    if problem == "glyphs":
        return _glyphs(seed, share)
    load = fetch_multi_mnist if folder is None else _from(folder)
    data = load(subset="train", random_state=seed, as_frame=True)
    training = data.source < N_TRAIN_DIGITS
    rows = {
        "train": np.flatnonzero(training.all(axis=1))[: int(20_000 * share)],
        "valid": np.flatnonzero(~training.any(axis=1))[: int(5_000 * share)],
    }
    parts = {part: (data.images[i], data.target.iloc[i]) for part, i in rows.items()}
    X, y = load(subset="test", return_X_y=True, as_frame=True)
    n_test = int(len(X) * share)
    return parts | {"test": (X[:n_test], y[:n_test])}


def _from(folder):
    return lambda **options: load_multi_mnist(folder, **options)


def _glyphs(seed, share):
    characters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[: max(4, int(62 * share))]
    X, y = load_glyphs(96 * len(characters), characters=characters, random_state=seed, return_X_y=True, as_frame=True)
    X, X_test, y, y_test = multi_task_train_test_split(X, y, stratify=y, test_size=1 / 3, random_state=seed)
    X, X_valid, y, y_valid = multi_task_train_test_split(X, y, stratify=y, test_size=1 / 4, random_state=seed)
    return {"train": (X, y), "valid": (X_valid, y_valid), "test": (X_test, y_test)}
