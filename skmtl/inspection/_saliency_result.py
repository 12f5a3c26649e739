"""What `task_saliency` found."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["TaskSaliency"]


@dataclass(frozen=True, eq=False, repr=False)
class TaskSaliency:
    """Which pixels every task reads, image by image.

    Returned by :func:`task_saliency`.

    Parameters
    ----------
    maps : dict task -> ndarray of shape (n_samples, height, width)
        Signed attributions, summed over channels: pixels above 0 speak for the class in `targets`, those below
        against it. In the unit of the explained output, log-odds (nats), for integrated gradients; without a
        unit for Grad-CAM. Signals and volumes have their own spatial axes.
    method : str
        "integrated_gradients" or "grad_cam".
    task_names : list
        The explained tasks.
    targets : dict task -> ndarray of shape (n_samples,)
        The explained class of every image.
    overlap : DataFrame of shape (n_tasks, n_tasks)
        Where two tasks read the same: cosine similarity of their absolute maps, from 0 (no pixel in common) to 1,
        averaged over the images. Two unrelated maps that are nowhere 0 do not have 0: of normally distributed
        values it would be 0.64.
    convergence_delta : dict task -> ndarray of shape (n_samples,), or None
        Integrated gradients only: sum of the map minus (output of the image - output of the baseline), which is 0
        but for the finite number of steps. Where it is not small beside the latter, take more.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmtl.inspection import TaskSaliency
    >>> maps = {"left": np.array([[[1.0, 0.0]]]), "right": np.array([[[0.0, -2.0]]])}
    >>> overlap = pd.DataFrame(np.eye(2), list(maps), list(maps))
    >>> TaskSaliency(maps, "grad_cam", list(maps), {"left": np.array([3]), "right": np.array([5])}, overlap)
    TaskSaliency(method='grad_cam', tasks=['left', 'right'], 1 image)
    """

    maps: dict
    method: str
    task_names: list
    targets: dict
    overlap: pd.DataFrame
    convergence_delta: dict | None = None

    @property
    def n_samples(self):
        """Number of images."""
        return len(next(iter(self.maps.values())))

    def share(self, region):
        """Return how much of every task's absolute attribution lies in a region.

        Parameters
        ----------
        region : ndarray of bool, of shape (height, width) or (n_samples, height, width)
            True inside; one for all images, or each its own.

        Returns
        -------
        Series
            Per task, the mean over the images of a number from 0 to 1. An image whose map is 0 everywhere does
            not count.
        """
        shares, region = {}, np.asarray(region, dtype=bool)
        for task, values in self.maps.items():
            if region.shape not in (values.shape, values.shape[1:]):
                raise ValueError(
                    f"region must have the shape {values.shape[1:]} of an image, or {values.shape} for every image its "
                    f"own. Got {region.shape} instead."
                )
            size = np.abs(values).reshape(len(values), -1)
            inside = np.broadcast_to(region, values.shape).reshape(size.shape)
            total = size.sum(axis=1)
            seen = total > 0
            shares[task] = float(((size * inside).sum(axis=1)[seen] / total[seen]).mean()) if seen.any() else np.nan
        return pd.Series(list(shares.values()), index=pd.Index(list(shares), tupleize_cols=False), dtype=float)

    def __repr__(self):
        images = "1 image" if self.n_samples == 1 else f"{self.n_samples} images"
        return f"TaskSaliency(method={self.method!r}, tasks={list(self.task_names)!r}, {images})"
