"""Faults of a popular implementation of these methods, one test each; those of loss weightings: their own files."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.nn import ConvTrunk, MultiTaskLoss
from skmtl.training._gradient_step import gradient_step
from skmtl.weighting import FAMO, WEIGHTINGS, gramian_weights


@pytest.fixture(scope="module")
def digits():
    return load_two_digits(n_samples=64, return_X_y=True)


def make(**params):
    defaults = {"trunk": ConvTrunk(channels=(4,), hidden=(8,)), "max_epochs": 1, "batch_size": 16, "random_state": 0}
    return MultiTaskCNNClassifier(**(defaults | params))


def batch(X, y):
    codes = torch.from_numpy(y[:16].astype(np.int64))
    return torch.from_numpy(X[:16].copy())[:, None], (codes, torch.ones(codes.shape, dtype=torch.float64))


def one_by_one(clf, images, target):
    """Every task's gradient with respect to the features, the trunk's and the heads' parameters."""
    module = clf.net_.module_.train()
    trunk, heads = list(module.trunk.parameters()), list(module.heads.parameters())
    features = module.features(images)
    losses = MultiTaskLoss([10, 10])(module.heads(features), *target)
    gradients = [torch.autograd.grad(loss, [features, *trunk, *heads], retain_graph=True) for loss in losses]
    return [(g[0], g[1 : 1 + len(trunk)], g[1 + len(trunk) :]) for g in gradients]


def test_no_solver_is_missing_and_silently_replaced_by_equal_weights():
    code = """
import sys
for name in ("cvxpy", "ecos", "torchjd", "quadprog", "qpsolvers", "clarabel"):
    sys.modules[name] = None
import numpy as np
from skmtl.weighting import gramian_weights
J = np.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])
expected = {"mgda": (.6, .4), "nash-mtl": (.59146, .40707), "cagrad": (.70412, .5), "upgrad": (1.11111, .78947)}
for method, weights in expected.items():
    np.testing.assert_allclose(gramian_weights(method, J @ J.T), weights, atol=1e-5)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["mgda", "imtl-g", "nash-mtl"])
def test_weights_are_applied_to_the_gradients_themselves_not_to_unit_vectors(digits, name):
    clf = make(weighting=name).fit(*digits)
    images, target = batch(*digits)
    clf.net_.optimizer_.zero_grad()
    gradient_step(clf.net_, images, target)
    found = [p.grad.clone() for p in clf.net_.module_.trunk.parameters()]
    tasks = one_by_one(clf, images, target)
    rows = torch.stack([features.flatten() for features, _, _ in tasks])
    weights = gramian_weights(name, (rows @ rows.T).numpy())
    weights = weights / weights.mean()
    for p, gradient in enumerate(found):
        expected = sum(w * trunk[p] for w, (_, trunk, _) in zip(weights, tasks, strict=True)) / 2
        torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-9)


def test_mgda_at_the_representation_is_the_papers_mgda_ub(digits):
    """Algorithm 2 and section 3.3: the simplex weights of min |sum a_t grad_Z L_t|, Z over batch and features."""
    clf = make(weighting="mgda").fit(*digits)
    images, target = batch(*digits)
    row = {}
    clf.net_.record_step = lambda losses, weights, n: row.update(weights=weights) or losses.mean()
    gradient_step(clf.net_, images, target)
    a, b = (features for features, _, _ in one_by_one(clf, images, target))
    # Two tasks in closed form, equation 5: clip of <b - a, b> / |a - b|^2.
    first = float((((b - a) * b).sum() / ((a - b) ** 2).sum()).clip(0, 1))
    np.testing.assert_allclose(row["weights"], [2 * first, 2 * (1 - first)], rtol=1e-9)
    summed = float((((b - a).sum(0) * b.sum(0)).sum() / ((a - b).sum(0) ** 2).sum()).clip(0, 1))
    assert abs(first - summed) > 1e-3  # what summing over the batch first would give is another thing


@pytest.mark.parametrize("name", ["mgda", "imtl-g", "nash-mtl"])
@pytest.mark.parametrize("level", ["representation", "parameters"])
def test_heads_train_on_their_weighted_losses(digits, name, level):
    clf = make(weighting=name, gradient_level=level).fit(*digits)
    images, target = batch(*digits)
    row, net = {}, clf.net_
    net.record_step = lambda losses, weights, n: row.update(weights=weights) or losses.mean()
    net.optimizer_.zero_grad()
    gradient_step(net, images, target)
    found = [p.grad.clone() for p in net.module_.heads.parameters()]
    assert abs(float(row["weights"][0]) - 1) > 1e-3
    tasks = one_by_one(clf, images, target)
    for p, gradient in enumerate(found):
        expected = sum(w * heads[p] for w, (_, _, heads) in zip(row["weights"], tasks, strict=True)) / 2
        torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", [n for n, cls in WEIGHTINGS.items() if hasattr(cls(), "lr")])
def test_what_a_weighting_learns_is_not_the_models_to_decay(digits, name):
    clf = make(weighting=name, weight_decay=0.5).fit(*digits)
    trained = {id(p) for group in clf.net_.optimizer_.param_groups for p in group["params"]}
    assert trained == {id(p) for p in clf.net_.module_.parameters()}
    learned = [v for v in vars(clf.net_.weighting).values() if hasattr(v, "optimizer")]
    assert learned
    for vector in learned:
        assert vector.optimizer.param_groups[0]["weight_decay"] == (0.01 if name == "famo" else 0)


def test_pcgrad_does_not_project_a_gradient_on_itself():
    # Of these, a projected gradient opposes the one it was: projected on that too, it would come out shorter.
    J = np.array([[-2.0, -1.0], [-2.0, 1.0], [2.0, 0.0]])
    found = [gramian_weights("pcgrad", J @ J.T, random_state=seed) @ J for seed in range(200)]
    np.testing.assert_allclose(np.mean(found, axis=0), [-0.64, 0], atol=0.03)


class WithoutLooking(FAMO):
    looks_again = False


def test_famos_second_forward_pass_leaves_batch_norm_and_the_log_alone(digits):
    trunk = ConvTrunk(channels=(4,), hidden=(8,), normalization="batch", dropout=0.3)
    params = {"trunk": trunk, "max_epochs": 1, "batch_size": 64}
    looked = make(weighting=FAMO(every=1), **params).fit(*digits)  # one step: the second look has no effect yet
    blind = make(weighting=WithoutLooking(), **params).fit(*digits)
    expected = blind.net_.module_.state_dict()
    assert any("running" in name for name in expected)
    for name, value in looked.net_.module_.state_dict().items():
        assert torch.equal(value, expected[name]), name
    for key in ("train_loss", "task0_train_loss", "task1_train_loss"):
        assert looked.history_[0][key] == blind.history_[0][key]
    assert looked.net_.weighting.xi_.value.abs().max() > 0
