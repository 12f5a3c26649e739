"""The most confident mistakes of a task, as pictures."""

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval, validate_params

from .._targets import read_targets
from .._validation import resolve_task
from ..metrics._probabilities import TaskProbabilities
from ._draw_images import draw_images
from ._estimator_cells import EstimatorCells
from ._figure import panel_axes
from ._images import blank_rows, images_of_model, images_of_rows
from ._mistakes import find_mistakes, with_index
from ._task_panels import draw_note, warn_no_labels
from ._text import lines, shortened, shortened_all

__all__ = ["TaskMistakesDisplay"]

ONE_OR_MORE = {"n_images": [Interval(Integral, 1, None, closed="left")]}
LONGEST = 22  # characters of a title that fit over a picture


class TaskMistakesDisplay:
    r"""Gallery of the mistakes of one task that the model is surest of.

    Above every picture stand its row, the true label, the predicted one and the probability of the latter. The row is
    that of the input, counted from 0, or what the index of a pandas `y` or `X` calls it. Build it with
    :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    images : ndarray of shape (n_shown, channels, ...) or None
        Images, the most confident mistake first: (n_shown, channels, length) for signals, (n_shown, channels,
        depth, height, width) for volumes. None without a mistake.
    mistakes : Mistakes
        ``rows`` of the input, ``y_true``, ``y_pred`` and ``probability`` of the predicted label, each of shape
        (n_shown,); ``n_mistakes`` in all, among ``n_labelled`` rows; ``index``, the rows' names, or None.
    task_name : object
        The task.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, of shape (n_panels,)
        One per picture; without a mistake one that says so.
    figure_ : matplotlib Figure
        Containing them.

    Notes
    -----
    Grey images share one scale of grey, from the least to the largest value in the gallery. Signals, and images of
    one line, are drawn as a line per channel, of volumes the middle slice. Three channels are red, green and blue,
    four have alpha too; of other numbers the first one is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.inspection import TaskMistakesDisplay
    >>> X, y_true = np.zeros((3, 8, 8)), ["cat", "dog", "dog"]
    >>> y_prob = [[0.9, 0.1], [0.8, 0.2], [0.97, 0.03]]
    >>> display = TaskMistakesDisplay.from_predictions(X, y_true, y_prob, classes=["cat", "dog"])
    >>> [ax.get_title() for ax in display.axes_], display.mistakes.rows.tolist()
    (['row 2\ndog → cat (97 %)', 'row 1\ndog → cat (80 %)'], [2, 1])
    """

    def __init__(self, images, mistakes, task_name):
        self.images = images
        self.mistakes = mistakes
        self.task_name = task_name

    @classmethod
    @validate_params(ONE_OR_MORE, prefer_skip_nested_validation=True)
    def from_estimator(cls, estimator, X, y, *, task=None, n_images=12, missing_label=None, axes=None):
        """Draw the most confident mistakes of a fitted estimator.

        Parameters
        ----------
        estimator : fitted classifier with predict_proba
            Or a pipeline or search around one. Of a pipeline, what its last step gets is drawn: the images that
            :class:`skmtl.preprocessing.ImageReader` reads, for instance.
        X : array-like, or mapping task -> array-like
            Its input. Of the drawn images only the chosen rows are read; of a mapping, the task's own images.
        y : array-like of shape (n_samples,) or (n_samples, n_tasks)
            True labels; rows without one do not count.
        task : task name or index, default=None
            The task; None is for a single one.
        n_images : int, default=12
            Number of pictures, at most.
        missing_label : scalar, default=None
            One more marker for "no label"; None for the estimator's own.
        axes : array-like of matplotlib Axes, default=None
            At least as many as there are pictures, the last ones of which stay empty; None for a new figure.

        Returns
        -------
        TaskMistakesDisplay

        Raises
        ------
        AttributeError
            If the estimator has no predict_proba.
        ValueError
            If there are several tasks and none is named, or no such task.

        Warns
        -----
        UnlabelledTaskWarning
            If the task has no labelled row.
        """
        source = EstimatorCells(estimator, X, y, None, missing_label, ("predict_proba",), cls.__name__)
        names, t = source.names, _one_task(task, source.names)
        labels = source.label_cells(t)
        mistakes = find_mistakes(source.cells(t), np.flatnonzero(labels.labelled), labels.y_pred, n_images)
        images = images_of_model(estimator, X, mistakes.rows, t, names) if len(mistakes.rows) else None
        return cls._build(images, with_index(mistakes, y, X), names[t], axes)

    @classmethod
    @validate_params(ONE_OR_MORE, prefer_skip_nested_validation=True)
    def from_predictions(
        cls,
        X,
        y_true,
        y_prob,
        *,
        task=None,
        classes=None,
        n_images=12,
        missing_label=None,
        image_shape=None,
        channel_axis="auto",
        spatial_dims=2,
        axes=None,
    ):
        """Draw the most confident mistakes among probabilities, the most probable class being the prediction.

        Parameters
        ----------
        X : array-like, or mapping task -> array-like
            The images, in any layout that :class:`skmtl.MultiTaskCNNClassifier` takes. Only the drawn rows are read.
        y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
            True labels; rows without one do not count.
        y_prob : array-like of shape (n_samples, n_classes), or list or mapping of such
            Probabilities of the task, or of every task of `y_true`.
        task : task name or index, default=None
            The task; None is for a single one.
        classes : array-like of shape (n_classes,), or list or mapping of such, default=None
            The label of every column of `y_prob`; None for the sorted labels in `y_true`.
        n_images : int, default=12
            Number of pictures, at most.
        missing_label : scalar, default=None
            One more marker for "no label".
        image_shape : tuple of int, default=None
            How rows of a 2-D `X` fold, as in :class:`skmtl.MultiTaskCNNClassifier`.
        channel_axis : "auto", int or None, default="auto"
            Channel axis of `X`, likewise.
        spatial_dims : {1, 2, 3}, default=2
            Axes of one channel, likewise.
        axes : array-like of matplotlib Axes, default=None
            At least as many as there are pictures, the last ones of which stay empty; None for a new figure.

        Returns
        -------
        TaskMistakesDisplay
        """
        targets = read_targets(y_true, missing_label)
        t = _one_task(task, targets.names)
        cells = TaskProbabilities(y_true, y_prob, classes, None, missing_label).cells(t)
        rows = np.flatnonzero(targets.columns[t].labelled)
        mistakes = find_mistakes(cells, rows, None, n_images, blank_rows(X, t, targets.names))
        layout = {"image_shape": image_shape, "channel_axis": channel_axis, "spatial_dims": spatial_dims}
        images = images_of_rows(X, mistakes.rows, t, targets.names, **layout) if len(mistakes.rows) else None
        return cls._build(images, with_index(mistakes, y_true, X), targets.names[t], axes)

    @classmethod
    def _build(cls, images, mistakes, task_name, axes):
        if not mistakes.n_labelled:
            warn_no_labels(task_name, stacklevel=5)  # validate_params is one more frame
        return cls(images, mistakes, task_name).plot(axes=axes)

    def plot(self, *, axes=None):
        """Draw the pictures.

        Parameters
        ----------
        axes : array-like of matplotlib Axes, default=None
            At least as many as there are pictures, the last ones of which stay empty; None for a new figure,
            which gets a title.

        Returns
        -------
        TaskMistakesDisplay
        """
        n_shown = len(self.mistakes.rows)
        given = None if axes is None else np.asarray(axes, dtype=object).ravel()
        spare = [] if given is None else given[max(n_shown, 1) :]
        used = None if given is None else given[: max(n_shown, 1)]
        self.axes_ = panel_axes(used, max(n_shown, 1), type(self).__name__, size=self._panel_size())
        self.figure_ = self.axes_[0].figure
        for ax in spare:
            ax.set_axis_off()
        if not n_shown:
            draw_note(self.axes_[0], shortened(self.task_name), self._summary())
            return self
        draw_images(self.axes_, self.images)
        for ax, title in zip(self.axes_, self._titles(), strict=True):
            ax.set_title(title, fontsize=9)
        if axes is None:
            room = int(self.figure_.get_figwidth() / 0.09)
            name = shortened(self.task_name, min(40, room - 1))
            self.figure_.suptitle(lines(f"{name}:", self._summary(), room), fontsize=11)
        return self

    def _panel_size(self):
        if self.images is None:
            return 3.2, 3.0
        height, width = self.images.shape[-2:]
        # Wide images leave no gaps between the rows of pictures; lines have no shape of their own.
        tall = 0.6 if self.images.ndim == 3 or height == 1 else min(max(height / width, 0.3), 1.6)
        return max(2.1, 3.4 / len(self.images)), 0.65 + 1.8 * tall  # room for the title over a single one

    def _summary(self):
        found = self.mistakes
        if not found.n_labelled:
            return "no labelled rows"
        number = {0: "no mistakes", 1: "1 mistake"}.get(found.n_mistakes, f"{found.n_mistakes} mistakes")
        return f"{number} in {found.n_labelled} labelled rows"

    def _titles(self):
        found = self.mistakes
        kind, names = ("row", found.rows) if found.index is None else ("index", found.index)
        mistakes = zip(
            shortened_all(names, LONGEST - len(kind) - 1), found.y_true, found.y_pred, found.probability, strict=True
        )
        for row, true, predicted, probability in mistakes:
            true, predicted, share = shortened(true, 18), shortened(predicted, 18), f"({100 * probability:.0f} %)"
            yield f"{kind} {row}\n{lines(f'{true} →', f'{predicted} {share}', LONGEST)}"


def _one_task(task, names):
    if task is not None:
        return resolve_task(task, names)
    if len(names) > 1:
        raise ValueError(f"task must name one of the {len(names)} tasks {names!r}. Got None instead.")
    return 0
