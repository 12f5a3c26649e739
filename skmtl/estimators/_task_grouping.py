"""One network per group of tasks."""

from numbers import Integral

import numpy as np
from sklearn.base import _fit_context
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from .._rows import distinct_images
from .._targets import Targets, read_targets
from ..metrics._nested import seen_cells
from ..model_selection import select_task_groups, task_affinity
from ..model_selection._fit_labelled import fit_labelled
from ..model_selection._fit_params import fit_params_of, read_fit_params
from ..model_selection._models_inside import may_offer
from ..model_selection._probed import net_prefix
from ..model_selection._task_subset import inputs_of, subset, task_frame, with_seed
from ._given_groups import groups_of_tasks, resolve_groups
from ._meta import BaseMultiTaskMeta
from ._out_of_fold import task_probabilities
from ._publish import publish_tasks

__all__ = ["TaskGroupingClassifier"]


class TaskGroupingClassifier(BaseMultiTaskMeta):
    """Train tasks together that help one another, and apart that do not.

    A clone of `estimator` is trained for every group of tasks. Groups may overlap: a task may be learned in one to
    help the others, and be predicted by another.

    Parameters
    ----------
    estimator : multi-task classifier
        Such as ``MultiTaskCNNClassifier()`` or a pipeline around one; cloned, never changed. Parameters that tell
        tasks apart (`task_weights`, `head` ...) are for all tasks; each group gets its own.
    groups : "auto", TaskGrouping or list of tuples of task names or indices, default="auto"
        ``"auto"`` measures `affinity` on the training data and takes the groups of
        :func:`skmtl.model_selection.select_task_groups`. Of groups given in a list, the first that has a task
        predicts it.
    n_groups : int, default=2
        At most so many groups, for ``groups="auto"``.
    affinity : {"lookahead", "gradient_cosine", "transfer", "label_association"}, default="lookahead"
        Method of :func:`skmtl.model_selection.task_affinity`, for ``groups="auto"``.
    allow_singletons : bool, default=False
        Whether a task may be left to itself, for ``groups="auto"``.
    random_state : int, RandomState instance or None, default=None
        Seeds the measuring of affinities, and every ``random_state`` inside the networks, which keep their own
        with None.
    n_jobs : int, default=None
        Groups (and repeats of the affinity) trained at the same time; None means 1, -1 all processors.

    Attributes
    ----------
    groups_ : list of tuple
        Task names of every group.
    assignment_ : dict
        For every task the group that predicts it.
    estimators_ : list of classifier
        The fitted clones, one per group.
    affinity_ : TaskAffinity or None
        What was measured; None if the groups were given, or y has a single task or `n_groups` is 1.
    classes_ : ndarray or list of ndarray
        Labels; a list with one entry per task if y is 2-D.
    n_classes_ : int or list of int
        Number of labels, likewise.
    n_tasks_ : int
        Number of tasks.
    task_names_ : list
        Column names of y, or ``"task0"``, ``"task1"`` ...
    n_features_in_ : int
        Length of the second axis of X, if the estimators have it.
    feature_names_in_ : ndarray of str
        Column names of X, if the estimators have them.

    See Also
    --------
    skmtl.model_selection.select_networks : Groups from the losses of trained networks.
    skmtl.model_selection.compare_with_single_task : Whether learning together helped at all.

    Notes
    -----
    Measuring the affinity trains further networks, as many as the method's repeats ask for. Groups chosen on the
    rows that they are later scored on would look too good; as a part of the estimator, the choice is made anew in
    every training fold.

    A group is trained on the rows that have a label of any of its tasks; one of a single task on a 1-D y, or on one
    column if the estimator takes no other, as ``sklearn.multioutput.MultiOutputClassifier``.

    References
    ----------
    Fifty et al. (2021), Efficiently Identifying Task Groupings for Multi-Task Learning, NeurIPS, section 3.
    Standley et al. (2020), Which Tasks Should Be Learned Together in Multi-task Learning?, ICML.

    Examples
    --------
    >>> from skmtl import MultiTaskCNNClassifier
    >>> from skmtl.datasets import load_two_digits
    >>> from skmtl import TaskGroupingClassifier
    >>> X, y = load_two_digits(n_samples=200, return_X_y=True, as_frame=True)
    >>> y = y.assign(odd=y["left"] % 2)
    >>> clf = MultiTaskCNNClassifier(max_epochs=2, random_state=0)
    >>> grouped = TaskGroupingClassifier(clf, groups=[("left", "odd"), ("right",)]).fit(X, y)
    >>> grouped.assignment_["odd"]
    ('left', 'odd')
    >>> grouped.predict(X[:2]).shape
    (2, 3)
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict"])],
        "groups": "no_validation",
        "n_groups": [Interval(Integral, 1, None, closed="left")],
        "affinity": [StrOptions({"lookahead", "gradient_cosine", "transfer", "label_association"})],
        "allow_singletons": ["boolean"],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        estimator,
        groups="auto",
        *,
        n_groups=2,
        affinity="lookahead",
        allow_singletons=False,
        random_state=None,
        n_jobs=None,
    ):
        self.estimator = estimator
        self.groups = groups
        self.n_groups = n_groups
        self.affinity = affinity
        self.allow_singletons = allow_singletons
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _params_for_tasks(self, tasks, task_names, classes):
        return {} if self._is_auto else {"groups": groups_of_tasks(self.groups, task_names, tasks)}

    @property
    def _is_auto(self):
        return isinstance(self.groups, str) and self.groups == "auto"

    @_fit_context(prefer_skip_nested_validation=False)  # the estimator checks its own parameters
    def fit(self, X, y, sample_weight=None, **fit_params):
        """Choose the groups, unless they are given, and train a network for each.

        Parameters
        ----------
        X : array-like, or mapping task -> array-like
            What the estimator takes.
        y : array-like of shape (n_samples,) or (n_samples, n_tasks)
            Labels, one column per task.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
            Weights of samples or cells, >= 0; those of cells are cut with the tasks. Of a pipeline, also in a
            search, the last step is trained with them; with scikit-learn's metadata routing on, whatever asks for
            them.
        **fit_params : dict
            Passed to ``fit`` for every group, and where affinities are measured; what has one entry per row is cut
            with the rows. With scikit-learn's metadata routing on, whatever it routes.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If a parameter, y or a weight makes no sense; whatever the estimator raises.
        """
        if isinstance(self.estimator, FrozenEstimator):
            raise TypeError(
                "estimator is frozen, but is trained anew for every group of tasks: pass the classifier inside it."
            )
        cells = self._read_cells(X, y, sample_weight)
        names, frame = cells.encoder.task_names_, task_frame(y, self.missing_label)
        routed = {**self._routed(sample_weight, fit_params)[0]}
        weights = routed.pop("sample_weight", None)
        fit_params = read_fit_params(self.estimator, weights, routed, frame, hasattr(y, "columns"))
        seed, estimator = None, self.estimator
        if self.random_state is not None:
            seed = int(check_random_state(self.random_state).randint(2**31 - 1))
            estimator = with_seed(estimator, seed)
        affinity, groups = self._choose(X, frame, cells, fit_params, seed)
        columns, serves = resolve_groups(groups, names)
        jobs = (delayed(_fit_group)(estimator, X, frame, tasks, fit_params) for tasks in columns)
        estimators = Parallel(n_jobs=self.n_jobs)(jobs)
        self.affinity_, self.estimators_, self._columns, self._serves = affinity, estimators, columns, serves
        self.groups_ = [tuple(names[t] for t in tasks) for tasks in columns]
        self.assignment_ = {name: self.groups_[g] for name, g in zip(names, serves, strict=True)}
        publish_tasks(self, cells.encoder)
        return self

    def _choose(self, X, frame, cells, fit_params, seed):
        """Return (affinity or None, groups)."""
        if not self._is_auto:
            return None, self.groups
        if len(frame.columns) == 1 or self.n_groups == 1:
            return None, [tuple(range(len(frame.columns)))]
        if self.affinity == "label_association":
            # It reads neither images nor weights, but labels without them do not count.
            frame, fit_params = cells.labels, {}
        elif self.affinity != "transfer":
            net_prefix(self.estimator, self.affinity, "affinity")
        elif not may_offer(self.estimator, ["predict_proba"]):
            raise TypeError(
                "affinity='transfer' scores probabilities: estimator must have predict_proba. Got "
                f"{type(self.estimator).__name__} instead, without: use affinity='label_association', or pass groups."
            )
        params = {**fit_params}
        how = {"sample_weight": params.pop("sample_weight", None), "random_state": seed, "n_jobs": self.n_jobs}
        affinity = task_affinity(self.estimator, X, frame, self.affinity, params=params or None, **how)
        self._check_known(affinity)
        how = {"allow_singletons": self.allow_singletons, "random_state": seed}
        return affinity, select_task_groups(affinity, self.n_groups, **how)

    def _check_known(self, affinity):
        matrix = affinity.affinity.to_numpy()
        unknown = np.argwhere(~np.isfinite(matrix) & ~np.eye(len(matrix), dtype=bool))
        if len(unknown):
            giver, receiver = (affinity.task_names[t] for t in unknown[0])
            where = "row of y" if self.affinity == "label_association" else "batch that was looked at"
            raise ValueError(
                f"affinity={self.affinity!r} knows nothing of what task {giver!r} gives to task {receiver!r}: no "
                f"{where} has labels of both, or they are all the same. Use affinity='transfer', which asks of no row "
                "to have both, or pass groups."
            )

    @property
    def _fitted(self):
        return self.estimators_[0]

    def _of_groups(self, X):
        """Yield (fitted estimator, its X, [(place in the group, task)] of what it predicts)."""
        for g, (estimator, tasks) in enumerate(zip(self.estimators_, self._columns, strict=True)):
            served = [(place, t) for place, t in enumerate(tasks) if self._serves[t] == g]
            yield estimator, inputs_of(X, self.task_names_, tasks), served

    def _seen_cells(self, X):
        if distinct_images(X) is None:
            # All groups are given the same.
            return seen_cells(self._fitted, X, self.task_names_)
        columns = [np.ones(1)] * self.n_tasks_
        for (estimator, own, served), tasks in zip(self._of_groups(X), self._columns, strict=True):
            seen = seen_cells(estimator, own, [self.task_names_[t] for t in tasks])
            for place, t in served:
                columns[t] = columns[t] if seen is None else seen[:, place]
        seen = np.column_stack(np.broadcast_arrays(*columns))
        return None if seen.all() else seen

    def _codes(self, X):
        columns = [None] * self.n_tasks_
        for estimator, own, served in self._of_groups(X):
            predicted = read_targets(estimator.predict(own)).columns
            for place, t in served:
                columns[t] = predicted[place]
        return self._encoder.encode(Targets(columns, self._encoder.one_dimensional_, named=False, dtype=None))

    @available_if(lambda self: hasattr(self.estimator, "predict_proba"))
    def predict_proba(self, X):
        """Predict the probability of every label.

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
        classes = self._encoder.classes_
        out = [None] * self.n_tasks_
        for (estimator, own, served), tasks in zip(self._of_groups(X), self._columns, strict=True):
            proba = task_probabilities(estimator, own, [classes[t] for t in tasks])
            for place, t in served:
                out[t] = proba[place]
        return out[0] if self._encoder.one_dimensional_ else out


def _fit_group(estimator, X, frame, tasks, fit_params):
    estimator, X, y = subset(estimator, X, frame, tasks)
    return fit_labelled(estimator, X, y, fit_params_of(fit_params, tasks))
