"""Pictures of which patches the score of every task needs."""

from collections.abc import Mapping

import numpy as np

from .._rows import distinct_images, to_numpy
from ._figure import check_axes, panel_axes
from ._image_sets import image_rows
from ._overlay import draw_map, grey_for, largest, panel_size
from ._patch_importance import patch_importance
from ._patches import find_layout
from ._task_panels import chosen_tasks
from ._text import shortened
from ._ticks import label_ticks

__all__ = ["PatchImportanceDisplay"]

MOST_VALUES = 8  # tasks whose cells have room for a number
LAYOUT = {"image_shape": None, "channel_axis": "auto", "spatial_dims": None}


class PatchImportanceDisplay:
    """A heat map per task of what its score loses with every patch, over the mean image.

    Build it with :meth:`from_importance` or :meth:`from_estimator`. All tasks have the same scale; blue patches are
    needed, red ones, by chance most often, better not read.

    Parameters
    ----------
    importance : PatchImportance
        From :func:`patch_importance`.
    image : ndarray of shape (height, width), mapping task -> ndarray, or None, default=None
        A grey image under the heat maps, the mean image for instance; signals and volumes have their own axes.

    Attributes
    ----------
    axes_ : ndarray of Axes of shape (n_tasks,)
        One per task drawn.
    overlap_ax_ : matplotlib Axes or None
        With the matrix of overlaps, if drawn.
    figure_ : matplotlib Figure
        Containing them.
    maps_ : list of matplotlib AxesImage
        The heat maps, in the order of `axes_`.

    See Also
    --------
    patch_importance : Computes the importances.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skmtl.datasets import load_two_digits
    >>> from skmtl.inspection import PatchImportanceDisplay
    >>> X, y = load_two_digits(200, return_X_y=True, as_frame=True)
    >>> X = X.reshape(200, -1)
    >>> forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    >>> display = PatchImportanceDisplay.from_estimator(
    ...     forest, X, y, image_shape=(8, 16), n_repeats=1, random_state=0)
    >>> [ax.get_title() for ax in display.axes_]
    ['left', 'right']
    """

    def __init__(self, importance, image=None):
        self.importance = importance
        self.image = image

    @classmethod
    def from_estimator(cls, estimator, X, y, *, axes=None, overlap=False, **params):
        """Measure the importance of the patches and draw it over the mean image.

        Parameters
        ----------
        estimator : classifier
            Fitted.
        X : array-like, or mapping task -> array-like
            Images.
        y : array-like of shape (n_samples,) or (n_samples, n_tasks)
            True labels.
        axes : array-like of Axes, default=None
            Where to draw; None for a new figure.
        overlap : bool, default=False
            Whether to draw the matrix of overlaps too.
        **params : dict
            Further parameters of :func:`patch_importance`.

        Returns
        -------
        PatchImportanceDisplay
        """
        check_axes(axes, cls.__name__, "axes")
        importance = patch_importance(estimator, X, y, **params)
        how = {name: params.get(name, default) for name, default in LAYOUT.items()}
        return cls.from_importance(importance, _mean_images(X, estimator, how), axes=axes, overlap=overlap)

    @classmethod
    def from_importance(cls, importance, image=None, *, axes=None, overlap=False):
        """Draw importances that are there already.

        Parameters
        ----------
        importance : PatchImportance
            From :func:`patch_importance`.
        image : array-like of shape (height, width), mapping task -> array-like, or None, default=None
            A grey image under the heat maps.
        axes : array-like of Axes, default=None
            Where to draw; None for a new figure.
        overlap : bool, default=False
            Whether to draw the matrix of overlaps too.

        Returns
        -------
        PatchImportanceDisplay
        """
        return cls(importance, dict(image) if isinstance(image, Mapping) else image).plot(axes=axes, overlap=overlap)

    def plot(self, *, axes=None, tasks=None, overlap=False):
        """Draw the heat maps.

        Parameters
        ----------
        axes : array-like of Axes, default=None
            One for every task, and one more for the overlaps; None for a new figure.
        tasks : task or sequence of tasks, default=None
            Names or indices of the tasks to draw; None for all.
        overlap : bool, default=False
            Whether to draw the matrix of overlaps too, where two tasks read the same.

        Returns
        -------
        PatchImportanceDisplay
        """
        found = self.importance
        names = [found.task_names[t] for t in chosen_tasks(tasks, found.task_names)]
        width, height = panel_size(found.image_size, 2.8)
        panels = panel_axes(axes, len(names) + bool(overlap), type(self).__name__, (width, max(height, 2.2)))
        self.axes_, self.overlap_ax_ = panels[: len(names)], panels[-1] if overlap else None
        self.figure_ = panels[0].figure
        limit = largest(np.concatenate([found.importances[name].ravel() for name in names]))
        self.maps_ = []
        for ax, name in zip(self.axes_, names, strict=True):
            image = grey_for(self.image, name, found.image_size, "image")
            drawn, part = draw_map(ax, found.pixels(name), image, limit)
            self.maps_.append(drawn)
            ax.set_title(f"{shortened(name)}{part}", fontsize=10)
        label = f"loss of {found.metric}"
        self.figure_.colorbar(self.maps_[-1], ax=list(self.axes_), label=label, shrink=0.8)
        if overlap:
            _draw_overlap(self.overlap_ax_, found.overlap, names)
        return self


def _mean_images(X, estimator, how):
    """Return the mean image of all tasks, or of each that has images of its own, without channels."""
    rows = image_rows(X)
    layout = find_layout(rows[0].shape[1:], estimator, **how)
    means = [np.zeros(layout.image_shape[1:]) for _ in rows]
    for mean, part in zip(means, rows, strict=True):
        for images in part.parts():
            mean += layout.images(to_numpy(images, part.dtype)).astype(np.float64).mean(axis=1).sum(axis=0) / len(part)
    found = distinct_images(X)
    return means[0] if found is None else {task: means[i] for task, i in zip(found[0], found[2], strict=True)}


def _draw_overlap(ax, overlap, names):
    matrix = overlap.loc[names, names].to_numpy()
    drawn = ax.imshow(np.ma.masked_invalid(matrix), cmap="cividis", vmin=0, vmax=1)
    label_ticks(ax, names, most=10, length=12, level=14)
    ax.set_title("overlap (cosine)", fontsize=10)
    for (i, j), value in np.ndenumerate(matrix):
        if len(names) <= MOST_VALUES and np.isfinite(value):
            colour = "black" if value > 0.5 else "white"
            ax.text(j, i, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=9)
    drawn.set_cmap(drawn.get_cmap().with_extremes(bad="0.88"))
