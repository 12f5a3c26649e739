"""Probabilities that mean what they say: calibration task by task."""

import warnings

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import StrOptions

from ..exceptions import UncalibratedTaskWarning
from ._cross_fitted import BaseCrossFitted
from ._out_of_fold import task_probabilities
from ._publish import publish_tasks
from ._task_calibrator import TaskCalibrator, why_not

__all__ = ["MultiTaskCalibratedClassifier"]


class MultiTaskCalibratedClassifier(BaseCrossFitted):
    """Calibrate the probabilities of every task, each by its own labels.

    Clones of the estimator predict the rows they were not trained on. For every task a calibrator is fitted to
    these probabilities and the labels there are, and then the estimator to all rows, as
    ``CalibratedClassifierCV(ensemble=False)`` does for one task.

    Parameters
    ----------
    estimator : classifier
        Of one or more tasks, such as ``MultiTaskCNNClassifier()`` or a pipeline or search around one.
        ``FrozenEstimator(fitted)`` of ``sklearn.frozen`` is calibrated on the X and y given, which it must
        not have been trained on, and not fitted again; `cv` is not used then.
    method : {"temperature", "sigmoid", "isotonic"}, default="temperature"
        ``"temperature"``: divide the log-probabilities of a task by one number, which changes how sure the
        predictions are, not what they are. ``"sigmoid"`` (Platt) and ``"isotonic"`` are fitted to every class
        against the rest; the latter needs many labels (about 1000) of each task.
    cv : int, splitter, iterable of (train, test) or None, default=None
        Which rows are predicted by which clone. None: 5 folds; an int: so many, both of
        :class:`~skmtl.model_selection.MultiTaskStratifiedKFold`. Rows never held out do not calibrate.
    n_jobs : int, default=None
        Folds fitted at the same time; None means 1, -1 all processors.

    Attributes
    ----------
    estimator_ : classifier
        The estimator fitted on all rows.
    calibrators_ : dict of task -> TaskCalibrator or None
        What turns a task's probabilities (n_samples, n_classes) into calibrated ones, by its
        ``predict_proba``; None for a task left as it was.
    temperatures_ : dict of task -> float, or None
        With ``method="temperature"``, by what a task's log-probabilities are divided: above 1 the estimator was
        too sure; 1 for a task left as it was. None with other methods.
    classes_ : ndarray or list of ndarray
        Labels; a list with one entry per task if y is 2-D.
    n_classes_ : int or list of int
        Number of labels, likewise.
    n_tasks_ : int
        Number of tasks.
    task_names_ : list
        Column names of y, or ``"task0"``, ``"task1"`` ...
    n_features_in_ : int
        Length of the second axis of X, if `estimator_` has it.
    feature_names_in_ : ndarray of str
        Column names of X, if `estimator_` has them.

    Warns
    -----
    UncalibratedTaskWarning
        If a task is left as it was: because the calibration rows hold no label of it, or labels of one class
        only, or, with ``"temperature"``, no label that is predicted wrong, so that the likelihood grows without
        end as the temperature falls.

    See Also
    --------
    sklearn.calibration.CalibratedClassifierCV : The same for one task.
    skmtl.metrics.expected_calibration_error : How far probabilities are from what they say.
    MultiTaskTunedThresholdClassifier : Where to decide, given probabilities.

    Notes
    -----
    Predicted labels: with ``"temperature"`` those of `estimator_`; the order of the probabilities does not change,
    and a task of ordered classes keeps its own rule, the median. With the other methods the label of the largest
    calibrated probability, for tasks left as they were that of `estimator_`.

    A label says nothing where the clone that predicts its row has not seen its class. Classes without a label in the
    calibration rows keep their probability under ``"sigmoid"`` and ``"isotonic"``, and the others share the rest.
    Probabilities count as at least 1e-12.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), On Calibration of Modern Neural Networks, ICML, section 4.2.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl import MultiTaskCalibratedClassifier, MultiTaskCNNClassifier
    >>> from skmtl.datasets import load_two_digits
    >>> X, y = load_two_digits(n_samples=200, return_X_y=True, as_frame=True)
    >>> clf = MultiTaskCNNClassifier(max_epochs=10, random_state=0)
    >>> calibrated = MultiTaskCalibratedClassifier(clf, cv=2).fit(X, y)
    >>> sorted(calibrated.temperatures_)
    ['left', 'right']
    >>> bool(np.array_equal(calibrated.predict(X), calibrated.estimator_.predict(X)))
    True
    """

    _parameter_constraints = {
        **BaseCrossFitted._parameter_constraints,
        "method": [StrOptions({"temperature", "sigmoid", "isotonic"})],
    }

    def __init__(self, estimator, *, method="temperature", cv=None, n_jobs=None):
        self.estimator = estimator
        self.method = method
        self.cv = cv
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=False)  # the estimator checks its own parameters
    def fit(self, X, y, sample_weight=None, **fit_params):
        """Fit the estimator and calibrate it.

        Parameters
        ----------
        X : array-like, or mapping task -> array-like
            What the estimator takes.
        y : array-like of shape (n_samples,) or (n_samples, n_tasks)
            Labels, one column per task; cells without one calibrate nothing.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
            Weights of samples or cells, >= 0, for the estimator and for the calibrators. Of a pipeline, also in a
            search, the last step is trained with them; with scikit-learn's metadata routing on, whatever asks for
            them.
        **fit_params : dict
            Passed to the estimator's ``fit``; what has one entry per row is cut with the rows. With
            scikit-learn's metadata routing on, whatever it routes. None for a frozen estimator.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If a parameter, y or a weight makes no sense; whatever the estimator raises.
        """
        cells = self._read_cells(X, y, sample_weight)
        held_out = self._cross_fit(X, y, cells, sample_weight, fit_params)
        self.calibrators_ = {}
        for t, name, classes in cells.tasks:
            self.calibrators_[name] = self._calibrator(name, classes, *held_out.labelled(t))
        self.temperatures_ = None
        if self.method == "temperature":
            self.temperatures_ = {k: 1.0 if c is None else c.temperature_ for k, c in self.calibrators_.items()}
        publish_tasks(self, cells.encoder)
        return self

    def _calibrator(self, name, classes, proba, codes, weights):
        reason = why_not(self.method, proba, codes, classes)
        if reason is None:
            return TaskCalibrator(self.method).fit(proba, codes, weights)
        warnings.warn(
            f"Task {name!r} is left uncalibrated: {reason}. Give it more labels, or calibrate on other rows.",
            UncalibratedTaskWarning,
            stacklevel=4,
        )
        return None

    def _distributions(self, X):
        proba = task_probabilities(self.estimator_, X, self._encoder.classes_)
        calibrators = self.calibrators_.values()
        return [p if c is None else c.predict_proba(p) for p, c in zip(proba, calibrators, strict=True)]

    def _codes(self, X):
        moved = [c is not None and c.method != "temperature" for c in self.calibrators_.values()]
        codes = None if all(moved) else self._own_codes(X)
        if not any(moved):
            return codes
        best = np.column_stack([p.argmax(axis=1) for p in self._distributions(X)])
        return best if codes is None else np.where(moved, best, codes)
