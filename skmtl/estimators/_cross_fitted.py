"""A meta-estimator that learns from what its estimator says about rows it was not trained on."""

from numbers import Integral

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import check_is_fitted

from ..model_selection._fit_params import passed_on
from ._meta import BaseMultiTaskMeta
from ._out_of_fold import of_fitted, out_of_fold

__all__ = ["BaseCrossFitted"]


class BaseCrossFitted(BaseMultiTaskMeta):
    """Subclasses have the parameters `estimator`, `cv` and `n_jobs`, and offer ``_distributions(X)``.

    The latter are the probabilities of every task, a list of arrays of shape (n_samples, n_classes).
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict", "predict_proba"])],
        "cv": ["cv_object"],
        "n_jobs": [Integral, None],
    }

    def _cross_fit(self, X, y, cells, sample_weight, fit_params, *, folds=True):
        """Set `estimator_`, fitted on everything; return the `HeldOut` of its like, None without folds."""
        if isinstance(self.estimator, FrozenEstimator):
            if fit_params:
                raise TypeError(
                    f"estimator is frozen and not fitted again, which leaves the fit parameters {sorted(fit_params)!r} "
                    "nothing to do: leave them out."
                )
            self.estimator_ = self.estimator
            return of_fitted(self.estimator, X, cells) if folds else None
        fit_params, split_params = self._routed(sample_weight, fit_params)
        fit_params = passed_on(self.estimator, fit_params)
        held_out = None
        if folds:
            held_out = out_of_fold(
                self.estimator,
                X,
                y,
                cells,
                cv=self.cv,
                n_jobs=self.n_jobs,
                fit_params=fit_params,
                split_params=split_params,
            )
        self.estimator_ = clone(self.estimator).fit(X, y, **fit_params)
        return held_out

    def predict_proba(self, X):
        """Predict the probability of every label: calibrated, or as the estimator does.

        Parameters
        ----------
        X : array-like
            Images as at fit.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or list of n_tasks such arrays
            Columns in the order of ``classes_``.
        """
        check_is_fitted(self, "task_names_")
        proba = self._distributions(X)
        return proba[0] if self._encoder.one_dimensional_ else proba
