"""Task weights to search over."""

from itertools import combinations
from math import comb
from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval, validate_params

__all__ = ["task_weight_grid"]

MAX_POINTS = 10_000


@validate_params(
    {
        "task_names": ["array-like"],
        "resolution": [Interval(Integral, 1, None, closed="left")],
        "include_zero": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def task_weight_grid(task_names, resolution=6, *, include_zero=False):
    """Return an even grid of task weights, ready for :class:`~sklearn.model_selection.GridSearchCV`.

    The grid is the lattice of weights that sum to 1 and are multiples of ``1 / resolution``. Estimators read the
    ratios of task weights only, so that no two points train the same model.

    Parameters
    ----------
    task_names : sequence of length n_tasks
        The tasks: the column names of `y`, or ``clf.task_names_``.
    resolution : int, default=6
        Steps from 0 to 1; for two tasks or more above `n_tasks`, unless `include_zero`: as many steps as tasks leave
        the point of equal weights only. Equal weights are on the grid where it is a multiple of the number of tasks.
        There are ``comb(resolution - 1, n_tasks - 1)`` points: with the default 5 for two tasks, 10 for three and
        for four.
    include_zero : bool, default=False
        Whether weights of 0 are on the grid too; a task of weight 0 is not trained. There are
        ``comb(resolution + n_tasks - 1, n_tasks - 1)`` points then, with each task alone among them.

    Returns
    -------
    list of dict
        ``{task: weight}`` in the order of the tasks, ascending in the first task's weight, then the second's, ...

    Raises
    ------
    ValueError
        If a task comes twice, if `resolution` is too small for more than one point of weights above 0, or if there
        were more than 10,000 points.

    See Also
    --------
    task_weight_tradeoff : What the tasks gain and lose along the grid.

    Examples
    --------
    >>> from skmtl.model_selection import task_weight_grid
    >>> task_weight_grid(["left", "right"], resolution=4)
    [{'left': 0.25, 'right': 0.75}, {'left': 0.5, 'right': 0.5}, {'left': 0.75, 'right': 0.25}]
    >>> len(task_weight_grid(["digit", "odd", "prime"], resolution=12))
    55
    """
    # tolist: names from an array are Python's own then, as dictionary keys and in messages.
    names = task_names.tolist() if hasattr(task_names, "tolist") else list(task_names)
    n_tasks = len(names)
    if not n_tasks:
        raise ValueError("task_names is empty: name at least one task.")
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise ValueError(f"task_names has {twice[0]!r} twice: name every task once.")
    if not include_zero and resolution <= n_tasks > 1:
        raise ValueError(
            f"resolution must be above the number of tasks, {n_tasks}, for more than one point with every weight above "
            f"0. Got {resolution} instead: {n_tasks + 1} makes {n_tasks} points, {2 * n_tasks} is the next with equal "
            "weights among them; or set include_zero=True."
        )
    # Bars cut the steps into one stretch per task; with zeros allowed, bars take up a place of their own.
    places = resolution + n_tasks - 1 if include_zero else resolution - 1
    _check_size(comb(places, n_tasks - 1), n_tasks, resolution)
    grid = []
    for bars in combinations(range(1, places + 1), n_tasks - 1):
        steps = np.diff([0, *bars, places + 1]) - include_zero
        grid.append(dict(zip(names, (steps / resolution).tolist(), strict=True)))
    return grid


def _check_size(n_points, n_tasks, resolution):
    if n_points > MAX_POINTS:
        raise ValueError(
            f"The grid of {n_tasks} tasks with resolution={resolution} has {n_points:,} points, each to be trained; "
            f"at most {MAX_POINTS:,} are made. Use a smaller resolution, or draw weights: RandomizedSearchCV over a "
            "list of mappings from np.random.default_rng(0).dirichlet(np.ones(n_tasks), size=100)."
        )
