"""One legend entry for artists that mean the same, where it covers nothing."""

import numpy as np

__all__ = ["draw_legend"]


def draw_legend(ax, own_figure, order=None):
    """Draw the legend of some axes: above all of them in a figure of our own, else among the artists.

    Parameters
    ----------
    ax : matplotlib Axes
        Whose labelled artists are explained.
    own_figure : bool
        Whether the figure was made for these axes and their like.
    order : list of str, default=None
        The labels in the order they are wanted; None for the order of drawing.
    """
    handles, labels = ax.get_legend_handles_labels()
    known = dict(zip(labels, handles, strict=True))
    labels = [label for label in order or known if label in known]
    handles = [known[label] for label in labels]
    if own_figure:
        columns = _columns(labels, ax.figure.get_figwidth())
        ax.figure.legend(handles, labels, loc="outside upper center", ncols=columns, frameon=False)
    else:
        ax.legend(handles, labels)


def _columns(labels, width):
    """Return into how many columns labels go: three in one row, more in two, if so many inches have room."""
    lengths = [len(label) for label in labels]
    for columns in range(len(labels) if len(labels) <= 3 else 2, 1, -1):
        # A line or marker, and letters of about 0.07 inches.
        if sum(0.5 + 0.07 * max(part) for part in np.array_split(lengths, columns)) <= width:
            return columns
    return 1
