"""The images of a call: one set for all tasks, or one of its own for each."""

from dataclasses import dataclass, replace

import numpy as np

from .._rows import distinct_images, split_blank, stack_rows
from .._targets import MISSING
from .._validation import values_per_task

__all__ = ["Images", "read_images"]


@dataclass(frozen=True)
class Images:
    """What the user passed as X, read from where it lies.

    Attributes
    ----------
    sets : list of Rows
        The different sets of images.
    blank : list of (ndarray of bool or None)
        For every set, the rows that hold no image.
    set_of : dict task -> int, or None
        The set of every task; None for one set of all tasks.
    """

    sets: list
    blank: list
    set_of: dict | None

    def __len__(self):
        return len(self.sets[0])

    def sources(self, task_names):
        """Return the index of every task's set; ValueError if a task has none or a set no task."""
        if self.set_of is None:
            return [0] * len(task_names)
        return values_per_task("X", self.set_of, task_names, complete=True)

    def arranged(self, layout, task_names, trained_on=None):
        """Return (rows, layout, input_of): rows with an image per input, and which is whose.

        Parameters
        ----------
        layout : ImageLayout
            Of one image.
        task_names : list
            The tasks.
        trained_on : tuple of int, default=None
            For every task, the set it was trained on: tasks trained on different sets may share no input.

        Returns
        -------
        rows : Rows
        layout : ImageLayout
            Of `rows`.
        input_of : tuple of int or None
            None where all tasks read the same images.
        """
        sources = self.sources(task_names)
        keys = list(zip(sources, trained_on or sources, strict=True))
        inputs = list(dict.fromkeys(keys))
        if len(inputs) == 1:
            return self.sets[sources[0]], layout, None
        input_of = tuple(inputs.index(key) for key in keys)
        names = [task_names[input_of.index(i)] for i in range(len(inputs))]
        rows = stack_rows([self.sets[source] for source, _ in inputs], names)
        return rows, replace(layout, n_inputs=len(inputs)), input_of

    def without_blank(self, codes, task_names):
        """Return target codes in which images that are none have no labels."""
        if not any(mask is not None for mask in self.blank):
            return codes
        if all(mask is not None and mask.all() for mask in self.blank):
            raise ValueError("X has no image: all of its rows are masked. Pass at least one image per class.")
        codes = codes.copy()
        for t, source in enumerate(self.sources(task_names)):
            if self.blank[source] is not None:
                codes[self.blank[source], t] = MISSING
        return codes


def read_images(X, check):
    """Return the Images in `X`.

    Parameters
    ----------
    X : array-like, or mapping task -> array-like
        Whatever the user passed.
    check : callable
        Turns one set of images into Rows, or raises what is wrong with it.
    """
    found = distinct_images(X)
    if found is None:
        values, blank = split_blank(X)
        return Images([check(values)], [blank], None)
    tasks, values, set_of = found
    sets, blanks = [], []
    for i, images in enumerate(values):
        task = tasks[set_of.index(i)]
        images, blank = split_blank(images)
        # Names of columns are each set's own, and scikit-learn keeps those of one.
        images = np.asarray(images) if hasattr(images, "columns") else images
        try:
            sets.append(check(images))
        except (TypeError, ValueError) as error:
            raise type(error)(f"X[{task!r}]: {error}") from error
        blanks.append(blank)
    # Before anything is made of the first set only.
    stack_rows(sets, [tasks[set_of.index(i)] for i in range(len(sets))])
    return Images(sets, blanks, dict(zip(tasks, set_of, strict=True)))
