"""Estimators inside one another, before they are fitted."""

from sklearn.utils import get_tags

from ..metrics._nested import as_steps

__all__ = ["check_responses", "may_offer", "models_inside", "refuses_1d"]


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
        if steps := as_steps(params.get("steps")):
            name, estimator = steps[-1]
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


def may_offer(estimator, methods):
    """Whether an estimator that is not fitted may have one of the methods once it is.

    Parameters
    ----------
    estimator : estimator
        What a search finds may have more methods than what it starts from, and so may what decides in ``fit``.
    methods : sequence of str
        Such as ``("predict_proba",)``.

    Examples
    --------
    >>> from sklearn.multioutput import MultiOutputClassifier
    >>> from sklearn.svm import LinearSVC
    >>> may_offer(MultiOutputClassifier(LinearSVC()), ["predict_proba"])
    False
    """
    if any(hasattr(estimator, method) for method in methods):
        return True
    models = [model for _, model in models_inside(estimator)] or [estimator]
    if any("refit" in model.get_params(deep=False) for model in models):
        return True
    inner = getattr(models[-1], "estimator", None)
    if inner is not None:
        return may_offer(inner, methods)
    return any(hasattr(type(models[-1]), method) for method in methods)


def check_responses(estimator, metric):
    """Raise AttributeError if an estimator, not fitted, will have no method that a `Metric` reads."""
    if not may_offer(estimator, metric.responses):
        raise AttributeError(
            f"The metric {metric.name!r} needs {' or '.join(metric.responses)}, which {type(estimator).__name__} does "
            "not have: choose a metric of predicted labels, such as scoring='accuracy', or another estimator."
        )
