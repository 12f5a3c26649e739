"""Estimators inside one another, before they are fitted."""

from sklearn.utils import get_tags

__all__ = ["models_inside", "refuses_1d"]


def models_inside(estimator):
    """Yield (what its parameters start with, estimator): `estimator` and what it trains, from the outside in.

    Parameters
    ----------
    estimator : estimator
        Of a pipeline the last step, of a search what it tries.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.pipeline import make_pipeline
    >>> [prefix for prefix, _ in models_inside(GridSearchCV(make_pipeline(LogisticRegression()), {}))]
    ['', 'estimator__', 'estimator__logisticregression__']
    """
    prefix = ""
    while hasattr(estimator, "get_params") and not isinstance(estimator, type):
        yield prefix, estimator
        params = estimator.get_params(deep=False)
        if params.get("steps"):
            name, estimator = params["steps"][-1]
        elif {"estimator", "refit"} <= set(params):
            name, estimator = "estimator", params["estimator"]
        else:
            return
        prefix += f"{name}__"


def refuses_1d(estimator):
    """Whether a target must have columns, even a single one, as for scikit-learn's ``MultiOutputClassifier``.

    Parameters
    ----------
    estimator : estimator
        Pipelines and searches have no tag of their own that says so: the model inside them tells.
    """
    models = (model for _, model in models_inside(estimator) if hasattr(model, "__sklearn_tags__"))
    return any(not get_tags(model).target_tags.single_output for model in models)
