"""Where to decide between two classes, task by task."""

import warnings
from collections.abc import Mapping
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval

from .._validation import values_per_task
from ..exceptions import UncalibratedTaskWarning
from ._best_threshold import best_candidate, candidate_thresholds, metrics_of_tasks, scores_of_candidates
from ._cross_fitted import BaseCrossFitted
from ._out_of_fold import task_probabilities
from ._publish import publish_tasks

__all__ = ["MultiTaskTunedThresholdClassifier"]


class MultiTaskTunedThresholdClassifier(BaseCrossFitted):
    """Tune the decision threshold of every two-class task for a metric.

    Clones of the estimator predict the rows they were not trained on. For every task of two classes the threshold
    on the probability of ``classes_[1]`` is taken that scores best on these rows, and the estimator is then fitted
    to all rows.

    Parameters
    ----------
    estimator : classifier
        Of one or more tasks, such as ``MultiTaskCNNClassifier()`` or ``MultiTaskCalibratedClassifier(...)``.
        For ``FrozenEstimator(fitted)`` of ``sklearn.frozen`` the thresholds are tuned on the X and y given,
        which it must not have been trained on; it is not fitted again, and `cv` not used.
    scoring : str, callable or mapping task -> str or callable, default="balanced_accuracy"
        What to maximise: a scikit-learn name of a metric of predicted labels, such as ``"f1"``, a function
        ``f(y_true, y_pred)`` or a scorer. The positive class is the label 1, without one ``classes_[1]``, unless a
        scorer (``make_scorer(f1_score, pos_label="no")``) names another. A mapping tunes the tasks it names.
    thresholds : int or array-like, default=100
        The candidates, or how many: equal steps from the smallest to the largest held-out probability.
    cv : int, splitter, iterable of (train, test) or None, default=None
        Which rows are predicted by which clone. None: 5 folds; an int: so many, both of
        :class:`~skmtl.model_selection.MultiTaskStratifiedKFold`.
    n_jobs : int, default=None
        Folds fitted at the same time; None means 1, -1 all processors.

    Attributes
    ----------
    estimator_ : classifier
        The estimator fitted on all rows.
    thresholds_ : dict of task -> float
        ``classes_[1]`` is predicted where its probability is at least this. Tasks that are not tuned are not in it:
        they keep the estimator's predictions.
    best_scores_ : dict of task -> float
        Score of the threshold on the held-out rows. A maximum, so rather too high an estimate for new data.
    curves_ : dict of task -> DataFrame
        Columns ``threshold``, the candidates, and ``score``, theirs on the held-out rows; NaN where the metric is not
        defined.
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
        If a task keeps the estimator's predictions because its held-out labels are of one class only, its
        probabilities all alike, or its metric NaN for all candidates. Also if no candidate scores better than one
        that predicts the same class in all held-out rows, as for recall alone.

    See Also
    --------
    sklearn.model_selection.TunedThresholdClassifierCV : The same for one task.
    MultiTaskCalibratedClassifier : Probabilities that mean what they say.

    Notes
    -----
    The rows of all folds make one curve of scores over thresholds; ``TunedThresholdClassifierCV`` averages a curve
    per fold, which a task with labels in few rows may not have. Of equally good neighbouring thresholds the middle
    one is taken.

    Recall alone is best where all is positive, precision alone often where next to nothing is: tune for a metric that
    weighs the one against the other. See the user guide for recall at a given precision, and for fixed thresholds.

    Examples
    --------
    >>> from skmtl import MultiTaskCNNClassifier, MultiTaskTunedThresholdClassifier
    >>> from skmtl.datasets import load_two_digits
    >>> X, y = load_two_digits(n_samples=200, return_X_y=True, as_frame=True)
    >>> y = (y > 7).astype(int)  # one label in five is 1
    >>> clf = MultiTaskCNNClassifier(max_epochs=10, random_state=0)
    >>> tuned = MultiTaskTunedThresholdClassifier(clf, scoring="f1", cv=2).fit(X, y)
    >>> sorted(tuned.thresholds_)
    ['left', 'right']
    """

    _parameter_constraints = {
        **BaseCrossFitted._parameter_constraints,
        "scoring": [str, callable, Mapping],
        "thresholds": [Interval(Integral, 2, None, closed="left"), "array-like"],
    }

    def __init__(self, estimator, *, scoring="balanced_accuracy", thresholds=100, cv=None, n_jobs=None):
        self.estimator = estimator
        self.scoring = scoring
        self.thresholds = thresholds
        self.cv = cv
        self.n_jobs = n_jobs

    def _params_for_tasks(self, tasks, task_names, classes):
        if not isinstance(self.scoring, Mapping):
            return {}
        scoring = values_per_task("scoring", self.scoring, task_names)
        return {"scoring": {task_names[t]: scoring[t] for t in tasks if scoring[t] is not None}}

    @_fit_context(prefer_skip_nested_validation=False)  # the estimator checks its own parameters
    def fit(self, X, y, sample_weight=None, **fit_params):
        """Fit the estimator and tune the thresholds.

        Parameters
        ----------
        X : array-like, or mapping task -> array-like
            What the estimator takes.
        y : array-like of shape (n_samples,) or (n_samples, n_tasks)
            Labels, one column per task; cells without one do not count.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
            Weights of samples or cells, >= 0, for the estimator and for the metric. Of a pipeline, also in a
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
        metrics = metrics_of_tasks(self.scoring, cells)
        if not isinstance(self.thresholds, Integral):
            candidate_thresholds(self.thresholds, None)  # wrong ones are found before any training
        tuned = any(metric is not None for metric in metrics)
        held_out = self._cross_fit(X, y, cells, sample_weight, fit_params, folds=tuned)
        self.thresholds_, self.best_scores_, self.curves_ = {}, {}, {}
        for metric, (task, name, classes) in zip(metrics, cells.tasks, strict=True):
            if metric is not None:
                self._tune(metric, name, classes, *held_out.labelled(task))
        publish_tasks(self, cells.encoder)
        return self

    def _tune(self, metric, name, classes, proba, codes, weights):
        proba = proba[:, 1]
        if len(np.unique(codes)) < 2:
            found = f"no label but {classes.tolist()[codes[0]]!r}" if len(codes) else "no label"
            return _warn_untuned(name, f"its held-out rows hold {found}")
        if np.isclose(proba.min(), proba.max()):
            return _warn_untuned(name, f"all its held-out rows have the probability {proba[0]:.3g}")
        candidates = candidate_thresholds(self.thresholds, proba)
        scores = scores_of_candidates(metric, name, classes, candidates, proba, codes, weights)
        if np.isnan(scores).all():
            return _warn_untuned(name, f"its metric {metric.name!r} is not defined at any threshold")
        best = best_candidate(scores)
        self.thresholds_[name], self.best_scores_[name] = float(candidates[best]), float(scores[best])
        self.curves_[name] = pd.DataFrame({"threshold": candidates, "score": scores})
        for label, alike in zip(classes.tolist(), (candidates > proba.max(), candidates <= proba.min()), strict=True):
            if (scores[alike] == scores[best]).any():
                return _warn_one_class(name, metric, label)
        return None

    def _codes(self, X):
        tuned = [name in self.thresholds_ for name in self.task_names_]
        codes = np.empty((0, 0)) if all(tuned) else self._own_codes(X)
        if not any(tuned):
            return codes
        proba = self._distributions(X)
        columns = [
            proba[t][:, 1] >= self.thresholds_[name] if tuned[t] else codes[:, t]
            for t, name in enumerate(self.task_names_)
        ]
        return np.column_stack(columns).astype(np.int64)

    def _distributions(self, X):
        return task_probabilities(self.estimator_, X, self._encoder.classes_)


def _warn_untuned(name, reason):
    warnings.warn(
        f"Task {name!r} keeps the predictions of the estimator: {reason}, so that no threshold is better than another. "
        "Give it more labels, or tune on other rows.",
        UncalibratedTaskWarning,
        stacklevel=5,
    )


def _warn_one_class(name, metric, label):
    warnings.warn(
        f"No threshold of task {name!r} scores better than predicting {label!r} for all held-out rows. If the metric "
        f"{metric.name!r} asks for no more than that, as recall alone does, tune for one that weighs misses against "
        "false alarms, such as 'f1'; if not, the probabilities tell too little: train longer, or on more labels.",
        UncalibratedTaskWarning,
        stacklevel=5,
    )
