"""Parameters of ``fit``: weights by the name an estimator takes them by, and all of them for some of the tasks."""

from sklearn import get_config

from .._weights import check_sample_weight
from ..metrics._metric import accepts
from ..metrics._nested import as_steps
from ._models_inside import models_inside

__all__ = ["fit_params_of", "passed_on", "read_fit_params"]


def read_fit_params(estimator, sample_weight, params, frame, named):
    """Return parameters with weights under ``sample_weight``: float64, of cells with columns in the tasks' order.

    Parameters
    ----------
    estimator : estimator
        Will be given them, by `passed_on`.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
        Weights of rows or cells.
    params : dict or None
        Other parameters.
    frame : DataFrame of shape (n_samples, n_tasks)
        From `task_frame`.
    named : bool
        Whether the tasks have names of their own, by which a data frame of weights is matched with them.

    Raises
    ------
    ValueError, TypeError
        If weights make no sense, stand in `params`, or are none that the estimator takes.
    """
    params, names = params or {}, list(frame.columns)
    if "sample_weight" in params:
        raise ValueError("params holds 'sample_weight': pass it as sample_weight=, which counts in the scores too.")
    weights = check_sample_weight(sample_weight, len(frame), names, names if named else None)
    given = dict(params) if weights is None else {**params, "sample_weight": weights}
    passed_on(estimator, given)  # what it does not take is found before any training
    return given


def passed_on(estimator, fit_params):
    """Return parameters as the ``fit`` of an estimator takes them: weights by the name of a pipeline's last step.

    Pipelines and searches hand parameters on to what is inside them. With scikit-learn's metadata routing on, they
    take weights by their own name, and nothing changes.

    Parameters
    ----------
    estimator : estimator
        Not changed.
    fit_params : dict
        Weights, if there are any, under ``sample_weight``.

    Raises
    ------
    ValueError
        If weights stand under the name of the last step, where nothing but the training would know of them.
    TypeError
        If the estimator takes no weights.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.pipeline import make_pipeline
    >>> passed_on(GridSearchCV(make_pipeline(LogisticRegression()), {}), {"sample_weight": [1, 2]})
    {'logisticregression__sample_weight': [1, 2]}
    """
    if get_config()["enable_metadata_routing"]:
        return fit_params
    name, model = "sample_weight", estimator
    for _, model in models_inside(estimator):
        if steps := as_steps(model.get_params(deep=False).get("steps")):
            name = f"{name.removesuffix('sample_weight')}{steps[-1][0]}__sample_weight"
    if name != "sample_weight" and fit_params.get(name) is not None:
        raise ValueError(
            f"{name} would count in training only: pass sample_weight=, which trains that step, and counts in scores, "
            "calibration and thresholds too."
        )
    if fit_params.get("sample_weight") is None:
        return fit_params
    if not accepts(model.fit, "sample_weight"):
        raise TypeError(
            f"sample_weight was given, but {type(model).__name__} takes none: leave it out, or choose an estimator "
            "that takes weights."
        )
    return {name if key == "sample_weight" else key: value for key, value in fit_params.items()}


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
    weights = fit_params.get("sample_weight")
    if weights is None or weights.ndim == 1:
        return fit_params
    return {**fit_params, "sample_weight": weights[:, tasks[0] if len(tasks) == 1 else tasks]}
