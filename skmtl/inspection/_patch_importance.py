"""Which patches of the images the score of every task needs."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils._param_validation import Interval, RealNotInt, validate_params
from sklearn.utils.validation import _num_samples

from .._rows import distinct_images
from .._targets import read_targets
from ..metrics._metrics_of_tasks import metric_names, resolve_metrics
from ..metrics._scorer_base import TaskScores
from ..model_selection._task_subset import take_rows
from ._image_sets import holds_images, image_rows, read_sets
from ._overlap import overlap_of
from ._patch_images import images_inside
from ._patch_result import PatchImportance
from ._patch_scores import PatchScores
from ._patches import PatchGrid, find_layout
from ._task_panels import chosen_tasks

__all__ = ["patch_importance"]


@validate_params(
    {
        "patch": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "scoring": [str, callable, Mapping],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "max_samples": [Interval(Integral, 2, None, closed="left"), Interval(RealNotInt, 0, 1, closed="right"), None],
        "spatial_dims": [Interval(Integral, 1, 3, closed="both"), None],
    },
    prefer_skip_nested_validation=True,
)
def patch_importance(
    estimator,
    X,
    y,
    *,
    patch=4,
    scoring="accuracy",
    tasks=None,
    n_repeats=5,
    max_samples=None,
    random_state=None,
    n_jobs=None,
    missing_label=None,
    image_shape=None,
    channel_axis="auto",
    spatial_dims=None,
):
    """Measure what the score of every task loses when a patch is exchanged between the images.

    Permutation importance (:func:`sklearn.inspection.permutation_importance`) of a patch, all of its pixels and
    channels together, instead of a column: patch by patch, its pixels are shuffled among the images, which leaves
    the values that occur there as they are, but tells nothing about the labels any more. One prediction serves all
    tasks. Held-out images say what generalises.

    For any fitted classifier of one or more tasks that predicts images; no network is needed. Takes
    ``1 + n_repeats * (number of patches)`` predictions of X.

    Parameters
    ----------
    estimator : classifier
        Fitted, or a fitted search or pipeline.
    X : array-like, or mapping task -> array-like
        Images, signals or volumes in arrays, in any layout the estimator takes. Read from where they lie and never
        changed: one copy of what is scored is held at a time, with `n_jobs` one in each process. In the images of
        all tasks, where tasks have their own, the same patch is exchanged in the same order. Rows masked as a whole
        are no images, and left out. Or what a pipeline makes images of by its first steps, such as paths of files
        (:class:`skmtl.preprocessing.ImageReader`): it does so once, and patches are exchanged behind them.
    y : array-like of shape (n_samples,) or (n_samples, n_tasks)
        True labels; cells without one do not count.
    patch : int or tuple of int, default=4
        Size of a patch in pixels, along all spatial axes or each. The last one of an axis is smaller where they do
        not divide the image.
    scoring : str, function, scorer or mapping task -> one of these, default="accuracy"
        A score of a task, of which more is better, as :func:`skmtl.metrics.task_scorer` takes it. A mapping names
        that of every task of `y`.
    tasks : task or sequence of tasks, default=None
        Names or indices of the tasks to score; None for all.
    n_repeats : int, default=5
        How often every patch is shuffled.
    max_samples : int, float or None, default=None
        Images to score, or their share, drawn once without replacement; the others are not read. None for all.
    random_state : int, RandomState instance or None, default=None
        Seed of the draws. An int gives the same result for any `n_jobs`.
    n_jobs : int, default=None
        Patches scored in parallel; None means 1, -1 all processors.
    missing_label : scalar, default=None
        Extra marker for "no label" in `y`; None means the estimator's own, if it has one.
    image_shape : tuple of int, default=None
        How rows of a 2-D X fold into images, such as (28, 28) or (28, 28, 3).
    channel_axis : "auto", int or None, default="auto"
        Channel axis of X after folding, counted with the samples axis 0; None for images without one.
    spatial_dims : {1, 2, 3} or None, default=None
        Axes of one channel: signals, images, volumes. If neither of these three is given, they are as the
        estimator was fitted, where it says so; otherwise None means 2.

    Returns
    -------
    PatchImportance
        With ``importances`` (dict task -> array of the shape of the grid of patches) and ``overlap``.

    Raises
    ------
    ValueError
        If `X` holds no images in arrays and becomes none, or a task, patch, score or layout makes no sense.

    Warns
    -----
    UnlabelledTaskWarning
        For a task without any labelled cell, whose importances are NaN.

    See Also
    --------
    task_saliency : From the gradients of a network, image by image.

    References
    ----------
    Breiman (2001), Random forests, Machine Learning 45, section 10; Fisher, Rudin & Dominici (2019), All models are
    wrong, but many are useful, JMLR 20(177), section 3, for any model.

    Examples
    --------
    A forest that tells two digits beside each other:

    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skmtl.datasets import load_two_digits
    >>> from skmtl.inspection import patch_importance
    >>> X, y = load_two_digits(400, return_X_y=True, as_frame=True)
    >>> X = X.reshape(400, -1)
    >>> forest = RandomForestClassifier(30, random_state=0).fit(X, y)
    >>> found = patch_importance(forest, X, y, patch=8, image_shape=(8, 16), n_repeats=2, random_state=0)
    >>> found.importances["left"].round(1)
    array([[0.9, 0. ]])
    """
    rng = check_random_state(random_state)
    n_labels = read_targets(y, missing_label).n_samples
    chosen = _pick(_n_rows(X), n_labels, max_samples, rng)
    y = y if len(chosen) == n_labels else _safe_indexing(y, chosen)
    if not holds_images(X):
        estimator, X = images_inside(estimator, X if len(chosen) == n_labels else take_rows(X, chosen))
        chosen = np.arange(len(chosen))
    rows = image_rows(X)
    layout = find_layout(rows[0].shape[1:], estimator, image_shape, channel_axis, spatial_dims)
    grid = PatchGrid(layout, patch)
    images = read_sets(X, rows, chosen)
    scores = TaskScores(estimator, images.X, y, None, missing_label)
    metrics, picked = resolve_metrics(scoring, scores.names), chosen_tasks(tasks, scores.names)
    for t in picked:
        scores.check(metrics[t])
    ask = PatchScores(scores, metrics, {t: scores.has_labels(t) for t in picked})
    baseline = ask.values(scores)
    losses = baseline - ask.shuffled(images, grid, n_repeats, rng.randint(2**31 - 1, size=len(grid)), n_jobs)
    names = [scores.names[t] for t in picked]
    return _result(names, losses, baseline, grid, metric_names([metrics[t] for t in picked], names))


def _n_rows(X):
    found = distinct_images(X)
    return _num_samples(X if found is None else found[1][0])


def _pick(n_samples, n_labels, max_samples, rng):
    """Return the rows to score."""
    if n_samples != n_labels:
        raise ValueError(f"X has {n_samples} images, but y has {n_labels} rows: pass matching X and y.")
    if n_samples < 2:
        raise ValueError("X has a single image, but patches are exchanged between images: pass more of them.")
    n_picked = n_samples if max_samples is None else max_samples
    if not isinstance(n_picked, Integral):
        n_picked = max(2, round(n_picked * n_samples))
    if n_picked >= n_samples:
        return np.arange(n_samples)
    return np.sort(rng.choice(n_samples, n_picked, replace=False))


def _result(names, losses, baseline, grid, metric):
    mean, std = losses.mean(axis=1), losses.std(axis=1)
    importances = {name: mean[:, i].reshape(grid.shape) for i, name in enumerate(names)}
    spread = {name: std[:, i].reshape(grid.shape) for i, name in enumerate(names)}
    # A task without labels reads nothing that one could know of.
    positive = {name: np.maximum(np.nan_to_num(values), 0)[None] for name, values in importances.items()}
    scores = dict(zip(names, baseline.tolist(), strict=True))
    return PatchImportance(importances, spread, scores, overlap_of(positive), grid.patch, grid.image_size, metric)
