"""The problems everyone trains on: real digits in three image sizes, two tasks, and how many of them."""

from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_digits

__all__ = ["HEADLINE", "TRUNKS", "Cell", "Problem", "all_cells", "load_problem", "quick_cells"]

N_TEST = 2000

# What skmtl.nn.ConvTrunk is told; the peers build the same layers from it.
TRUNKS = {
    "LeNet": {"channels": (10, 20), "kernel_size": 5, "hidden": (50,)},
    "default": {"channels": (32, 64), "kernel_size": 3, "hidden": (128,)},
}
# Images an epoch, so that it lasts 0.5 to 2 s on two cores whoever trains.
IMAGES = {(8, "LeNet"): 16384, (8, "default"): 12288}
IMAGES |= {(28, "LeNet"): 12288, (28, "default"): 6144}
IMAGES |= {(64, "LeNet"): 2048, (64, "default"): 1536}


@dataclass(frozen=True)
class Cell:
    """One cell of the table.

    Attributes
    ----------
    side : int
        Height and width of the images, in pixels; those of 64 pixels are in colour.
    trunk : {"LeNet", "default"}
        Layers.
    batch_size : int
        Images a step.
    """

    side: int
    trunk: str
    batch_size: int

    @property
    def n_images(self):
        """Images an epoch."""
        return IMAGES[self.side, self.trunk]

    @property
    def layers(self):
        """Arguments of ``ConvTrunk``."""
        # LeNet's unpadded kernels do not fit 8 x 8 pixels twice, and would leave 64 x 64 pixels with maps of
        # 13 x 13, for whose uneven windows Keras has no layer that its users know.
        return TRUNKS[self.trunk] | {"padding": "valid" if (self.trunk, self.side) == ("LeNet", 28) else "same"}

    def __str__(self):
        colour = "x3" if self.side == 64 else ""
        return f"{self.side}x{self.side}{colour}, {self.trunk}, batch {self.batch_size}"


HEADLINE = [Cell(28, "LeNet", 256), Cell(28, "default", 256)]


def all_cells():
    """Return every cell of the table."""
    grid = [Cell(s, t, b) for s in (8, 28, 64) for t in TRUNKS for b in (32, 128, 512)]
    return sorted([*grid, *HEADLINE], key=lambda cell: (cell.side, cell.trunk != "LeNet", cell.batch_size))


def quick_cells():
    """Return the headline, and one small and one large image."""
    return [Cell(8, "LeNet", 32), *HEADLINE, Cell(64, "LeNet", 128)]


@dataclass(frozen=True)
class Problem:
    """Images and labels, those to train on and those held out.

    Attributes
    ----------
    X, X_test : ndarray of shape (n, H, W) or (n, H, W, 3), uint8
        Images.
    y, y_test : ndarray of shape (n, 2), int64
        Labels of both tasks, each counted from 0.
    """

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    @property
    def n_classes(self):
        """Classes of every task."""
        return [int(k) for k in self.y.max(axis=0) + 1]

    def floats(self, images):
        """Return images as a standardised float32 array (n, H, W, C), which the peers are given."""
        images = images if images.ndim == 4 else images[..., None]
        train = self.X if self.X.ndim == 4 else self.X[..., None]
        mean, std = train.mean(axis=(0, 1, 2)), train.std(axis=(0, 1, 2))
        return ((images - mean) / std).astype(np.float32)


def load_problem(side, n_images, n_test=N_TEST, seed=0):
    """Return the problem of one image size.

    Few kinds of digits, and images held out that show digits known from training with another neighbour, place
    or tint: a hundred steps learn this nearly without error, so that whoever learns less is found out by a point.
    """
    rng = np.random.default_rng(seed)
    n = n_images + n_test
    X, y = _one_digit(n, rng) if side == 8 else _two_digits(n, side, rng)
    if side == 64:
        tints = rng.uniform(0.4, 1.0, size=(n, 1, 1, 3)).astype(np.float32)
        X = (X[..., None] * tints).astype(np.uint8)
    return Problem(X[:n_images], y[:n_images], X[n_images:], y[n_images:])


def _digits(n_kinds):
    """Return scikit-learn's 8 x 8 digits below `n_kinds`, 0 to 255."""
    digits = load_digits(n_class=n_kinds)
    return np.rint(digits.images * (255 / 16)).astype(np.uint8), digits.target


def _one_digit(n, rng):
    """Single digits, moved by up to a pixel; the tasks are which, and whether it is odd."""
    images, labels = _digits(4)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(images, ((0, 0), (1, 1), (1, 1))), (8, 8), axis=(1, 2))
    drawn = rng.integers(len(images), size=n)
    X = windows[drawn, rng.integers(3, size=n), rng.integers(3, size=n)]
    return np.ascontiguousarray(X), np.column_stack([labels[drawn], labels[drawn] % 2])


def _two_digits(n, side, rng):
    """Pairs of digits, enlarged by repeating pixels; the tasks are the left and the right one."""
    images, labels = _digits(2 if side == 64 else 4)
    drawn = rng.integers(len(images), size=(n, 2))
    canvas = np.concatenate([images[drawn[:, 0]], images[drawn[:, 1]]], axis=2)
    rows, columns = np.arange(side) * 8 // side, np.arange(side) * 16 // side
    return canvas[:, rows][:, :, columns], labels[drawn]
