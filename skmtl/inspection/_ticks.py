"""Names along both sides of a matrix."""

import math

import numpy as np

from ._text import shortened_all

__all__ = ["label_ticks"]


def label_ticks(ax, names, most, length, level):
    """Name as many rows and columns as there is room for, evenly spaced.

    Parameters
    ----------
    ax : matplotlib Axes
        With the matrix.
    names : sequence
        Of its rows, which are those of its columns.
    most : int
        How many have room.
    length : int
        Characters of a name, at most.
    level : int
        Characters that have room below the matrix; longer texts stand upright.
    """
    shown = np.arange(0, len(names), math.ceil(len(names) / most))
    short = shortened_all(names, length)
    texts = [short[i] for i in shown]
    size = 7 if len(shown) > 10 else 8
    rotation = "vertical" if max(map(len, texts)) * len(texts) > level else "horizontal"
    ax.set_xticks(shown, texts, rotation=rotation, fontsize=size)
    ax.set_yticks(shown, texts, fontsize=size)
