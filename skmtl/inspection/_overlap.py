"""Where two tasks read the same."""

import numpy as np
import pandas as pd

__all__ = ["overlap_of"]


def overlap_of(maps):
    """Return the mean cosine similarity of the tasks' absolute maps.

    Parameters
    ----------
    maps : dict task -> ndarray of shape (n, ...)
        n maps of every task, all of one shape.

    Returns
    -------
    DataFrame of shape (n_tasks, n_tasks)
        1 on the diagonal. A pair's mean is over the images in which both maps are somewhere other than 0; NaN
        where there is no such image.

    Examples
    --------
    >>> overlap_of({"left": np.array([[3.0, 0.0]]), "both": np.array([[-1.0, 1.0]])}).round(2)
          left  both
    left  1.00  0.71
    both  0.71  1.00
    """
    tasks, flat = list(maps), [np.reshape(m, (len(m), -1)) for m in maps.values()]
    norms = [np.sqrt(np.sum(np.square(m, dtype=np.float64), axis=1)) for m in flat]
    cosines = np.eye(len(tasks))
    for i, j in zip(*np.triu_indices(len(tasks), 1), strict=True):
        both = (norms[i] > 0) & (norms[j] > 0)
        products = np.abs(flat[i] * flat[j]).sum(axis=1, dtype=np.float64)[both] / (norms[i] * norms[j])[both]
        # Rounding may leave two equal maps above 1.
        cosines[i, j] = cosines[j, i] = min(products.mean(), 1.0) if both.any() else np.nan
    labels = pd.Index(tasks, tupleize_cols=False)
    return pd.DataFrame(cosines, index=labels, columns=labels)
