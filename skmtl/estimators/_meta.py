"""What meta-estimators of several tasks have in common: reading y, publishing the tasks, predicting, scoring."""

from copy import deepcopy

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .._targets import TargetEncoder, read_targets
from ..metrics._responses import fitted_attribute, fitted_classes
from ..model_selection._models_inside import refuses_1d
from ..model_selection._task_subset import own_missing_label
from ._coded_cells import read_cells
from ._score import mean_accuracy

__all__ = ["BaseMultiTaskMeta"]


class BaseMultiTaskMeta(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Around one `estimator`, fitted as `estimator_`; subclasses fit it and say what they predict.

    Subclasses call `_read_cells` first and `publish_tasks` last in `fit`, and offer ``_codes(X)``, the codes of the
    predicted labels, of shape (n_samples, n_tasks).
    """

    def __sklearn_tags__(self):
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.input_tags = deepcopy(inner.input_tags)
        tags.target_tags = deepcopy(inner.target_tags)
        tags.target_tags.single_output = not refuses_1d(self.estimator)
        tags.classifier_tags = deepcopy(inner.classifier_tags)
        return tags

    def get_metadata_routing(self):
        """Return which metadata goes where (scikit-learn's protocol).

        Returns
        -------
        MetadataRouter
        """
        to_fit = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=self).add_self_request(self).add(estimator=self.estimator, method_mapping=to_fit)
        if hasattr(self, "cv"):
            router.add(splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
        return router

    @property
    def missing_label(self):
        """Marker for "no label" of the wrapped estimator, None if it has none."""
        found = fitted_attribute(self.estimator, "missing_label")
        return own_missing_label(self.estimator) if found is None else found

    @property
    def n_features_in_(self):
        """Length of the second axis of X; only where the wrapped estimator has this attribute."""
        return self._fitted.n_features_in_

    @property
    def feature_names_in_(self):
        """Column names of X; only where the wrapped estimator has this attribute."""
        return self._fitted.feature_names_in_

    @property
    def _fitted(self):
        return self.estimator_

    def _read_cells(self, X, y, sample_weight):
        """Return the `CodedCells` of y: of the classes in it, or of those a frozen estimator knows."""
        if isinstance(self.estimator, type):
            name = self.estimator.__name__
            raise TypeError(
                f"The 'estimator' parameter of {type(self).__name__} must be an instance. Got the class {name} "
                f"instead: pass {name}()."
            )
        encoder = None
        if isinstance(self.estimator, FrozenEstimator):
            check_is_fitted(self.estimator)
            encoder = encoder_of(self.estimator, read_targets(y, self.missing_label))
        return read_cells(X, y, sample_weight, self.missing_label, encoder)

    def _routed(self, sample_weight, fit_params):
        """Return (parameters of the estimator's fit, for `passed_on`, parameters of the splitter's split)."""
        given = fit_params if sample_weight is None else {"sample_weight": sample_weight, **fit_params}
        if not get_config()["enable_metadata_routing"]:
            return given, {}
        routed = process_routing(self, "fit", **given)
        return routed.estimator.fit, routed.splitter.split if hasattr(self, "cv") else {}

    def _own_codes(self, X):
        """Return the codes of the labels that the wrapped estimator predicts, shape (n_samples, n_tasks)."""
        return self._encoder.encode(read_targets(self._fitted.predict(X)))

    def predict(self, X):
        """Predict a label of every task.

        Parameters
        ----------
        X : array-like
            Images as at fit.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_tasks)
            1-D if y was. Labels in the dtype they came in; tasks of different types give an
            object array.
        """
        check_is_fitted(self, "task_names_")
        return self._encoder.decode(self._codes(X))

    @available_if(lambda self: hasattr(self, "predict_proba"))
    def predict_log_proba(self, X):
        """Predict the logarithm of the probability of every label, -inf where that is 0.

        Parameters
        ----------
        X : array-like
            Images as at fit.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or list of n_tasks such arrays
            Columns in the order of ``classes_``.
        """
        proba = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return [np.log(p) for p in proba] if isinstance(proba, list) else np.log(proba)

    def score(self, X, y, sample_weight=None):
        """Return the unweighted mean of the tasks' accuracies over labelled cells.

        Parameters
        ----------
        X : array-like
            Images as at fit.
        y : array-like of shape (n_samples,) or (n_samples, n_tasks)
            True labels; cells without one do not count.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
            Weights of samples or cells; a data frame is matched with the tasks by name.

        Returns
        -------
        float
        """
        return mean_accuracy(self, X, y, sample_weight)


def encoder_of(estimator, targets):
    """Return the encoder of a fitted estimator's classes, in the order of its tasks."""
    encoder = fitted_attribute(estimator, "_encoder")
    if isinstance(encoder, TargetEncoder):
        return encoder
    return TargetEncoder().fit(targets, fitted_classes(estimator, targets.names))
