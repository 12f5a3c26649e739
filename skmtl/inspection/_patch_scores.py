"""The scores of every task, patch by patch exchanged between the images."""

from copy import copy

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from ..metrics._responses import Responses
from ..metrics._scorer_base import NAN

__all__ = ["PatchScores"]


class PatchScores:
    """What is asked of an estimator, again and again of other images with the same labels.

    Parameters
    ----------
    scores : TaskScores
        Of the images as they are.
    metrics : list of Metric
        Of all tasks.
    counted : dict int -> bool
        The tasks to score, and whether they have labels.
    """

    def __init__(self, scores, metrics, counted):
        self._estimator = scores.responses.estimator
        self._labels = copy(scores)
        # Workers have images of their own.
        self._labels.responses = None
        self._metrics = metrics
        self._counted = counted

    def values(self, scores):
        """Return the scores of the tasks, NaN for those without labels, from the `TaskScores` of some images."""
        return np.array([scores.score(t, self._metrics[t]) if some else NAN for t, some in self._counted.items()])

    def shuffled(self, images, grid, n_repeats, seeds, n_jobs):
        """Return the scores of exchanged patches, shape (n_patches, n_repeats, n_tasks).

        Parameters
        ----------
        images : ImageSets
            Changed meanwhile, unless several workers have copies of their own; afterwards as before.
        grid : PatchGrid
            The patches.
        n_repeats : int
            Exchanges of every patch.
        seeds : ndarray of int
            One for every patch, so that it does not matter who computes it.
        n_jobs : int or None
            Workers.
        """
        n_workers = effective_n_jobs(n_jobs)
        parts = np.array_split(np.arange(len(grid)), min(n_workers, len(grid)))
        call = delayed(self._of_patches)
        # Threads would write to one another's images; processes get large ones as read-only maps.
        scores = Parallel(n_jobs=n_jobs)(call(images, grid, n_repeats, seeds, p, n_workers > 1) for p in parts)
        return np.concatenate(scores)

    def _of_patches(self, images, grid, n_repeats, seeds, patches, shared):
        images = images.copied() if shared else images
        scores = np.empty((len(patches), n_repeats, len(self._counted)))
        for i, patch in enumerate(patches):
            rng = np.random.RandomState(seeds[patch])
            views = grid.views(images.arrays, patch)
            kept = [view.copy() for view in views]
            for repeat in range(n_repeats):
                order = rng.permutation(len(views[0]))
                images.exchange(views, kept, order)
                scores[i, repeat] = self.values(self._of(images.X))
            for view, pixels in zip(views, kept, strict=True):
                view[...] = pixels
        return scores

    def _of(self, X):
        """Return the `TaskScores` of other images."""
        scores = copy(self._labels)
        scores.responses = Responses(self._estimator, X, scores.names, len(scores.columns[0].labelled))
        return scores
