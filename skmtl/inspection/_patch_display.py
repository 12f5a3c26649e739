"""Pictures of which patches the score of every task needs."""

from collections.abc import Mapping

import numpy as np

from .._rows import distinct_images, pick_rows, to_numpy
from ._figure import check_axes, panel_axes
from ._image_sets import blank_of, image_rows
from ._overlay import draw_map, largest, panel_size, picture_for
from ._patch_images import images_inside
from ._patch_importance import patch_importance
from ._patches import find_layout
from ._task_panels import chosen_tasks, draw_note
from ._text import lines, shortened, shortened_all
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
        An image under the heat maps, the mean image for instance; signals and volumes have their own axes. Channels
        may come first or last: their mean is drawn in grey, of signals a line for each.

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
            Images, or what a pipeline makes images of, as :func:`patch_importance` takes them.
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
        estimator, X = images_inside(estimator, X)  # files are read once
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
            An image under the heat maps, with or without channels.
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
        mixed = isinstance(found.metric, dict)
        metric = found.metric if mixed else dict.fromkeys(names, found.metric)
        # Losses of one score are compared by their colours; those of another have a scale of their own.
        limits = {
            score: largest(np.concatenate([found.importances[name].ravel() for name in names if metric[name] == score]))
            for score in {metric[name] for name in names}
        }
        self.maps_ = []
        for ax, name, title in zip(self.axes_, names, shortened_all(names, 24), strict=True):
            image = picture_for(self.image, name, found.image_size, "image")
            drawn, part = draw_map(ax, found.pixels(name), image, limits[metric[name]])
            self.maps_.append(drawn)
            if np.isnan(found.importances[name]).all():
                draw_note(ax, title, "no labels in y")
            part = f"({shortened(metric[name], 24)}) {part}".rstrip() if mixed else part
            ax.set_title(lines(title, part, 28), fontsize=9)
            if mixed:
                self.figure_.colorbar(drawn, ax=ax, label="loss of score", shrink=0.8)
        if not mixed:
            # As wide beside many rows of panels as beside one.
            bar = {"label": f"loss of {found.metric}", "shrink": 0.8, "aspect": 20 * (len(names) // 4 + 1)}
            self.figure_.colorbar(self.maps_[-1], ax=list(self.axes_), **bar)
        if overlap:
            _draw_overlap(self.overlap_ax_, found.overlap, names)
        return self


def _mean_images(X, estimator, how):
    """Return the mean image of all tasks, or of each that has images of its own, (channels, ...)."""
    rows, blank = image_rows(X), blank_of(X)
    layout = find_layout(rows[0].shape[1:], estimator, **how)
    seen = [
        part if mask is None else pick_rows(part, np.flatnonzero(~mask)) for part, mask in zip(rows, blank, strict=True)
    ]
    means = [_mean(part, layout) for part in seen]
    found = distinct_images(X)
    return means[0] if found is None else {task: means[i] for task, i in zip(found[0], found[2], strict=True)}


def _mean(rows, layout):
    total, n_images = np.zeros(layout.image_shape), 0
    for part in rows.parts():
        total += layout.images(to_numpy(part, rows.dtype)).sum(axis=0, dtype=np.float64)
        n_images += len(part)
    return total / max(n_images, 1)


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
