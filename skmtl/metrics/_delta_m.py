"""What multi-task learning gains on average, relative to single-task models."""

import numpy as np
import pandas as pd

from .._validation import values_per_task

__all__ = ["delta_m"]


def delta_m(multi, single, *, greater_is_better=True):
    r"""Return by how many percent multi-task scores are better than single-task ones, averaged over tasks.

    .. math:: \Delta_m = \frac{100}{T} \sum_t (-1)^{l_t} \frac{M_t - B_t}{|B_t|}

    where :math:`l_t` is 1 if lower is better. Positive: multi-task learning helped.

    Parameters
    ----------
    multi : mapping task -> float, Series or array-like of shape (n_tasks,)
        Scores M of the multi-task model.
    single : mapping task -> float, Series or array-like of shape (n_tasks,)
        Scores B of the models that learn one task each, not 0. Matched with `multi` by name where both have
        names, else by order.
    greater_is_better : bool, mapping task -> bool or array-like of shape (n_tasks,), default=True
        Whether a score is better the higher it is. scikit-learn's scorers negate losses
        (``"neg_log_loss"``), so that it holds for all of them.

    Returns
    -------
    float
        In percent. NaN if a score is NaN.

    Raises
    ------
    ValueError
        If the tasks of the two differ, or a single-task score is 0 or infinite.

    Notes
    -----
    **Higher is better**, as in the first two references. CAGrad, FAMO and Nash-MTL print the opposite sign.
    The formula divides by :math:`|B_t|`, which is :math:`B_t` wherever that is positive, so that a negated loss
    counts as the loss does. Tasks may have different metrics, since only relative changes are averaged. Of a score
    that is about 0 without skill, such as Matthews' correlation, small changes near 0 are large relative ones, which
    drown those of other tasks: prefer one that stays away from 0, such as ``"roc_auc"`` or ``"accuracy"``.

    References
    ----------
    Maninis, Radosavovic and Kokkinos (2019), Attentive Single-Tasking of Multiple Tasks, CVPR, section 4.
    Vandenhende et al. (2021), Multi-Task Learning for Dense Prediction Tasks: A Survey, TPAMI, section 4.1.

    Examples
    --------
    >>> from skmtl.metrics import delta_m
    >>> round(delta_m([0.88, 0.9], [0.8, 0.9]), 6)
    5.0
    >>> up = {"iou": True, "error": False}
    >>> round(delta_m({"iou": 0.66, "error": 0.4}, {"iou": 0.6, "error": 0.5}, greater_is_better=up), 6)
    15.0
    """
    names = _names(multi) or _names(single) or list(range(len(single)))
    multi, single = (_scores(k, v, names) for k, v in (("multi", multi), ("single", single)))
    if not len(single):
        raise ValueError("single is empty: pass the score of at least one task.")
    for name, score in zip(names, single, strict=True):
        if score == 0 or np.isinf(score):
            raise ValueError(
                f"single has the score {score} for task {name!r}, to which nothing can be relative: use a metric that "
                "is not 0 where a model fails, such as 'accuracy'."
            )
    if np.ndim(greater_is_better) == 0 and not hasattr(greater_is_better, "keys"):
        greater_is_better = [greater_is_better] * len(names)
    up = values_per_task("greater_is_better", greater_is_better, names, complete=True)
    gains = np.where(np.asarray(up, dtype=bool), 1, -1) * (multi - single) / np.abs(single)
    return float(100 * np.mean(gains))


def _names(scores):
    if isinstance(scores, pd.Series):
        return list(scores.index)
    return list(scores) if hasattr(scores, "keys") else None


def _scores(name, scores, names):
    if len(scores) != len(names):
        raise ValueError(
            f"multi and single must have one score for each task. Got {len(scores)} in {name} for the tasks {names!r}."
        )
    return np.asarray(values_per_task(name, scores, names, complete=True), dtype=float)
