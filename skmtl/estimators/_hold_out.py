"""The part of the samples that early stopping watches."""

import numpy as np

from .._targets import MISSING
from ..model_selection import MultiTaskStratifiedShuffleSplit

__all__ = ["hold_out"]


def hold_out(codes, validation_fraction, seed, task_names, watched):
    """Return (training rows, validation rows), stratified over all tasks.

    Parameters
    ----------
    codes : ndarray of shape (n_samples, n_tasks)
        Target codes, -1 = missing.
    validation_fraction : float
        Share of the rows held out.
    seed : int
        Of the split.
    task_names : list
        For messages.
    watched : ndarray of bool, shape (n_tasks,)
        Tasks whose validation scores decide.

    Raises
    ------
    ValueError
        If a task keeps no two classes to train on, or nothing that is watched has a label.
    """
    everything = np.arange(len(codes))
    splitter = MultiTaskStratifiedShuffleSplit(
        n_splits=1, test_size=validation_fraction, random_state=seed, missing_label=MISSING
    )
    try:
        train_part, valid_part = next(splitter.split(everything, codes))
    except ValueError as error:
        raise ValueError(
            f"early_stopping: cannot hold out validation_fraction={validation_fraction} of {len(codes)} "
            f"samples ({error}): change validation_fraction or set early_stopping=False."
        ) from error
    for t, name in enumerate(task_names):
        if len(np.unique(codes[train_part, t][codes[train_part, t] != MISSING])) < 2:
            raise ValueError(
                f"early_stopping: {len(codes)} samples are too few; without the {len(valid_part)} held out, task "
                f"{name!r} has no two classes to train on: set early_stopping=False or pass more samples."
            )
    if not (codes[valid_part][:, watched] != MISSING).any():
        raise ValueError(
            f"early_stopping: the {len(valid_part)} validation samples have no label to monitor: raise "
            "validation_fraction, monitor another task or set early_stopping=False."
        )
    return train_part, valid_part
