import copy
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from torch import nn

from skmtl import MultiTaskCNNClassifier, TaskGroupingClassifier
from skmtl.datasets import TaskImages, load_two_digits
from skmtl.inspection import task_saliency
from skmtl.nn import ConvTrunk, OrdinalHead, SigmoidHead

TRUNK = ConvTrunk(channels=(8, 16), hidden=(32,))


@pytest.fixture(scope="module")
def digits():
    X, y = load_two_digits(1200, return_X_y=True, as_frame=True)
    X.setflags(write=False)
    return X, y.assign(left_odd=y["left"] % 2, right_high=pd.cut(y["right"], [-1, 2, 5, 9], labels=False))


@pytest.fixture(scope="module")
def clf(digits):
    X, y = digits
    heads = {"left_odd": SigmoidHead(), "right_high": OrdinalHead()}
    return MultiTaskCNNClassifier(TRUNK, heads, max_epochs=8, random_state=0).fit(X, y)


def small(n=40, shape=(6, 6), dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.random((n, *shape)) if dtype != np.uint8 else rng.integers(0, 256, (n, *shape)).astype(np.uint8)
    return X, pd.DataFrame({"a": np.arange(n) % 2, "b": np.arange(n) // 2 % 2})


def log_odds(probabilities, classes, labels):
    p = probabilities[np.arange(len(labels)), np.searchsorted(classes, labels)]
    others = np.where(classes == np.asarray(labels)[:, None], 0, probabilities).sum(axis=1)
    return np.log(p) - np.log(others)


def assert_complete(estimator, saliency, X, background, rtol):
    """What is attributed is what the probabilities of the image and of the baseline differ in."""
    of_image, of_background = estimator.predict_proba(X), estimator.predict_proba(background)
    for t, task in enumerate(estimator.task_names_):
        labels, classes = saliency.targets[task], estimator.classes_[t]
        difference = log_odds(of_image[t], classes, labels) - log_odds(of_background[t], classes, labels)
        flat = saliency.maps[task].reshape(len(labels), -1).astype(float)
        total, size = flat.sum(axis=1), np.abs(flat).sum(axis=1)
        np.testing.assert_allclose(total, difference, atol=rtol * size.max())
        np.testing.assert_allclose(saliency.convergence_delta[task], total - difference, atol=1e-4 * size.max())


@pytest.mark.parametrize("head", ["linear", "sigmoid"])
@pytest.mark.parametrize(("shape", "axis"), [((4, 5), None), ((4, 5, 3), -1), ((3, 4, 5), 1)])
def test_of_a_linear_network_they_are_weights_times_input(head, shape, axis):
    X, y = small(30, shape, np.uint8)
    clf = MultiTaskCNNClassifier(nn.Flatten(), head, channel_axis=axis, max_epochs=2, random_state=0, lr=0.1).fit(X, y)
    found = task_saliency(clf, X[:5], baseline=3, target=[0, 1])
    channels_first = np.moveaxis(X[:5].astype(float).reshape(5, *(shape if axis else (*shape, 1))), axis or -1, 1)
    std = clf.net_.module_.inputs.std.numpy()[0]
    if head == "linear":
        weights = clf.net_.module_.heads.linear.weight.detach().numpy()
        second = [weights[1] - weights[0], weights[3] - weights[2]]
    else:
        second = [layers[0].weight.detach().numpy()[0] for layers in clf.net_.module_.heads.others]
    for task, sign, of_second in zip("ab", (-1, 1), second, strict=True):
        gradient = sign * of_second.reshape(channels_first.shape[1:]) / 255 / std
        by_hand = (gradient * (channels_first - 3)).sum(axis=1)
        np.testing.assert_allclose(found.maps[task], by_hand, rtol=1e-4, atol=1e-6)
        assert found.targets[task].tolist() == [0 if task == "a" else 1] * 5


def test_the_mean_of_training_images_is_the_baseline():
    X, y = small(30, (6, 5, 3))
    clf = MultiTaskCNNClassifier(nn.Flatten(), max_epochs=2, random_state=0).fit(X, y)
    grey = np.broadcast_to(X.mean(axis=(0, 1, 2)), X.shape[1:])
    found, given = task_saliency(clf, X[:3]), task_saliency(clf, X[:3], baseline=grey)
    np.testing.assert_allclose(found.maps["b"], given.maps["b"], atol=1e-10)
    assert np.abs(task_saliency(clf, grey[None]).maps["a"]).max() < 1e-10
    # Without standardisation there is no such mean.
    clf.set_params(standardize=False).fit(X, y)
    np.testing.assert_array_equal(task_saliency(clf, X[:3]).maps["a"], task_saliency(clf, X[:3], baseline=0).maps["a"])


def test_what_is_attributed_adds_up_for_every_head(digits, clf):
    X, y = digits[0][:40], digits[1][:40]
    for target in ("predicted", y):
        found = task_saliency(clf, X, baseline=0, n_steps=100, target=target)
        # The network is not smooth: with 100 steps, the sums are right within 3 %.
        assert_complete(clf, found, X, np.zeros_like(X), 0.03)


def test_predicted_classes_are_explained_by_default(digits, clf):
    X = digits[0][:20]
    found = task_saliency(clf, X, n_steps=2)
    for t, task in enumerate(clf.task_names_):
        np.testing.assert_array_equal(found.targets[task], clf.predict(X)[:, t])
    assert list(found.maps) == found.task_names == list(clf.task_names_) == list(found.overlap.columns)
    assert repr(found).endswith("tasks=['left', 'right', 'left_odd', 'right_high'], 20 images)")


def test_every_task_reads_its_own_half(digits, clf):
    X, left = digits[0][:200], np.zeros((8, 16), dtype=bool)
    left[:, :8] = True
    found = task_saliency(clf, X)
    share = found.share(left)
    # 0.5 would be half of it by chance.
    assert min(share["left"], share["left_odd"]) > 0.65
    assert max(share["right"], share["right_high"]) < 0.35
    same, other = found.overlap.loc["left", "left_odd"], found.overlap.loc["left", "right"]
    assert same > other + 0.2
    np.testing.assert_array_equal(np.diag(found.overlap), 1)
    np.testing.assert_array_equal(found.overlap, found.overlap.T)
    cosines = [
        (np.abs(a) * np.abs(b)).sum() / np.sqrt((a**2).sum() * (b**2).sum())
        for a, b in zip(found.maps["left"], found.maps["right"], strict=True)
    ]
    assert other == pytest.approx(np.mean(cosines), rel=1e-5)


def test_tasks_are_picked_by_name_or_index(digits, clf):
    X = digits[0][:5]
    whole, part = task_saliency(clf, X, n_steps=4), task_saliency(clf, X, tasks=["left_odd", 0], n_steps=4)
    assert part.task_names == ["left_odd", "left"] == list(part.overlap)
    np.testing.assert_array_equal(part.maps["left"], whole.maps["left"])
    assert task_saliency(clf, X, tasks="right", n_steps=1).task_names == ["right"]


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_batch_size_is_about_memory_only(digits, clf, batch_size):
    X = digits[0][:9]
    for method in ("integrated_gradients", "grad_cam"):
        whole = task_saliency(clf, X, method=method)
        parts = task_saliency(clf, X, method=method, batch_size=batch_size)
        np.testing.assert_allclose(parts.maps["right"], whole.maps["right"], atol=1e-5)


class Noisy(nn.Module):
    """Draws random numbers in prediction too."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1)

    def forward(self, images):
        return self.conv(images) + torch.rand(1)


def test_the_estimator_and_the_world_stay_as_they_are():
    X, y = small()
    clf = MultiTaskCNNClassifier(Noisy, max_epochs=1, random_state=0).fit(X, y)
    module = clf.net_.module_
    module.train()
    module.trunk.conv.eval()
    hook = module.trunk.conv.register_forward_hook(lambda *args: None)
    module.trunk.conv.weight.grad.fill_(7)
    modes, state = [m.training for m in module.modules()], copy.deepcopy(module.state_dict())
    requires = [p.requires_grad for p in module.parameters()]
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = [task_saliency(clf, X[:4], method=m) for m in ("integrated_gradients", "grad_cam")]
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert (np.random.get_state()[1] == numpy_state).all()  # noqa: NPY002
    assert [m.training for m in module.modules()] == modes
    assert list(module.trunk.conv._forward_hooks) == [hook.id]
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in module.modules() if m is not module.trunk.conv)
    assert (module.trunk.conv.weight.grad == 7).all()
    assert [p.requires_grad for p in module.parameters()] == requires
    assert all(torch.equal(value, state[name]) for name, value in module.state_dict().items())
    for once in first:
        again = task_saliency(clf, X[:4], method=once.method)
        np.testing.assert_array_equal(again.maps["a"], once.maps["a"])


@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode, lambda: torch.autocast("cpu", torch.bfloat16)])
def test_what_the_caller_has_set_does_not_matter(digits, clf, around):
    X = digits[0][:3]
    for method in ("integrated_gradients", "grad_cam"):
        free = task_saliency(clf, X, method=method)
        with around():
            inside = task_saliency(clf, X, method=method)
        np.testing.assert_array_equal(inside.maps["left"], free.maps["left"])


def test_gradients_are_those_of_full_precision():
    X, y = small(60, (8, 8), np.uint8)
    clf = MultiTaskCNNClassifier(TRUNK, max_epochs=1, random_state=0, precision="bfloat16").fit(X, y)
    found = task_saliency(clf, X[:5], baseline=0, n_steps=64, target=[0, 0])
    assert found.maps["a"].dtype == np.float32
    clf.net_.precision = type(clf.net_.precision)("cpu")
    assert_complete(clf, found, X[:5], np.zeros_like(X[:5]), 0.02)


@pytest.mark.parametrize("sharing", ["none", "cross-stitch", "mmoe", "cgc", "mtan"])
def test_tasks_with_images_of_their_own_and_every_sharing(sharing):
    A, y = small(40, (8, 8))
    B = 5 + 3 * small(40, (8, 8), seed=1)[0]
    trunk = ConvTrunk(channels=(4,), hidden=(8,))
    clf = MultiTaskCNNClassifier(trunk, sharing=sharing, max_epochs=2, random_state=0)
    clf.fit({"a": A, "b": B}, y)
    found = task_saliency(clf, TaskImages({"a": A[:6], "b": B[:6]}), baseline=1.0, n_steps=200)
    background = np.ones((6, 8, 8))
    assert_complete(clf, found, {"a": A[:6], "b": B[:6]}, {"a": background, "b": background.copy()}, 0.03)
    # Whatever the other task reads.
    other = task_saliency(clf, {"a": A[:6], "b": B[6:12]}, baseline=1.0, n_steps=200)
    np.testing.assert_allclose(other.maps["a"], found.maps["a"], atol=1e-10)
    assert np.abs(other.maps["b"] - found.maps["b"]).max() > 1e-4
    # The mean of its own training images.
    greys = {"a": np.full((1, 8, 8), A.mean()), "b": np.full((1, 8, 8), B.mean())}
    assert max(np.abs(m).max() for m in task_saliency(clf, greys, target=[0, 0]).maps.values()) < 1e-8


@pytest.mark.parametrize(
    ("dims", "shape", "size"), [(1, (20,), (20,)), (1, (2, 20), (20,)), (3, (5, 6, 5, 2), (5, 6, 5))]
)
def test_signals_and_volumes_have_their_own_axes(dims, shape, size):
    X, y = small(30, shape)
    clf = MultiTaskCNNClassifier(TRUNK, spatial_dims=dims, max_epochs=1, random_state=0).fit(X, y)
    found = task_saliency(clf, X[:3], baseline=0, n_steps=64)
    assert found.maps["a"].shape == (3, *size) == task_saliency(clf, X[:3], method="grad_cam").maps["a"].shape
    assert_complete(clf, found, X[:3], np.zeros_like(X[:3]), 0.03)


def test_rows_that_fold_into_images_and_one_task():
    X, y = small(30, (24,))
    clf = MultiTaskCNNClassifier(TRUNK, image_shape=(4, 6), max_epochs=1, random_state=0).fit(X, y["a"])
    found = task_saliency(clf, X[:3], target=1, baseline=np.zeros(24))
    assert found.maps["task0" if "task0" in found.maps else "a"].shape == (3, 4, 6)
    assert found.overlap.shape == (1, 1)
    assert next(iter(found.targets.values())).tolist() == [1, 1, 1]


def test_the_network_inside_pipelines_and_searches(digits, clf):
    X, y = digits[0][:200], digits[1][["left", "left_odd"]][:200]
    inner = MultiTaskCNNClassifier(ConvTrunk(channels=(4,), hidden=(8,)), max_epochs=1, random_state=0)
    pipeline = make_pipeline(FunctionTransformer(lambda X: X / 2), inner)
    search = GridSearchCV(pipeline, {"multitaskcnnclassifier__lr": [1e-3]}, cv=2).fit(X, y)
    direct = task_saliency(search.best_estimator_[-1], X[:4] / 2)
    np.testing.assert_array_equal(task_saliency(search, X[:4]).maps["left"], direct.maps["left"])
    np.testing.assert_array_equal(task_saliency(search.best_estimator_, X[:4]).maps["left"], direct.maps["left"])


def test_there_must_be_a_fitted_network(digits):
    X, y = digits
    with pytest.raises(NotFittedError, match="MultiTaskCNNClassifier"):
        task_saliency(MultiTaskCNNClassifier(), X[:2])
    with pytest.raises(NotFittedError, match="GridSearchCV"):
        task_saliency(GridSearchCV(MultiTaskCNNClassifier(), {"lr": [1]}), X[:2])
    forest = RandomForestClassifier(2).fit(X.reshape(len(X), -1), y)
    with pytest.raises(TypeError, match=r"Got RandomForestClassifier instead, .*; patch_importance takes any"):
        task_saliency(forest, X[:2])


def test_captum_is_missed_with_the_line_that_installs_it(digits, clf, monkeypatch):
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(ImportError, match=r'task_saliency needs captum.*pip install "skmtl\[explain\]"'):
        task_saliency(clf, digits[0][:2])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"tasks": ["lefft"]}, r"tasks names the task 'lefft'.*Did you mean 'left'\?"),
        ({"tasks": []}, "tasks"),
        ({"method": "gradcam"}, "The 'method' parameter of task_saliency must be a str among"),
        ({"n_steps": 0}, r"The 'n_steps' parameter of task_saliency must be an int in the range \[1, inf\)"),
        ({"batch_size": 0}, "The 'batch_size' parameter of task_saliency"),
        ({"layer": "trunk.0"}, "layer is for method='grad_cam'"),
        ({"method": "grad_cam", "n_steps": 8}, "n_steps is for method='integrated_gradients', .* leave n_steps=32"),
        ({"method": "grad_cam", "baseline": np.zeros((8, 16))}, "baseline is for .* leave baseline='mean'"),
        ({"baseline": "black"}, r"The 'baseline' parameter .* \(8, 16\)\. Got 'black' instead"),
        ({"baseline": np.nan}, "The 'baseline' parameter .* Got nan instead"),
        ({"baseline": np.zeros((16, 8))}, r"The 'baseline' parameter .* Got float64 of shape \(16, 8\) instead"),
        ({"baseline": np.full((8, 16), np.inf)}, "Got an image with NaN or infinity instead"),
    ],
)
def test_bad_parameters(digits, clf, params, message):
    with pytest.raises(ValueError, match=message):
        task_saliency(clf, digits[0][:2], **params)


@pytest.mark.parametrize("method", ["integrated_gradients", "grad_cam"])
def test_networks_in_half_precision_are_explained_in_single(digits, clf, method):
    X = digits[0][:3]
    half, single = copy.deepcopy(clf), copy.deepcopy(clf)
    half.net_.module_.bfloat16()
    single.net_.module_.load_state_dict(half.net_.module_.state_dict())
    targets = {"target": digits[1].iloc[:3]}  # predictions may differ
    found = task_saliency(half, X, method=method, **targets).maps["left"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(
        found, task_saliency(single, X, method=method, **targets).maps["left"], rtol=1e-4, atol=1e-5
    )
    assert half.net_.module_.inputs.scale.dtype == torch.bfloat16


def test_networks_inside_others_are_named(digits, clf):
    X, y = digits
    grouped = TaskGroupingClassifier(clf, groups=[["left", "right"], ["left_odd", "right_high"]])
    grouped.estimators_ = [clf]
    with pytest.raises(TypeError, match="TaskGroupingClassifier instead, whose networks are in its estimators_: pass"):
        task_saliency(grouped, X[:2])
    search = GridSearchCV(clf, {"max_epochs": [1]}, cv=2, refit=False).fit(X[:40], y[:40])
    with pytest.raises(TypeError, match="GridSearchCV instead, which has fitted none: search with refit=True"):
        task_saliency(search, X[:2])
