"""What the tasks gain and lose by their weights."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np
import pandas as pd

from .._weights import check_task_weights
from ._pareto import knee, pareto
from ._score_keys import score_keys
from ._search_results import read_search

__all__ = ["task_weight_tradeoff"]


def task_weight_tradeoff(search, metric=None, *, param="task_weights"):
    """Tabulate the scores of every task over the task weights that a search has tried.

    Parameters
    ----------
    search : fitted search
        GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV, HalvingRandomSearchCV, OptunaSearchCV or an Optuna
        study that has varied task weights and scored every task; see Notes.
    metric : str or mapping of task -> str, default=None
        Which scores to compare: with scores called "left_accuracy", "right_accuracy", ... the metric is
        ``"accuracy"``. A mapping says for every task its metric, or the name of its score. None: the only metric
        there is, or that of the score that the search has chosen by (`refit`).
    param : str, default="task_weights"
        The parameter with the weights; inside a pipeline or another estimator it is found by its last part, as in
        "clf__task_weights".

    Returns
    -------
    DataFrame
        A row for every candidate, with its number in the search as index. Columns have two levels:

        - ("weight", task): share of the task, so that the weights of a row sum to 1;
        - ("score", task): mean test score, more is better; ``table["score"]`` is the frame of them all;
        - ("std", task): its standard deviation over the folds; NaN where the search did not keep it;
        - ("pareto", ""): whether no other candidate is at least as good in every task and better in one. Equal
          candidates are marked together; those with a score that is not finite (failed fits) never are;
        - ("knee", ""): the one row suggested: of the Pareto-optimal ones the closest to the best score of every
          task, each task scaled to [0, 1] over them (Euclidean distance; then the highest mean score, then the
          first). No row if none is Pareto-optimal.

        ``table.attrs["metrics"]`` names the metric of every task.

    Raises
    ------
    ValueError
        If the search has no score of every task, did not vary `param`, or leaves open which one or which metric.
    TypeError
        If it is no such search.

    See Also
    --------
    task_weight_grid : Weights to search over.
    skmtl.metrics.multi_task_scorer : Scores every task.

    Notes
    -----
    Scores are means over folds of one fit each. Differences within `std` may be chance: the Pareto-optimal rows are
    those of the estimates, and their best scores are too optimistic for being chosen. Judge the model of your choice
    on data that the search has not seen.

    - Where the search varied other parameters too, rows of one weight come several times, and are compared all the
      same; ``pd.DataFrame(search.cv_results_)["params"]`` has what else they had.
    - A search by successive halving compares its last round only, whose candidates have seen all resources; it has
      dropped the others by the single score that it needs. Have its scorer add an entry "score" to those of
      :func:`~skmtl.metrics.multi_task_scorer`; likewise for OptunaSearchCV, which else keeps one score only.
    - Of an Optuna study complete trials count. Weights are a parameter of the trial or a user attribute called
      `param`, or numbers ``<param>_<task>`` of either kind. Scores are the study's values under
      ``study.metric_names`` (negated where it minimises them) or user attributes ``<task>_<metric>``, of which more
      must be better.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skmtl import MultiTaskCNNClassifier
    >>> from skmtl.datasets import load_two_digits
    >>> from skmtl.metrics import multi_task_scorer
    >>> from skmtl.model_selection import task_weight_grid, task_weight_tradeoff
    >>> X, y = load_two_digits(60, return_X_y=True, as_frame=True)
    >>> search = GridSearchCV(
    ...     MultiTaskCNNClassifier(max_epochs=1, random_state=0),
    ...     {"task_weights": task_weight_grid(["left", "right"], resolution=4)},
    ...     scoring=multi_task_scorer("accuracy"), refit="mean_accuracy", cv=2,
    ... ).fit(X, y)
    >>> table = task_weight_tradeoff(search)
    >>> table["weight"]
       left  right
    0  0.25   0.75
    1  0.50   0.50
    2  0.75   0.25
    >>> bool(table.loc[table["knee"], "pareto"].all())
    True
    """
    found = read_search(search)
    weights = _weights(found, param)
    sizes = {len(w) for w in weights if hasattr(w, "__len__")}
    n_tasks = sizes.pop() if len(sizes) == 1 else None
    keys = score_keys(list(found.means), metric, _task_names(found, weights), n_tasks, found.refit)
    return _table(found, weights, keys)


def _table(found, weights, keys):
    tasks = list(keys)
    shares = np.array([check_task_weights(_in_tasks(w, tasks), tasks) for w in weights]).reshape(-1, len(tasks))
    scores = np.column_stack([found.means[keys[task]] for task in tasks]).astype(np.float64)
    unknown = np.full(len(scores), np.nan)
    stds = np.column_stack([found.stds.get(keys[task], unknown) for task in tasks]).astype(np.float64)
    front = pareto(scores)
    columns = pd.MultiIndex.from_tuples([(block, task) for block in ("weight", "score", "std") for task in tasks])
    values = np.hstack([shares / shares.sum(axis=1, keepdims=True), scores, stds])
    table = pd.DataFrame(values, index=found.numbers, columns=columns)
    table["pareto", ""] = front
    table["knee", ""] = np.arange(len(scores)) == knee(scores, front)
    # For pictures; text alone, so that the table can be written to any file.
    table.attrs["metrics"] = {str(task): key.removeprefix(f"{task}_") for task, key in keys.items() if key != str(task)}
    return table


def _weights(found, param):
    """Return the task weights of every candidate."""
    if not found.params:
        raise ValueError("The search has no candidate to compare: none was completed.")
    given = dict.fromkeys(key for params in found.params for key in params)
    names = [key for key in given if key == param or key.endswith(f"__{param}")]
    if not names:
        names = [key for key in given if key.startswith(f"{param}_")] and [param]
    if len(names) != 1:
        what = (
            f"varied {names!r}: name one of them"
            if names
            else f"did not vary {param!r}, only {list(given)!r}: name the parameter with the weights"
        )
        raise ValueError(f"The search {what} as param=.")
    weights = [_of_candidate(params, names[0], found.default) for params in found.params]
    lacking = [n for n, w in zip(found.numbers, weights, strict=True) if w is _LACKING]
    if lacking:
        raise ValueError(f"Candidate {lacking[0]} of the search has no {names[0]!r}: keep the weights of every trial.")
    return weights


_LACKING = object()


def _of_candidate(params, name, default):
    if name in params:
        return params[name]
    parts = {key.removeprefix(f"{name}_"): value for key, value in params.items() if key.startswith(f"{name}_")}
    return parts or default.get(name, _LACKING)


def _task_names(found, weights):
    """Return what the tasks may be called; None: only the scores can tell."""
    if found.task_names:
        return [found.task_names]
    named = next((list(w.keys()) for w in weights if isinstance(w, (Mapping, pd.Series))), None)
    # Integers may be names or places.
    return [named, None] if named and all(isinstance(name, Integral) for name in named) else [named]


def _in_tasks(weights, tasks):
    """Return weights whose names are those of the tasks: parameters of an Optuna trial are called by strings."""
    if isinstance(weights, Mapping) and not set(weights) <= set(tasks):
        by_text = {str(task): task for task in tasks}
        return {by_text.get(key, key): value for key, value in weights.items()}
    return weights
