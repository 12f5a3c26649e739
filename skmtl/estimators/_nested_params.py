"""Parameters of the parts of an estimator, as in ``set_params(trunk__channels=(8, 16))``."""

from .._validation import check_option
from ..nn import HEADS, SHARINGS, TRUNKS
from ..weighting import WEIGHTINGS

__all__ = ["with_specs"]

FAMILIES = (("trunk", TRUNKS), ("head", HEADS), ("sharing", SHARINGS), ("weighting", WEIGHTINGS))


def with_specs(estimator, params):
    """Return `params` in which names of parts, such as ``trunk="cnn"``, are specs where parameters of theirs are set.

    Parameters
    ----------
    estimator : BaseMultiTaskCNN
        Not changed.
    params : dict
        As for ``set_params``.

    Raises
    ------
    ValueError
        If a part is no spec, and so has no parameters to set.
    """
    for name, known in FAMILIES:
        nested = [key for key in params if key.startswith(f"{name}__")]
        if not nested:
            continue
        part = params.get(name, getattr(estimator, name))
        if isinstance(part, str):
            part = known[check_option(name, part, known)]()
            params = {name: part, **{k: v for k, v in params.items() if k != name}}
        if isinstance(part, type) or not hasattr(part, "set_params"):
            raise ValueError(f"{nested[0]} sets a parameter of {name}, but {_remedy(name, part)}")
    return params


def _remedy(name, part):
    if isinstance(part, type) and hasattr(part, "set_params"):
        return f"{name} is the class {part.__name__}: pass an instance, {name}={part.__name__}()."
    found = f"the class {part.__name__}" if isinstance(part, type) else f"of type {type(part).__name__}"
    return (
        f"{name} is {found}, which has none that can be set by name: set {name} itself, or make it a spec, a "
        "scikit-learn BaseEstimator with a build method."
    )
