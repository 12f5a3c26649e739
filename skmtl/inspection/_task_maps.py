"""The maps of all tasks, a few images at a time."""

import numpy as np
import torch

from ..training._data import as_tensor

__all__ = ["NetworkImages", "task_maps"]


class NetworkImages:
    """The images of every task, as its network reads them.

    Parameters
    ----------
    classifier : MultiTaskCNNClassifier
        Fitted.
    X : array-like, or mapping task -> array-like
        Its input.
    """

    def __init__(self, classifier, X):
        self.rows, self.layout, self.input_of = classifier._arranged(X)
        self.size = classifier.image_shape_[1:]
        self.device = torch.device(classifier.net_.device)
        # Sums of gradients in half precision would be noise, and NumPy has no bfloat16.
        self.dtype = torch.promote_types(classifier.net_.module_.inputs.scale.dtype, torch.float32)

    def read(self, start, stop):
        """Return a function from a task to its images, shape (stop - start, channels, ...)."""
        part = as_tensor(self.layout.images(self.rows.read(start, stop)))

        def of_task(task):
            own = part if self.input_of is None else part[:, self.input_of[task]]
            return own.to(self.device, self.dtype).detach()

        return of_task


def task_maps(explain, images, codes, n_rows):
    """Return dicts task -> maps, and task -> what their sums lack, the latter empty where that means nothing.

    Parameters
    ----------
    explain : dict int -> callable
        What explains each task: (images, codes) -> (maps, deltas or None).
    images : NetworkImages
        The images.
    codes : ndarray of shape (n_samples, n_tasks)
        The classes to explain.
    n_rows : int
        Images read at once.
    """
    n_samples = len(images.rows)
    maps = {t: np.empty((n_samples, *images.size), torch.empty(0, dtype=images.dtype).numpy().dtype) for t in explain}
    deltas = {}
    for start in range(0, n_samples, n_rows):
        stop = min(start + n_rows, n_samples)
        of_task = images.read(start, stop)
        for t, method in explain.items():
            own = torch.from_numpy(codes[start:stop, t].astype(np.int64)).to(images.device)
            found, delta = method(of_task(t), own)
            maps[t][start:stop] = found.cpu().numpy()
            if delta is not None:
                deltas.setdefault(t, np.empty(n_samples, maps[t].dtype))[start:stop] = delta.cpu().numpy()
    return maps, deltas
