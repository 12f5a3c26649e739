"""Which pixels every task reads, image by image."""

from collections.abc import Mapping
from contextlib import contextmanager
from numbers import Integral

import torch
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from .._optional import import_optional
from .._validation import values_per_task
from ..nn._blank import as_in_prediction
from ..training import RandomStream
from ..training._precision import Precision
from ._explained_classes import explained_codes
from ._fitted_network import copied_network, fitted_network
from ._grad_cam import GradCam, layer_name
from ._integrated_gradients import IntegratedGradients, baseline_image
from ._overlap import overlap_of
from ._saliency_result import TaskSaliency
from ._task_maps import NetworkImages, task_maps
from ._task_module import TaskModule
from ._task_panels import chosen_tasks

__all__ = ["task_saliency"]

# What only one of the methods reads: which one, and the value that means nothing was said.
OPTIONS = {
    "layer": ("grad_cam", None),
    "n_steps": ("integrated_gradients", 32),
    "baseline": ("integrated_gradients", "mean"),
}


@validate_params(
    {
        "method": [StrOptions({"integrated_gradients", "grad_cam"})],
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "layer": [None, str, torch.nn.Module, Mapping],
    },
    prefer_skip_nested_validation=True,
)
def task_saliency(
    estimator,
    X,
    *,
    tasks=None,
    method="integrated_gradients",
    target="predicted",
    n_steps=32,
    baseline="mean",
    layer=None,
    batch_size=256,
):
    """Explain what every task reads of every image, and where two tasks read the same.

    The explained output of a class k of probability p is its log-odds, ``log(p / (1 - p))``: the logit of one class
    against all others, ``z_k - log sum_{j != k} exp(z_j)``. The single logit z_k would not do: a softmax does not
    change when something is added to all logits, a sigmoid head has the logit 0 for one of its classes, and those of
    an ordinal head are log-probabilities, which flatten out where the network is sure. Log-odds mean the same for
    each of these heads.

    Needs captum: ``pip install "skmtl[explain]"``. Computed in the parameters' precision (float32, for small data
    float64; never less than float32) on the device of the fit, on a copy of the network: the estimator stays as it is.

    Parameters
    ----------
    estimator : MultiTaskCNNClassifier, or a search or pipeline around one
        Fitted.
    X : array-like, or mapping task -> array-like
        Images as `predict` takes them; a few are enough. Where tasks have images of their own, a task's map is of
        these.
    tasks : task or sequence of tasks, default=None
        Names or indices of the tasks to explain; None for all.
    method : {"integrated_gradients", "grad_cam"}, default="integrated_gradients"
        Integrated gradients attribute to single pixels, and what they attribute adds up to the output of the
        image minus that of `baseline` (completeness). Grad-CAM weighs the feature maps of `layer` by the mean
        of their gradients: smooth, as coarse as these maps, and it does not add up. The maps keep their sign,
        which the paper of Grad-CAM cuts off below 0.
    target : "predicted", label, sequence, mapping or table, default="predicted"
        The class to explain: a label for all explained tasks, one for each task of y, a mapping task -> label or
        labels of shape (n_samples,), or a table of shape (n_samples, n_tasks) as `y`. Where it names none, it is
        the predicted class, and so it is for cells without a label.
    n_steps : int, default=32
        Gradients on the way from the baseline to the image, of integrated gradients.
    baseline : "mean", float or array-like, default="mean"
        The image that stands for nothing, of integrated gradients. A pixel that equals it gets exactly 0. "mean":
        the training mean of every channel (of the task's own images), zeros behind standardisation, grey rather
        than black; with ``standardize=False`` it is 0. A number or an image has the units and axes of X: 0 is black
        where 0 is, and then leaves all black pixels without attribution.
    layer : None, str, torch.nn.Module or mapping task -> str or Module, default=None
        Of Grad-CAM: a layer of ``estimator.net_.module_``, or its name there ("trunk.3"), that makes feature maps.
        None: the last convolution of the trunk, or residual block of ``ResNetTrunk``; under ``sharing="none"`` of the
        task's own trunk. Other ways of sharing have several branches, so that you must choose.
    batch_size : int, default=256
        Images computed at once; those of integrated gradients are `n_steps` for each of X.

    Returns
    -------
    TaskSaliency
        With ``maps`` (dict task -> (n_samples, height, width)), ``overlap`` and ``targets``.

    Raises
    ------
    ImportError
        If captum cannot be imported; the message holds the pip line.
    TypeError
        If there is no network in `estimator`.
    ValueError
        If a task, label, layer or baseline makes no sense.
    sklearn.exceptions.NotFittedError
        If `estimator` is not fitted.

    See Also
    --------
    patch_importance : Of any classifier, by what its scores lose.
    task_module : The network of one task, for other methods.

    References
    ----------
    Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks, ICML, equation 1 and proposition 1
    (completeness); Selvaraju et al. (2017), Grad-CAM, ICCV, equations 1 and 2; Kokhlikyan et al. (2020), Captum.

    Examples
    --------
    >>> from skmtl import MultiTaskCNNClassifier
    >>> from skmtl.datasets import load_two_digits
    >>> from skmtl.inspection import task_saliency
    >>> X, y = load_two_digits(200, return_X_y=True, as_frame=True)
    >>> clf = MultiTaskCNNClassifier(max_epochs=2, random_state=0).fit(X, y)
    >>> saliency = task_saliency(clf, X[:5])
    >>> saliency.maps["left"].shape
    (5, 8, 16)
    >>> list(saliency.overlap)
    ['left', 'right']
    """
    captum = import_optional("captum.attr", "explain", "task_saliency")
    _check_options(method, layer=layer, n_steps=n_steps, baseline=baseline)
    classifier, X = fitted_network(estimator, X, "task_saliency")
    names = list(classifier.task_names_)
    picked = chosen_tasks(tasks, names)
    images = NetworkImages(classifier, X)
    with _undisturbed(images.device):
        with as_in_prediction(classifier.net_.module_):
            predicted = classifier._codes(X)
        codes = explained_codes(target, classifier, picked, predicted)
        network = copied_network(classifier)
        if images.dtype != network.inputs.scale.dtype:
            network.to(images.dtype)
        modules = {t: TaskModule(network, t) for t in picked}
        if method == "grad_cam":
            explain, n_rows = _grad_cams(captum, modules, images, layer, classifier), batch_size
        else:
            explain = {}
            for t, module in modules.items():
                start = baseline_image(baseline, module, classifier._layout, images.dtype)
                explain[t] = IntegratedGradients(captum, _log_odds(module), start, n_steps, batch_size)
            n_rows = max(1, batch_size // n_steps)
        maps, deltas = task_maps(explain, images, codes, n_rows)
    maps, deltas = ({names[t]: part for t, part in found.items()} for found in (maps, deltas))
    classes = {names[t]: classifier._encoder.classes_[t][codes[:, t]] for t in picked}
    return TaskSaliency(maps, method, list(maps), classes, overlap_of(maps), deltas or None)


def _check_options(method, **given):
    for name, value in given.items():
        reader, default = OPTIONS[name]
        if method != reader and not (type(value) is type(default) and value == default):
            raise ValueError(
                f"{name} is for method={reader!r}, but method={method!r}: leave {name}={default!r}, or change method."
            )


@contextmanager
def _undisturbed(device):
    """Have gradients in full precision meanwhile, whatever the caller has set, and random numbers of one's own."""
    with RandomStream(0), torch.inference_mode(False), torch.enable_grad(), Precision(device.type).autocast():
        yield


def _log_odds(module):
    def output(images, codes):
        logits, own = module(images), codes[:, None]
        others = logits.scatter(1, own, -torch.inf).logsumexp(1)
        return logits.gather(1, own)[:, 0] - others

    return output


def _grad_cams(captum, modules, images, layer, classifier):
    """Return what explains every task by its own layer."""
    names, original, of_task = list(classifier.task_names_), classifier.net_.module_, images.read(0, 1)
    layers = values_per_task("layer", layer, names) if isinstance(layer, Mapping) else [layer] * len(names)
    explain = {}
    for t, module in modules.items():
        name = layer_name(layers[t], module, original, names[t], of_task(t))
        explain[t] = GradCam(captum, module, _log_odds(module), name)
    return explain
