"""Estimators inside one another."""

__all__ = ["nested"]


def nested(estimator, X, held=("best_estimator_", "estimator_", "estimators_")):
    """Yield `estimator` and the ones inside it, from the outside in, each with its input.

    Parameters
    ----------
    estimator : fitted estimator or None
        Whatever holds others.
    X : array-like, mapping task -> array-like, or None
        Input of `estimator`; the steps of pipelines transform it when what they lead to is asked for. What is None
        stays so.
    held : tuple of str
        Attributes in which estimators hold the ones that they have fitted. Pipelines hold their last step anyway.

    Yields
    ------
    (estimator, X)
        Of several estimators in one attribute the first: they are trained on the same kind of input.
    """
    while estimator is not None:
        yield estimator, X
        if hasattr(estimator, "steps"):
            if X is not None and len(estimator.steps) > 1:
                X = estimator[:-1].transform(X)
            estimator = estimator.steps[-1][1]
        else:
            found = (getattr(estimator, name, None) for name in held)
            estimator = next((inner for inner in found if inner is not None), None)
            estimator = estimator[0] if isinstance(estimator, (list, tuple)) else estimator
