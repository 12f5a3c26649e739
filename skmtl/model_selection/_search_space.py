"""What a search inside an estimator tries, without what means nothing to a task alone."""

from collections.abc import Mapping

__all__ = ["search_space_alone"]

# A task alone shares with none, and has no other task for its weight to be relative to.
SHARED = {"sharing", "task_weights", "weighting", "gradient_level", "record_conflicts", "groups"}


def search_space_alone(search):
    """Return the parameters of a search without those it tries to find out how to share.

    Parameters
    ----------
    search : estimator
        Not changed.

    Returns
    -------
    dict
        Empty unless `search` has a ``param_grid`` or ``param_distributions``.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skmtl import MultiTaskCNNClassifier
    >>> grid = {"lr": [0.1, 0.2], "sharing": ["hard", "mmoe"]}
    >>> search_space_alone(GridSearchCV(MultiTaskCNNClassifier(), grid))
    {'param_grid': {'lr': [0.1, 0.2]}}
    """
    names = [name for name in ("param_grid", "param_distributions") if hasattr(search, name)]
    if not names or not hasattr(getattr(search, "estimator", None), "get_params"):
        return {}
    parts = {"": search.estimator, **search.estimator.get_params()}
    return {name: _alone(getattr(search, name), parts) for name in names}


def _alone(space, parts):
    if not isinstance(space, Mapping):
        return [_alone(each, parts) for each in space]
    return {key: values for key, values in space.items() if not _is_shared(key, parts)}


def _is_shared(key, parts):
    path = key.split("__")
    # Estimators of other kinds may mean something else by these names.
    owners = (parts.get("__".join(path[:i])) for i, name in enumerate(path) if name in SHARED)
    return any(hasattr(owner, "_params_for_tasks") for owner in owners)
