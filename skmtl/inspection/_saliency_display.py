"""Pictures of what every task reads of single images."""

from collections.abc import Mapping

import numpy as np

from ..training._data import as_tensor
from ._figure import check_axes, panel_axes
from ._fitted_network import fitted_network
from ._overlay import draw_map, largest, panel_size, picture_for
from ._saliency import task_saliency
from ._task_panels import chosen_tasks
from ._text import lines, shortened, shortened_all

__all__ = ["TaskSaliencyDisplay"]

KINDS = {1: "signal", 2: "image", 3: "volume"}
MOST_IMAGES = 4
MOST_TASKS = 8  # that are as readable side by side


class TaskSaliencyDisplay:
    """Images in rows, tasks in columns (of more than 8 tasks the reverse): the map of each over the image.

    Build it with :meth:`from_saliency` or :meth:`from_estimator`. Blue pixels speak for the class in the title, red
    ones against it. Every map has its own scale: its colours do not compare with another's.

    Parameters
    ----------
    saliency : TaskSaliency
        From :func:`task_saliency`.
    images : ndarray of shape (n_samples, height, width), mapping task -> ndarray, or None, default=None
        The images under the maps; signals and volumes have their own axes. Channels may come first or last: their
        mean is drawn in grey, of signals a line for each. None: maps alone.

    Attributes
    ----------
    axes_ : ndarray of Axes of shape (n_images * n_tasks,)
        One per image and task, image by image.
    figure_ : matplotlib Figure
        Containing them.
    maps_ : list of matplotlib AxesImage
        The maps, in the order of `axes_`.

    See Also
    --------
    task_saliency : Computes the maps.

    Examples
    --------
    >>> from skmtl import MultiTaskCNNClassifier
    >>> from skmtl.datasets import load_two_digits
    >>> from skmtl.inspection import TaskSaliencyDisplay
    >>> X, y = load_two_digits(100, return_X_y=True, as_frame=True)
    >>> clf = MultiTaskCNNClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> display = TaskSaliencyDisplay.from_estimator(clf, X[:2], target=y[:2])
    >>> [ax.get_title() for ax in display.axes_] == [f"{t}: {y[t][i]}" for i in range(2) for t in y]
    True
    """

    def __init__(self, saliency, images=None):
        self.saliency = saliency
        self.images = images

    @classmethod
    def from_estimator(cls, estimator, X, *, axes=None, samples=None, **params):
        """Explain images and draw the maps.

        Parameters
        ----------
        estimator : MultiTaskCNNClassifier, or a search or pipeline around one
            Fitted.
        X : array-like, or mapping task -> array-like
            The images to explain, a few.
        axes : array-like of Axes, default=None
            Where to draw; None for a new figure.
        samples : sequence of int, default=None
            Rows of X to draw; None for the first 4.
        **params : dict
            Further parameters of :func:`task_saliency`.

        Returns
        -------
        TaskSaliencyDisplay
        """
        check_axes(axes, cls.__name__, "axes")
        classifier, X = fitted_network(estimator, X, cls.__name__)  # the steps before it read X once
        saliency = task_saliency(classifier, X, **params)
        return cls.from_saliency(saliency, _pictures(classifier, X), axes=axes, samples=samples)

    @classmethod
    def from_saliency(cls, saliency, images=None, *, axes=None, samples=None):
        """Draw maps that are there already.

        Parameters
        ----------
        saliency : TaskSaliency
            From :func:`task_saliency`.
        images : array-like of shape (n_samples, height, width), mapping task -> array-like, or None, default=None
            The images under the maps, with or without channels.
        axes : array-like of Axes, default=None
            Where to draw; None for a new figure.
        samples : sequence of int, default=None
            Images to draw; None for the first 4.

        Returns
        -------
        TaskSaliencyDisplay
        """
        return cls(saliency, dict(images) if isinstance(images, Mapping) else images).plot(axes=axes, samples=samples)

    def plot(self, *, axes=None, tasks=None, samples=None):
        """Draw the maps.

        Parameters
        ----------
        axes : array-like of Axes, default=None
            One for every image and task, image by image; None for a new figure.
        tasks : task or sequence of tasks, default=None
            Names or indices of the tasks to draw; None for all.
        samples : sequence of int, default=None
            Images to draw; None for the first 4.

        Returns
        -------
        TaskSaliencyDisplay
        """
        saliency = self.saliency
        names = [saliency.task_names[t] for t in chosen_tasks(tasks, saliency.task_names)]
        rows = _rows(samples, saliency.n_samples)
        maps = {name: saliency.maps[name] for name in names}
        images = {name: picture_for(self.images, name, maps[name].shape, "images", 1) for name in names}
        size = panel_size(maps[names[0]].shape[1:])
        self.axes_ = self._panels(axes, len(rows), len(names), size)
        self.figure_ = self.axes_[0].figure
        titles = dict(zip(names, shortened_all(names, 22), strict=True))
        self.maps_ = []
        for ax, (i, name) in zip(self.axes_, [(i, name) for i in rows for name in names], strict=True):
            values, image = maps[name][i], None if images[name] is None else images[name][i]
            drawn, part = draw_map(ax, values, image, largest(values))
            self.maps_.append(drawn)
            target = f"{shortened(saliency.targets[name][i], 14)} {part}".rstrip()
            ax.set_title(lines(f"{titles[name]}:", target, 26), fontsize=9)
            if name == names[0]:
                ax.set_ylabel(f"{KINDS[values.ndim]} {i}")
        return self

    def _panels(self, axes, n_images, n_tasks, size):
        """Return axes image by image."""
        of_images = n_tasks <= MOST_TASKS  # the rows of a new figure
        n_columns = n_tasks if of_images else n_images
        panels = panel_axes(axes, n_images * n_tasks, type(self).__name__, size, n_columns=n_columns)
        return panels if of_images or axes is not None else panels.reshape(n_tasks, n_images).T.ravel()


def _rows(samples, n_samples):
    rows = np.arange(min(MOST_IMAGES, n_samples)) if samples is None else np.atleast_1d(np.asarray(samples))
    whole = rows.dtype.kind in "iu" and rows.ndim == 1 and len(rows)
    if not whole or rows.min() < -n_samples or rows.max() >= n_samples:
        raise ValueError(f"samples must be indices of the {n_samples} images. Got {samples!r} instead.")
    return (rows % n_samples).tolist()


def _pictures(classifier, X):
    """Return the images of every task, of shape (n_samples, channels, ...)."""
    rows, layout, input_of = classifier._arranged(X)
    images = as_tensor(layout.images(rows.read(0, len(rows)))).double().cpu().numpy()
    names = classifier.task_names_
    if input_of is None:
        return dict.fromkeys(names, images)
    return {name: images[:, i] for name, i in zip(names, input_of, strict=True)}
