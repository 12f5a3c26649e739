"""Where in an estimator its input is images first."""

from copy import copy

from sklearn.frozen import FrozenEstimator

from ..metrics._nested import nested
from ._image_sets import holds_images

__all__ = ["images_inside"]


def images_inside(estimator, X):
    """Return what answers for `estimator` if it is asked of images, and these.

    Parameters
    ----------
    estimator : fitted estimator
        Searches, pipelines, and meta-estimators of skmtl around one `estimator_` are looked into. Not changed: what
        is left of them holds the same fitted parts.
    X : object
        Its input. If it has pixels it comes back with `estimator`; otherwise the first steps of a pipeline make
        pixels of it, if there is one.

    Raises
    ------
    ValueError
        If the pipeline is inside what may not be taken apart.
    """
    if holds_images(X):
        return estimator, X
    if isinstance(estimator, FrozenEstimator):
        return images_inside(estimator.estimator, X)
    if hasattr(estimator, "best_estimator_"):
        return images_inside(estimator.best_estimator_, X)
    if hasattr(estimator, "steps"):
        for i, (_, step) in enumerate(estimator.steps[:-1], start=1):
            # Neither "passthrough" nor imbalanced-learn's samplers, which have none, change what is predicted.
            X = step.transform(X) if hasattr(step, "transform") else X
            if holds_images(X):
                return estimator[i:], X
        return images_inside(estimator.steps[-1][1], X)
    if hasattr(estimator, "_own_codes") and hasattr(estimator, "estimator_"):
        around = copy(estimator)
        around.estimator_, X = images_inside(estimator.estimator_, X)
        return around, X
    name = type(estimator).__name__
    if any(hasattr(inner, "steps") for inner, _ in nested(estimator, None)):
        raise ValueError(
            f"X holds no pixels, and what reads them is a pipeline inside {name}: put it outside, as in "
            f"make_pipeline(reader, {name}(clf)), or pass images."
        )
    return estimator, X
