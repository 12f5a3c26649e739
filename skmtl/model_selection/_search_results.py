"""What a search has tried and scored, whichever library ran it."""

from dataclasses import dataclass
from numbers import Real

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..metrics._responses import fitted_attribute

__all__ = ["Candidates", "read_search"]

# How scikit-learn's searches name what they keep, and OptunaSearchCV the attributes of a trial.
MEAN, STD = "mean_test_", "std_test_"


@dataclass(frozen=True)
class Candidates:
    """The candidates of a search that can be compared.

    Attributes
    ----------
    numbers : list of int
        Which candidates of the search they are.
    params : list of dict
        What they were given.
    default : dict
        What the estimator has for a parameter that a candidate was not given.
    means, stds : dict of str -> ndarray of shape (n_candidates,)
        Score -> values; NaN where unknown. More is better.
    task_names : list or None
        The tasks, if the search kept a fitted model of them.
    refit : object
        The score that the search chose by, if it says so.
    """

    numbers: list
    params: list
    default: dict
    means: dict
    stds: dict
    task_names: list | None
    refit: object = None


def read_search(search):
    """Read a fitted search of scikit-learn or Optuna.

    Parameters
    ----------
    search : object
        With ``cv_results_``, as scikit-learn's searches; with ``study_``, as OptunaSearchCV; or with ``trials`` and
        ``directions``, as an Optuna study. Optuna is not imported.

    Returns
    -------
    Candidates

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import GridSearchCV
    >>> search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2).fit([[0.0], [1], [2], [3]], [0, 1, 2, 3])
    >>> found = read_search(search)
    >>> found.numbers, found.params, list(found.means)
    ([0, 1], [{'alpha': 0.1}, {'alpha': 1.0}], ['score'])
    """
    # OptunaSearchCV derives cv_results_ from its study, without the parameters.
    if hasattr(search, "study_"):
        return _of_study(search.study_, _default(search), fitted_attribute(search, "task_names_"))
    if hasattr(search, "trials") and hasattr(search, "directions"):
        return _of_study(search, {}, None)
    if hasattr(search, "fit") and not hasattr(search, "cv_results_"):
        check_is_fitted(search, "cv_results_")
    if not hasattr(search, "cv_results_"):
        raise TypeError(
            "search must be a fitted search of scikit-learn (GridSearchCV, ...), OptunaSearchCV or an Optuna study. "
            f"Got {type(search).__name__} instead."
        )
    return _of_results(search)


def _default(search):
    return search.estimator.get_params() if hasattr(search, "estimator") else {}


def _of_results(search):
    results = search.cv_results_
    rows = np.arange(len(results["params"]))
    if "iter" in results:
        # Successive halving scores a candidate anew with more resources; only the last round has seen them all.
        rows = rows[np.asarray(results["iter"]) == np.max(results["iter"])]
    of = {
        prefix: {key.removeprefix(prefix): np.asarray(results[key])[rows] for key in results if key.startswith(prefix)}
        for prefix in (MEAN, STD)
    }
    names = fitted_attribute(search, "task_names_")
    params = [results["params"][row] for row in rows]
    refit = getattr(search, "refit", None)
    return Candidates(rows.tolist(), params, _default(search), of[MEAN], of[STD], _listed(names), refit)


def _listed(names):
    return None if names is None else list(names)


def _of_study(study, default, names):
    trials = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    # What the study minimises is a loss: its negative is a score.
    signs = [-1.0 if direction.name == "MINIMIZE" else 1.0 for direction in study.directions]
    metric_names = getattr(study, "metric_names", None) or []
    means, stds = [], []
    for trial in trials:
        attributes = {k: v for k, v in trial.user_attrs.items() if isinstance(v, Real)}
        kept = {k.removeprefix(MEAN): v for k, v in attributes.items() if k.startswith(MEAN)}
        stds.append({k.removeprefix(STD): v for k, v in attributes.items() if k.startswith(STD)})
        values = [sign * value for sign, value in zip(signs, trial.values, strict=True)]
        means.append((kept or attributes) | dict(zip(metric_names, values, strict=False)))
    # Weights that a trial did not draw itself stand in its attributes.
    params = [{**trial.user_attrs, **trial.params} for trial in trials]
    numbers = [trial.number for trial in trials]
    return Candidates(numbers, params, default, _columns(means), _columns(stds), _listed(names))


def _columns(rows):
    keys = dict.fromkeys(key for row in rows for key in row)
    return {key: np.array([row.get(key, np.nan) for row in rows], dtype=np.float64) for key in keys}
