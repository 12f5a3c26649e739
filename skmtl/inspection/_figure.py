"""The axes that displays draw on: the caller's, or new ones."""

import math

import numpy as np

from .._optional import import_optional

__all__ = ["check_axes", "one_axes", "panel_axes"]


def check_axes(axes, display, name="ax"):
    """Raise unless there is matplotlib, and `axes` are its own; call it before what takes long.

    Parameters
    ----------
    axes : matplotlib Axes, array-like of Axes or None
        The caller's.
    display : str
        Who needs matplotlib: the subject of the error message where it is missing.
    name : {"ax", "axes"}, default="ax"
        The parameter's name, for the message.

    Returns
    -------
    module
        ``matplotlib.pyplot``.
    """
    pyplot = import_optional("matplotlib.pyplot", "plot", display)
    given = [] if axes is None else [axes] if name == "ax" else np.asarray(axes, dtype=object).ravel()
    for ax in given:
        if not isinstance(ax, pyplot.Axes):
            found = "None" if ax is None else f"an object of class {type(ax).__name__}"
            raise TypeError(f"{name} must be matplotlib Axes, as plt.subplots returns them. Got {found} instead.")
    return pyplot


def one_axes(ax, display, size=None):
    """Return `ax`, or the axes of a new figure.

    Parameters
    ----------
    ax : matplotlib Axes or None
        The caller's.
    display : str
        Who needs matplotlib: the subject of the error message where it is missing.
    size : tuple of float, default=None
        Width and height of a new figure, in inches; None: matplotlib's.

    Returns
    -------
    matplotlib Axes
    """
    pyplot = check_axes(ax, display)
    if ax is None:
        _, ax = pyplot.subplots(figsize=size, layout="constrained")
    return ax


def panel_axes(axes, n_panels, display, size=(3.2, 3.0), n_columns=4):
    """Return one axes for every panel.

    Parameters
    ----------
    axes : matplotlib Axes, array-like of Axes or None
        The caller's, `n_panels` of them; None for those of a new figure.
    n_panels : int
        Number of panels, at least 1.
    display : str
        Who needs matplotlib: the subject of the error message where it is missing.
    size : tuple of float, default=(3.2, 3.0)
        Width and height of a panel of a new figure, in inches.
    n_columns : int, default=4
        Panels in a row of a new figure, at most.

    Returns
    -------
    ndarray of Axes of shape (n_panels,)

    Raises
    ------
    TypeError
        If they are no axes.
    ValueError
        If the caller's axes are more or less than the panels.
    """
    pyplot = check_axes(axes, display, "axes")
    if axes is not None:
        given = np.asarray(axes, dtype=object).ravel()
        if len(given) != n_panels:
            raise ValueError(
                f"axes must hold one matplotlib Axes for each of the {n_panels} panels. Got {len(given)} instead: "
                "pass as many, or None."
            )
        return given
    columns = min(n_panels, n_columns)
    rows = math.ceil(n_panels / columns)
    _, grid = pyplot.subplots(
        rows, columns, figsize=(size[0] * columns, size[1] * rows), layout="constrained", squeeze=False
    )
    for unused in grid.ravel()[n_panels:]:
        unused.remove()
    return grid.ravel()[:n_panels]
