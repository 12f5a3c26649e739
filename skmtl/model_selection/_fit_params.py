"""Parameters of ``fit`` for some of the tasks."""

from .._weights import check_sample_weight

__all__ = ["fit_params_of", "read_fit_params"]


def read_fit_params(sample_weight, params, frame, named):
    """Return parameters of which weights are float64 arrays, those of cells with their columns in the tasks' order.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
        Weights of rows or cells.
    params : dict or None
        Other parameters. What is called ``sample_weight``, also of a step of a pipeline (``step__sample_weight``), are
        weights too.
    frame : DataFrame of shape (n_samples, n_tasks)
        From `task_frame`.
    named : bool
        Whether the tasks have names of their own, by which a data frame of weights is matched with them.

    Raises
    ------
    ValueError
        If weights make no sense.
    """
    names = list(frame.columns)
    columns = names if named else None
    given = {**(params or {}), **({} if sample_weight is None else {"sample_weight": sample_weight})}
    return {
        key: check_sample_weight(value, len(frame), names, columns) if _is_weight(key) else value
        for key, value in given.items()
    }


def fit_params_of(fit_params, tasks):
    """Return parameters for some of the tasks: of weights of cells theirs, 1-D for a single task, all else whole.

    Parameters
    ----------
    fit_params : dict
        From `read_fit_params`.
    tasks : list of int
        Those wanted.

    Examples
    --------
    >>> import numpy as np
    >>> fit_params_of({"sample_weight": np.array([[1.0, 2.0], [3.0, 4.0]]), "groups": [0, 1]}, [1])
    {'sample_weight': array([2., 4.]), 'groups': [0, 1]}
    """
    place = tasks[0] if len(tasks) == 1 else tasks
    return {
        key: value[:, place] if _is_weight(key) and value is not None and value.ndim == 2 else value
        for key, value in fit_params.items()
    }


def _is_weight(key):
    return key.rpartition("__")[2] == "sample_weight"
