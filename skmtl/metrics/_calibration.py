"""How far probabilities are from frequencies."""

import pandas as pd

from ._columns import warn_unlabelled
from ._probabilities import TaskProbabilities
from ._reliability import check_bins, error_of_bins, reliability_bins

__all__ = ["expected_calibration_error"]


def expected_calibration_error(
    y_true, y_prob, *, classes=None, n_bins=15, strategy="uniform", sample_weight=None, missing_label=None
):
    r"""Return the expected calibration error (ECE) of every task's most probable class.

    Cells are put into bins of confidence, the probability of the most probable class. With
    the share :math:`s_b` of all cells in bin :math:`b`, the rate :math:`a_b` at which that
    class is the true one and the mean confidence :math:`c_b`,

    .. math:: \mathrm{ECE} = \sum_b s_b \, |a_b - c_b| .

    0 means that predictions of confidence 0.8 are right 8 times in 10. Few cells make even
    perfect probabilities look wrong, so that values of data sets of different sizes, or with
    other bins, do not compare.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        True labels; cells without a label are skipped.
    y_prob : array-like, list or mapping
        What `predict_proba` returns: an array of shape (n_samples, n_classes) for one task, a
        list of them for several, in the order of y_true's columns. Also a mapping of task ->
        array; arrays of shape (n_samples,), which are the probabilities of the second of two
        classes; and, for several tasks of two classes, an array or frame of these of shape
        (n_samples, n_tasks).
    classes : array-like, list or mapping of task -> array-like, default=None
        What the columns of `y_prob` stand for, the estimator's ``classes_``. None, or no
        entry for a task: the sorted labels of `y_true`. Predictions of a cell whose label is
        not among the classes are wrong.
    n_bins : int, default=15
        Number of bins.
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of the same width over [0, 1], as in the source, or with the same number of cells
        (the same weight), as far as equal confidences allow. A bin holds its upper edge, not
        its lower one.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
        Weights of rows or cells.
    missing_label : scalar, default=None
        Extra marker for "no label"; NaN, None, ``pd.NA`` and NaT always mean it.

    Returns
    -------
    float or pandas.Series
        From 0 to 1. A float for a 1-D `y_true`, else a Series indexed by task; NaN for a task
        without any labelled cell of positive weight.

    Raises
    ------
    ValueError
        If the shapes of `y_true`, `y_prob` and `classes` do not fit, or a labelled row of
        `y_prob` holds no probabilities.

    Warns
    -----
    UnlabelledTaskWarning
        If a task has no labelled cell of positive weight.

    See Also
    --------
    skmtl.inspection.MultiTaskCalibrationDisplay : The bins, drawn.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), On Calibration of Modern Neural Networks, ICML, equation 3.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.metrics import expected_calibration_error
    >>> y_true = pd.DataFrame({"digit": [0, 1, 2, 1], "odd": [False, True, None, True]})
    >>> y_prob = [[[0.9, 0.1, 0], [0.2, 0.8, 0], [0.5, 0.2, 0.3], [0, 1, 0]], [0.1, 0.7, 0.2, 1]]
    >>> expected_calibration_error(y_true, y_prob).round(3)
    digit    0.200
    odd      0.133
    Name: expected_calibration_error, dtype: float64
    >>> round(expected_calibration_error([0, 1, 2, 1], y_prob[0]), 3)
    0.2
    """
    check_bins(n_bins, strategy, "expected_calibration_error")
    tasks = TaskProbabilities(y_true, y_prob, classes, sample_weight, missing_label)
    values = []
    for task in range(len(tasks.names)):  # a comprehension would be one more frame between the warning and its cause
        values.append(_error(tasks, task, n_bins, strategy))
    if tasks.one_dimensional:
        return values[0]
    # Names that are tuples must not become a MultiIndex.
    index = pd.Index(tasks.names, tupleize_cols=False)
    return pd.Series(values, index=index, name="expected_calibration_error")


def _error(tasks, task, n_bins, strategy):
    cells = tasks.cells(task)
    if len(cells):
        return error_of_bins(reliability_bins(cells, n_bins, strategy))
    warn_unlabelled(tasks.names[task], tasks.n_labelled(task))
    return float("nan")
