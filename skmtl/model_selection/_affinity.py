"""Which tasks help which: four ways to measure it."""

import warnings
from numbers import Integral

import pandas as pd
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions, validate_params

from .._validation import check_option
from ..exceptions import UnstableAffinityWarning
from ._affinity_result import LEAST_STABILITY, TaskAffinity
from ._association import ASSOCIATIONS, label_association
from ._fit_params import read_fit_params
from ._probed import probed
from ._repeats import mean_and_error
from ._task_subset import check_inputs, own_missing_label, task_frame
from ._transfer import transfer

__all__ = ["task_affinity"]

# Options that are for some methods only; given to another, they would be ignored.
OPTIONS = {
    "lookahead": ("every", "sample_weight", "params"),
    "gradient_cosine": ("every", "sample_weight", "params"),
    "transfer": ("cv", "scoring", "sample_weight", "params"),
    "label_association": ("association",),
}
N_REPEATS, N_RESAMPLES, EVERY = 3, 100, 10


@validate_params(
    {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "method": [str],
        "n_repeats": [Interval(Integral, 1, None, closed="left"), None],
        "every": [Interval(Integral, 1, None, closed="left"), None],
        "association": [StrOptions(set(ASSOCIATIONS)), None],
        "params": [dict, None],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def task_affinity(
    estimator,
    X,
    y,
    method="lookahead",
    *,
    n_repeats=None,
    every=None,
    cv=None,
    scoring=None,
    association=None,
    sample_weight=None,
    params=None,
    random_state=None,
    n_jobs=None,
    verbose=0,
):
    """Measure how much each task gives to each other one.

    Parameters
    ----------
    estimator : classifier or None
        Cloned, never changed. For ``"lookahead"`` and ``"gradient_cosine"`` a `MultiTaskCNNClassifier`, alone, as
        the last step of a pipeline or in a search; for ``"transfer"`` any classifier that learns one task and
        several; for ``"label_association"`` only its ``missing_label`` is read, and it may be None.
    X : array-like, or mapping task -> array-like
        As `estimator` takes it. Not read for ``"label_association"``.
    y : array-like of shape (n_samples, n_tasks)
        Labels; cells without one do not count.
    method : {"lookahead", "gradient_cosine", "transfer", "label_association"}, default="lookahead"
        What to measure:

        - ``"lookahead"``: by what share of its value a training step for the giver alone lowers the receiver's
          loss on the same batch, ``1 - L_j(theta - lr g_i) / L_j(theta)``, averaged over a training run
          (task affinity grouping, TAG). `g_i` is the gradient of the giver's loss with respect to the shared
          parameters, `lr` the learning rate of the moment.
        - ``"gradient_cosine"``: the mean cosine of the two gradients in the same run. Symmetric.
        - ``"transfer"``: by what share of its value the receiver's held-out score rises when the two are learned
          together and not each alone, ``(M_j(pair) - M_j(alone)) / abs(M_j(alone))``. For a negated loss that is
          ``1 - L_j(pair) / L_j(alone)``. The only one that looks at held-out rows.
        - ``"label_association"``: what the giver's labels tell about the receiver's; no training.
    n_repeats : int, default=None
        How often to measure, each time from another seed. For ``"label_association"`` the number of bootstrap
        resamples. None: 3, for ``"label_association"`` 100.
    every : int, default=None
        Probe each `every`-th training batch; None: 10. For ``"lookahead"`` and ``"gradient_cosine"`` only.
    cv : int, splitter or iterable of (train, test), default=None
        Held-out rows; None: one `MultiTaskStratifiedShuffleSplit` with a quarter of the rows, another in every
        repeat. As in `compare_with_single_task` else. For ``"transfer"`` only.
    scoring : str, callable, scikit-learn scorer or mapping task -> one of these, default=None
        Metric of a task, of which more is better, as in :func:`skmtl.metrics.task_scorer`, one for all tasks or one
        for each; None: ``"neg_log_loss"``. For ``"transfer"`` only.
    association : {"cramers_v", "mutual_information"}, default=None
        Cramér's V without its bias, symmetric; or the mutual information above what chance gives, as a share of the
        most that the receiver's entropy leaves room for, directed: 1 if the giver's labels tell the receiver's,
        about 0 (also below) if nothing. None: ``"cramers_v"``. For ``"label_association"`` only.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
        Weights of rows or cells, in training and in the scores. Of a pipeline, also in a search, the last step is
        trained with them; with scikit-learn's metadata routing on, whatever asks for them. Not for
        ``"label_association"``.
    params : dict, default=None
        Further parameters of ``fit``; what has one entry per row is cut with the rows. Not for
        ``"label_association"``.
    random_state : int, RandomState instance or None, default=None
        Seeds the repeats: every ``random_state`` inside the estimator, splits, resamples.
    n_jobs : int, default=None
        Repeats, or models, trained at the same time; see joblib. Does not change the result, but for the rounding
        of sums, where processes have another number of threads.
    verbose : int, default=0
        1: a progress bar over the fits or resamples.

    Returns
    -------
    TaskAffinity
        Estimate, standard errors and repeats; rows give, columns receive. The estimate is the mean of the
        repeats that know an entry and its standard error theirs; for ``"label_association"``, the association in all
        rows and the standard deviation over the resamples.

    Raises
    ------
    ValueError
        If an argument makes no sense or is for another method, or y has a single task; before any training. Also if
        the tasks share no layer to train, or one has weight 0, where `method` reads gradients; before the first step.
    TypeError
        If `estimator` is a class or frozen, takes no weights where there are some, or `method` reads gradients and
        it holds no network that is trained by them.
    AttributeError
        If `estimator` has no method that `scoring` reads, such as ``predict_proba`` for the default; before any
        training, where it can be told.
    KeyboardInterrupt
        If the user interrupts a fit (Ctrl-C). A callback that raises it stops its own fit only.

    Warns
    -----
    UnstableAffinityWarning
        If the repeats disagree: with three tasks or more and two repeats or more, if ``TaskAffinity.stability`` is
        below 0.5. It says so where ``TaskAffinity.nothing_seen``. For two tasks, of which none has a choice among
        givers, the standard errors tell.

    See Also
    --------
    select_task_groups : Groups of tasks from it.
    compare_with_single_task : Whether learning all of them together has helped.

    Notes
    -----
    With T tasks, ``"lookahead"`` and ``"gradient_cosine"`` take one training run a repeat, of a search a whole
    search. A probed batch costs, on top of its step, one pass forward, T backward and memory for T gradients, and
    for the former T + 1 more passes forward. The probe does not change the training. It computes in the precision of
    the parameters and with the batch statistics and dropout masks of the step itself. Learned are the tasks' losses
    as in training, with their class weights and sample weights, but without `task_weights` and `weighting`. With
    soft sharing (cross-stitch, experts, attention) shared are parameters that more than one task reaches. Batches
    without a label of a task do not count for it. An `augment` with random numbers of its own, not PyTorch's, draws
    anew in every forward pass.
    ``"lookahead"`` puts the giver's own effect on the diagonal, ``"transfer"`` 0.

    ``"transfer"`` trains ``T (T + 1) / 2`` models a split and repeat, on the rows labelled for any of their tasks.

    ``"label_association"`` looks at the rows labelled for both tasks, and is NaN if there are none or they leave
    nothing to find out: for Cramér's V, if one of the two tasks has a single label there, or another one in every
    row; for the mutual information, if the receiver has a single label, or the giver another one in every row.
    Resamples have less variety than the rows they are drawn from, so that their mean is not the estimate.

    References
    ----------
    Fifty et al. (2021), Efficiently Identifying Task Groupings for Multi-Task Learning, NeurIPS, section 3.
    Standley et al. (2020), Which Tasks Should Be Learned Together in Multi-task Learning?, ICML: pairs.
    Bergsma (2013), A bias-correction for Cramér's V and Tschuprow's T, J. Korean Statistical Society 42.
    Vinh, Epps and Bailey (2010), Information Theoretic Measures for Clusterings Comparison, JMLR 11: the expected
    mutual information.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> import pandas as pd
    >>> from skmtl import MultiTaskCNNClassifier
    >>> from skmtl.model_selection import task_affinity
    >>> X, digit = load_digits(return_X_y=True)
    >>> y = pd.DataFrame({"digit": digit, "odd": digit % 2})
    >>> clf = MultiTaskCNNClassifier(image_shape=(8, 8), max_epochs=2)
    >>> result = task_affinity(clf, X[:300], y[:300], n_repeats=2, random_state=0)
    >>> result.affinity.shape, list(result.affinity.columns)
    ((2, 2), ['digit', 'odd'])
    >>> labels_only = task_affinity(None, None, y, "label_association", association="mutual_information")
    >>> labels_only.affinity.round(2)
           digit  odd
    digit    1.0  1.0
    odd      0.3  1.0
    """
    check_option("method", method, OPTIONS)
    _check_estimator(estimator, method)
    given = {"every": every, "cv": cv, "scoring": scoring, "association": association}
    _check_options(method, given | {"sample_weight": sample_weight, "params": params})
    frame = task_frame(y, None if estimator is None else own_missing_label(estimator))
    names = list(frame.columns)
    if len(names) < 2:
        raise ValueError(f"y must have at least two tasks for one to help another. Got {names!r} instead.")
    n_repeats = n_repeats or (N_RESAMPLES if method == "label_association" else N_REPEATS)
    seeds = check_random_state(random_state).randint(2**31 - 1, size=n_repeats)
    if method == "label_association":
        found = label_association(frame, association or "cramers_v", seeds, n_jobs, verbose)
        return _finish(method, names, *found)
    check_inputs(X, frame)
    fit_params = read_fit_params(estimator, sample_weight, params, frame, hasattr(y, "columns"))
    if method == "transfer":
        scoring = "neg_log_loss" if scoring is None else scoring
        repeats, losses = transfer(estimator, X, frame, fit_params, cv, scoring, seeds, n_jobs, verbose)
        return _finish(method, names, repeats, *mean_and_error(repeats), losses)
    repeats = probed(estimator, X, y, fit_params, method, every or EVERY, seeds, n_jobs, verbose)
    return _finish(method, names, repeats, *mean_and_error(repeats))


def _check_estimator(estimator, method):
    if isinstance(estimator, type):
        raise TypeError(f"estimator is the class {estimator.__name__}: pass an instance, {estimator.__name__}(...).")
    if method == "label_association":
        return
    if estimator is None:
        raise ValueError(f"estimator is None, but method={method!r} trains it: pass one, or use 'label_association'.")
    if isinstance(estimator, FrozenEstimator):
        raise TypeError(f"estimator is frozen, but method={method!r} trains it anew: pass the classifier inside it.")


def _check_options(method, given):
    for name, value in given.items():
        if value is not None and name not in OPTIONS[method]:
            users = ", ".join(repr(other) for other, options in OPTIONS.items() if name in options)
            raise ValueError(f"{name} is an option of {users}, and does nothing for method={method!r}: leave it out.")


def _finish(method, names, repeats, estimate, error, losses=None):
    frames = [pd.DataFrame(matrix, index=names, columns=names) for matrix in (estimate, error)]
    result = TaskAffinity(*frames, repeats, method, names, losses)
    if result.stability < LEAST_STABILITY:
        warnings.warn(_unstable(result), UnstableAffinityWarning, stacklevel=4)
    return result


def _unstable(result):
    """Return why the affinity says too little to group by."""
    of_labels = result.method == "label_association"
    repeats = f"{len(result.repeats)} {'resamples' if of_labels else 'repeats'}"
    # Resamples are as few rows as there are, however many are drawn.
    remedy = "more rows may help, more resamples do not" if of_labels else "more repeats or more labels may help"
    if result.nothing_seen:
        return (
            f"No task is seen to give another anything: what {repeats} of method={result.method!r} find is no more "
            f"than chance explains. Groups chosen by it are guesses; {remedy}."
        )
    return (
        f"The {repeats} rank the tasks differently: the mean correlation of what they say about givers is "
        f"{result.stability:.2f}, below {LEAST_STABILITY}. Look at standard_error before choosing; {remedy}."
    )
