"""What all loaders hand back, and the random numbers they draw from."""

import numpy as np
import pandas as pd
from sklearn.utils import Bunch, check_random_state

__all__ = ["as_random_state", "pack"]


def as_random_state(random_state):
    """Return a RandomState that is never NumPy's global one.

    scikit-learn reads None as the global generator; a loader that drew from it would change
    the numbers of everything that comes after.
    """
    return np.random.RandomState() if random_state is None else check_random_state(random_state)


def pack(images, columns, *, facts, descr, return_X_y, as_frame):
    """Return the images and their labels in the form the caller asked for.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width), uint8
        The images.
    columns : dict of str to ndarray of shape (n_samples,)
        Task name -> labels.
    facts : dict of str to ndarray of shape (n_samples,) or (n_samples, n_tasks)
        What else is known about each image; two-dimensional facts have one column per task.
    descr : str
        Text of ``DESCR``.
    return_X_y, as_frame : bool
        As in every loader.

    Returns
    -------
    Bunch or (images, target)
    """
    target = pd.DataFrame(columns) if as_frame else _stack(columns.values())
    if return_X_y:
        return images, target
    bunch = Bunch(
        images=images,
        target=target,
        task_names=list(columns),
        target_names=[np.unique(c[~pd.isna(c)]) for c in columns.values()],
        **facts,
        DESCR=descr,
    )
    if as_frame:
        bunch.frame = target.assign(**_fact_columns(facts, columns))
    return bunch


def _stack(columns):
    """Put columns side by side: as one array of their kind, or as objects that keep every type."""
    columns = list(columns)
    if len({c.dtype.kind for c in columns} - set("if")) == 0:
        return np.column_stack(columns)
    target = np.empty((len(columns[0]), len(columns)), dtype=object)
    for t, column in enumerate(columns):
        target[:, t] = column.tolist()
    return target


def _fact_columns(facts, tasks):
    one = {name: values for name, values in facts.items() if values.ndim == 1}
    many = {
        f"{name}_{task}": values[:, t]
        for name, values in facts.items()
        if values.ndim == 2
        for t, task in enumerate(tasks)
    }
    return one | many
