"""Did learning the tasks together help? The same trunk for each task alone, on the same folds and seeds."""

from numbers import Integral, Real

from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, validate_params
from sklearn.utils.parallel import delayed

from ..metrics._metrics_of_tasks import metric_names
from ._comparison_summary import summarize
from ._evaluate import evaluate
from ._fit_params import read_fit_params
from ._repeated_splits import repeated_splits
from ._repeats import run_jobs
from ._task_metrics import read_metrics
from ._task_subset import check_inputs, own_missing_label, task_frame, with_seed

__all__ = ["compare_with_single_task"]


@validate_params(
    {
        "estimator": [HasMethods(["fit", "predict"])],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
        "params": [dict, None],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def compare_with_single_task(
    estimator,
    X,
    y,
    *,
    cv=5,
    n_repeats=2,
    scoring="accuracy",
    confidence_level=0.95,
    groups=None,
    sample_weight=None,
    params=None,
    random_state=None,
    n_jobs=None,
    verbose=0,
):
    """Compare a multi-task model with the same model trained for each task alone.

    In every split the multi-task model and one model per task are trained on the same rows from the same seed, and
    scored on the same held-out rows. The differences are paired over splits and seeds, and their intervals
    corrected for the overlap of the training parts.

    Parameters
    ----------
    estimator : multi-task classifier
        Cloned, never changed. For a task alone, a `MultiTaskCNNClassifier` (also inside a pipeline) keeps the
        trunk, the task's own head, class weights and input, and all training parameters; `sharing`,
        `weighting` and `task_weights` have nothing to do, nor does a search try them.
    X : array-like, or mapping task -> array-like
        As `estimator` takes it.
    y : array-like of shape (n_samples, n_tasks)
        Labels; cells without one do not count. A model of one task is trained on the rows that are labelled.
    cv : int, splitter or iterable of (train, test), default=5
        An int stands for a shuffled `MultiTaskStratifiedKFold`. A splitter that shuffles does so anew in every
        repeat; others, and an iterable, give the same splits every time.
    n_repeats : int, default=2
        How often the splits are gone through, each time from another seed.
    scoring : str, callable, scikit-learn scorer or mapping task -> one of these, default="accuracy"
        Metric of a task, of which more is better, as in :func:`skmtl.metrics.task_scorer`. A mapping says for every
        task by what it is scored.
    confidence_level : float, default=0.95
        Of the intervals, in (0, 1).
    groups : array-like of shape (n_samples,), default=None
        For splitters that keep groups of rows together.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
        Weights of rows or cells, in training and in the scores. Of a pipeline, also in a search, the last step is
        trained with them; with scikit-learn's metadata routing on, whatever asks for them.
    params : dict, default=None
        Further parameters of ``fit``; what has one entry per row is cut with the rows.
    random_state : int, RandomState instance or None, default=None
        Seeds the repeats: their splits and every ``random_state`` inside the estimator.
    n_jobs : int, default=None
        Models trained at the same time; see joblib. Does not change the result, but the times.
    verbose : int, default=0
        1: a progress bar over all fits.

    Returns
    -------
    SingleTaskComparison
        Tables, with ``print`` as a report.

    Raises
    ------
    ValueError
        If an argument makes no sense, y has a single task or there are fewer than two splits in all; before
        any training.
    TypeError, AttributeError
        If `estimator` is a class, takes no weights where there are some, or has no method that `scoring` reads.
    KeyboardInterrupt
        If the user interrupts a fit (Ctrl-C). A callback that raises it stops its own fit only.

    Warns
    -----
    UndefinedGainWarning
        If a single-task model scores 0, to which `delta_m` cannot be relative.
    UnlabelledTaskWarning
        If a task has no label in a held-out part, which then does not count for it.

    See Also
    --------
    skmtl.inspection.SingleTaskComparisonDisplay : A picture of it.

    Notes
    -----
    ``n_repeats`` times the number of splits times ``n_tasks + 1`` models are trained. An interval that holds zero
    does not say that there is no difference, only that so many splits do not show one. Intervals assume that folds
    err independently, which holds less the more a learner hangs on few rows; see the user guide for simulations.
    `delta_m` averages relative changes, also those of different metrics; see there for metrics that are about 0 where
    a model has no skill. Where all folds tie, an interval is as long as a score's step of one row makes it. Each
    task's interval stands for itself: of forty tasks without any transfer, one is flagged by chance.

    References
    ----------
    Nadeau and Bengio (2003), Inference for the Generalization Error, Machine Learning 52, section 3: the intervals.
    Vandenhende et al. (2021), Multi-Task Learning for Dense Prediction Tasks: A Survey, TPAMI, section 4.1.

    Examples
    --------
    >>> from skmtl import MultiTaskCNNClassifier
    >>> from skmtl.datasets import load_two_digits
    >>> from skmtl.model_selection import compare_with_single_task
    >>> X, y = load_two_digits(n_samples=150, return_X_y=True, as_frame=True)
    >>> clf = MultiTaskCNNClassifier(max_epochs=2)
    >>> result = compare_with_single_task(clf, X, y, cv=2, n_repeats=1, random_state=0)
    >>> list(result.table.columns)
    ['single_task', 'multi_task', 'difference', 'lower', 'upper', 'negative_transfer']
    """
    if isinstance(estimator, type):
        name = estimator.__name__
        raise TypeError(f"estimator must be an instance. Got the class {name} instead: pass {name}().")
    missing_label = own_missing_label(estimator)
    frame = task_frame(y, missing_label)
    names = list(frame.columns)
    if len(names) < 2:
        raise ValueError(f"y must have at least two tasks to compare with single-task models. Got {names!r} instead.")
    check_inputs(X, frame)
    fit_params = read_fit_params(estimator, sample_weight, params, frame, hasattr(y, "columns"))
    metrics = read_metrics(scoring, estimator, frame, fit_params)
    seeds = check_random_state(random_state).randint(2**31 - 1, size=n_repeats)
    splits = repeated_splits(cv, frame, groups, seeds)
    if len(splits) < 2:
        raise ValueError("cv and n_repeats give a single split, but an interval needs two: raise n_repeats or cv.")
    models = [list(range(len(names))), *([t] for t in range(len(names)))]
    jobs = [
        delayed(evaluate)(with_seed(estimator, seed), X, frame, tasks, split, metrics, fit_params)
        for seed, split in splits
        for tasks in models
    ]
    runs = run_jobs(jobs, "fit", n_jobs, verbose, desc="compare")
    return summarize(runs, splits, names, n_repeats, metric_names(metrics, names), confidence_level)
