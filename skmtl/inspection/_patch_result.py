"""What `patch_importance` found."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .._validation import resolve_task

__all__ = ["PatchImportance"]


@dataclass(frozen=True, eq=False, repr=False)
class PatchImportance:
    """What the score of every task loses where a patch is exchanged between the images.

    Returned by :func:`patch_importance`.

    Parameters
    ----------
    importances : dict task -> ndarray of shape (n_patches_down, n_patches_across)
        Mean loss of score over the repeats, in the unit of the score; near 0, or below it by chance, where the task
        does not read the patch. Signals and volumes have their own spatial axes; NaN for a task without labels.
    importances_std : dict task -> ndarray
        Standard deviation over the repeats.
    baseline : dict task -> float
        Score of the images as they are.
    overlap : DataFrame of shape (n_tasks, n_tasks)
        Where two tasks read the same: cosine similarity of their importances, those below 0 taken as 0. 0: no patch
        in common, 1: the same patches in the same proportions; NaN with a task that loses nothing anywhere.
    patch : tuple of int
        Size of a patch in pixels along the spatial axes.
    image_size : tuple of int
        Size of the images, without channels.
    metric : str or dict task -> str
        Name of the score; a dict where tasks have different ones.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmtl.inspection import PatchImportance
    >>> drops = {"left": np.array([[0.5, 0.0, 0.0]])}
    >>> found = PatchImportance(drops, drops, {"left": 0.9}, pd.DataFrame([[1.0]]), (4, 2), (4, 5), "accuracy")
    >>> found.pixels("left")[0]
    array([0.5, 0.5, 0. , 0. , 0. ])
    """

    importances: dict
    importances_std: dict
    baseline: dict
    overlap: pd.DataFrame
    patch: tuple
    image_size: tuple
    metric: str | dict

    @property
    def task_names(self):
        """The tasks."""
        return list(self.importances)

    def pixels(self, task):
        """Return the importance of the patch that every pixel is in, an array of the size of an image.

        Parameters
        ----------
        task : task name or index
            One of `task_names`.
        """
        values = self.importances[self.task_names[resolve_task(task, self.task_names)]]
        for axis, (size, length) in enumerate(zip(self.patch, self.image_size, strict=True)):
            values = np.repeat(values, size, axis=axis).take(range(length), axis=axis)
        return values

    def __repr__(self):
        grid = " x ".join(map(str, next(iter(self.importances.values())).shape))
        return f"PatchImportance(metric={self.metric!r}, tasks={self.task_names!r}, {grid} patches of {self.patch})"
