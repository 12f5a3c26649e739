"""Sizes, numbers and colours of a heat map of affinities."""

import math

from ._text import shortened

__all__ = ["MOST_ERRORS", "MOST_VALUES", "figure_size", "is_level", "limits", "writer"]

MOST_VALUES, MOST_ERRORS = 12, 8  # tasks whose cells have room for a number, and for its error


def figure_size(names):
    """Return width and height of a figure, in inches: room for the cells, the names and the colour bar."""
    n_tasks = len(names)
    cells = n_tasks * (0.62 if n_tasks <= MOST_VALUES else 0.26)
    longest = max(len(shortened(name)) for name in names) * (0.085 if n_tasks <= MOST_VALUES else 0.065)
    height = max(2.4, cells) + 0.9 + (0 if is_level(names) else longest)
    return max(2.4, cells) + 2.3 + longest, height


def is_level(names):
    """Whether the names have room side by side: short ones of few tasks, which read best so."""
    return max(len(shortened(name)) for name in names) <= 9 and len(names) <= MOST_ERRORS


def writer(values, digits):
    """Return the function that writes the largest value with so many digits, and all with as many decimals."""
    most = float(abs(values).max()) if values.count() else 0.0
    decimals = digits - 1 - math.floor(math.log10(most)) if most > 0 else digits
    if decimals > 5:
        return "{:.2g}".format
    decimals = max(0, decimals)
    # Adding 0 takes the sign of what is rounded to 0.
    return lambda value: f"{round(float(value), decimals) + 0.0:.{decimals}f}"


def limits(shown, signed):
    """Return the ends of the colours for the cells that are drawn."""
    if not shown.count():
        return 0.0, 1.0
    if signed:
        most = float(abs(shown).max()) or 1.0
        return -most, most
    return 0.0, float(shown.max()) or 1.0
