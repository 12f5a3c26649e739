"""Estimators inside one another."""

from .._rows import image_cells

__all__ = ["as_asked", "as_steps", "nested", "seen_cells"]


def as_steps(steps):
    """Return what an estimator calls its steps; of a number of training steps, say, that no pipeline has, none."""
    return steps if isinstance(steps, (list, tuple)) else ()


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
        if steps := as_steps(getattr(estimator, "steps", ())):
            for _, step in steps[:-1]:
                # Neither "passthrough" nor imbalanced-learn's samplers, which have none, change what is predicted.
                if X is not None and hasattr(step, "transform"):
                    X = step.transform(X)
            estimator = steps[-1][1]
        else:
            found = (getattr(estimator, name, None) for name in held)
            estimator = next((inner for inner in found if inner is not None), None)
            estimator = estimator[0] if isinstance(estimator, (list, tuple)) else estimator


def as_asked(estimator, X):
    """Return the model that answers for `estimator`, and its input: `X` as the steps of pipelines leave it.

    So that they read and transform it once, however many methods are asked.

    Parameters
    ----------
    estimator : fitted estimator
        Of scikit-learn's searches, pipelines and frozen estimators the model inside; their predictions are its own.
        Whatever else holds a model may make something of what that says, and answers for itself.
    X : array-like, or mapping task -> array-like
        Input of `estimator`.
    """
    for asked in nested(estimator, X, held=("best_estimator_",)):
        if not type(asked[0]).__module__.startswith("sklearn."):
            break
    return asked


def seen_cells(estimator, X, task_names):
    """Return what `image_cells` says of X as the model inside `estimator` sees it.

    Parameters
    ----------
    estimator : fitted estimator
        Whatever holds the model. One whose models are given parts of X offers ``_seen_cells(X)``.
    X : array-like, or mapping task -> array-like
        Input of `estimator`, of which steps of pipelines may mask images that they could not read.
    task_names : list
        The tasks.
    """
    for model, seen in nested(estimator, X):
        own = seen
        if hasattr(model, "_seen_cells"):
            return model._seen_cells(seen)
        # Others may give the models in them a part of X, and do not know of masks.
        if not any(hasattr(model, name) for name in ("steps", "best_estimator_", "task_names_")):
            break
    return image_cells(own, task_names)
