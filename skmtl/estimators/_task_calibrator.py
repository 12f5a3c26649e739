"""Probabilities of one task -> calibrated ones, by scikit-learn's calibrators."""

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV

__all__ = ["GivenProbabilities", "TaskCalibrator", "why_not"]


class GivenProbabilities(ClassifierMixin, BaseEstimator):
    """A classifier whose input is what it predicts.

    Parameters
    ----------
    n_classes : int
        Columns of the input; the classes are 0, 1 ...
    """

    def __init__(self, n_classes):
        self.n_classes = n_classes

    def fit(self, X, y, sample_weight=None):
        """Learn nothing."""
        self.classes_ = np.arange(self.n_classes)
        return self

    def predict_proba(self, X):
        """Return `X`."""
        return X

    def predict(self, X):
        """Return the class of the largest entry of every row."""
        return X.argmax(axis=1)


class TaskCalibrator(BaseEstimator):
    """Calibrate the probabilities of one task.

    Parameters
    ----------
    method : {"temperature", "sigmoid", "isotonic"}
        See :class:`~sklearn.calibration.CalibratedClassifierCV`.

    Attributes
    ----------
    calibrated_ : CalibratedClassifierCV
        Takes probabilities of the classes `seen_`.
    seen_ : ndarray of int
        Codes of the classes it was fitted on. ``"temperature"`` treats all classes alike, and the other
        methods those with a label: among themselves, leaving to the others the probability they had.
    """

    def __init__(self, method):
        self.method = method

    def fit(self, proba, codes, sample_weight=None):
        """Fit to probabilities beside codes of labels.

        Parameters
        ----------
        proba : ndarray of shape (n_labelled, n_classes)
            Probabilities.
        codes : ndarray of shape (n_labelled,)
            Labels 0, 1 ...
        sample_weight : ndarray of shape (n_labelled,), default=None
            Weights.
        """
        n_classes = proba.shape[1]
        self.seen_ = np.unique(codes)
        if self.method == "temperature":
            # scikit-learn takes the classes from the labels. A row of weight 0 for each one that
            # has none shows them all and does not move the optimum.
            lacking = np.setdiff1d(np.arange(n_classes), self.seen_)
            weight = np.ones(len(codes)) if sample_weight is None else sample_weight
            sample_weight = np.concatenate([weight, np.zeros(len(lacking))])
            proba = np.concatenate([proba, np.full((len(lacking), n_classes), 1 / n_classes)])
            codes = np.concatenate([codes, lacking])
            self.seen_ = np.arange(n_classes)
        given = GivenProbabilities(len(self.seen_))
        every_row = np.arange(len(codes))
        self.calibrated_ = CalibratedClassifierCV(
            given, method=self.method, cv=[(every_row, every_row)], ensemble=False
        )
        with config_context(enable_metadata_routing=False):
            self.calibrated_.fit(_shares(proba[:, self.seen_]), np.searchsorted(self.seen_, codes), sample_weight)
        return self

    @property
    def temperature_(self):
        """By what log-probabilities are divided."""
        return 1 / float(self.calibrated_.calibrated_classifiers_[0].calibrators[0].beta_)

    def predict_proba(self, proba):
        """Return calibrated probabilities of shape (n_samples, n_classes).

        Parameters
        ----------
        proba : ndarray of shape (n_samples, n_classes)
            Probabilities.
        """
        seen = proba[:, self.seen_]
        calibrated = proba.copy()
        calibrated[:, self.seen_] = self.calibrated_.predict_proba(_shares(seen))
        if len(self.seen_) < proba.shape[1]:
            calibrated[:, self.seen_] *= seen.sum(axis=1, keepdims=True)
        return calibrated


def _shares(proba):
    """Return rows divided by their sums; uniform ones for rows of zeros."""
    sums = proba.sum(axis=1, keepdims=True)
    return np.divide(proba, sums, out=np.full_like(proba, 1 / proba.shape[1]), where=sums > 0)


def why_not(method, proba, codes, classes):
    """Return why labels do not tell how to calibrate, None if they do.

    Parameters
    ----------
    method : str
        As of `TaskCalibrator`.
    proba : ndarray of shape (n_labelled, n_classes)
    codes : ndarray of shape (n_labelled,)
    classes : ndarray
        The task's labels, for the message.
    """
    seen = np.unique(codes)
    if not len(seen):
        return "it has no label in the calibration rows"
    if len(seen) == 1:
        return f"its calibration rows hold no label but {classes[seen].tolist()[0]!r}"
    if method == "temperature" and (proba[np.arange(len(codes)), codes] >= proba.max(axis=1)).all():
        return f"all {len(codes)} of its calibration labels are predicted right, so that no certainty is too much"
    return None
