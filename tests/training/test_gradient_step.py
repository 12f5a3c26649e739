"""A step that reads gradients, against one backward pass per task."""

import numpy as np
import pytest
import torch

from skmtl.nn import ConvTrunk, MultiTaskLoss
from skmtl.training._gradient_step import gradient_step
from skmtl.weighting import GradientAggregator, GramianWeighting


class Fixed(GramianWeighting):
    """The same weights in every step, whatever the gradients; remembers their Gramian."""

    def __init__(self, values=(3.0, 1.0)):
        self.values = values

    def weights(self, gramian):
        self.gramian_ = gramian.copy()
        return np.asarray(self.values[: len(gramian)])


class Second(GradientAggregator):
    """The last task's gradient alone, and a record of the Jacobian."""

    def aggregate(self, jacobian):
        self.jacobian_ = jacobian.clone()
        return jacobian[-1] if jacobian.shape[1] != len(jacobian) else jacobian.sum(0)


LEVELS = pytest.mark.parametrize("level", ["representation", "parameters"])


def batch_of(X, y, missing=()):
    codes = torch.from_numpy(y[:20].astype(np.int64))
    for cell in missing:
        codes[cell] = -1
    weights = (codes >= 0).double()
    return torch.from_numpy(X[:20].copy())[:, None], (codes, weights)


def step(clf, images, target):
    """Gradients that a step of the fitted net leaves, by parameter name."""
    net = clf.net_
    net.optimizer_.zero_grad()
    loss, _ = gradient_step(net, images, target)
    return loss, {name: p.grad.clone() for name, p in net.module_.named_parameters()}


def separate(clf, images, target):
    """Each task's loss, and its gradients from a backward pass of its own."""
    module = clf.net_.module_
    codes, weights = target
    losses, gradients = [], []
    for t in range(2):
        module.zero_grad()
        loss = MultiTaskLoss([10, 2])(module(images), codes, weights)[t]
        loss.backward()
        losses.append(loss.detach())
        gradients.append(
            {n: torch.zeros_like(p) if p.grad is None else p.grad.clone() for n, p in module.named_parameters()}
        )
    return torch.stack(losses), gradients


@LEVELS
@pytest.mark.parametrize("head", ["linear", "mlp"])
@pytest.mark.parametrize("values", [(3.0, 1.0), (0.0, 2.0)])
def test_the_step_follows_the_weighted_sum_everywhere(small, digits, level, head, values):
    X, y = digits
    clf = small(weighting=Fixed(values), gradient_level=level, head=head, max_epochs=1).fit(X, y)
    images, target = batch_of(X, y, missing=[(0, 0), (3, 1)])
    loss, found = step(clf, images, target)
    losses, gradients = separate(clf, images, target)
    weights = torch.tensor(values, dtype=torch.float64) / np.mean(values)
    torch.testing.assert_close(loss, (weights * losses).mean())
    for name, gradient in found.items():
        expected = sum(w * g[name] for w, g in zip(weights, gradients, strict=True)) / 2
        torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-12)


@LEVELS
def test_the_gramian_is_that_of_the_level(small, digits, level):
    X, y = digits
    clf = small(weighting=Fixed(), gradient_level=level, max_epochs=1).fit(X, y)
    images, target = batch_of(X, y)
    step(clf, images, target)
    module, (codes, weights) = clf.net_.module_, target
    features = module.features(images).detach().requires_grad_()
    rows = []
    for t, gradients in enumerate(separate(clf, images, target)[1]):
        if level == "parameters":
            rows.append(torch.cat([g.flatten() for n, g in gradients.items() if n.startswith("trunk.")]))
        else:
            loss = MultiTaskLoss([10, 2])(module.heads(features), codes, weights)[t]
            rows.append(torch.autograd.grad(loss, features)[0].flatten())
    rows = torch.stack(rows)
    np.testing.assert_allclose(clf.net_.weighting.gramian_, (rows @ rows.T).numpy(), rtol=1e-9)


@LEVELS
def test_a_negative_weight_turns_the_trunk_and_leaves_the_head(small, digits, level):
    X, y = digits
    clf = small(weighting=Fixed((3.0, -1.0)), gradient_level=level, max_epochs=1).fit(X, y)
    images, target = batch_of(X, y)
    _, found = step(clf, images, target)
    _, (first, second) = separate(clf, images, target)
    for name, gradient in found.items():
        expected = 1.5 * first[name] / 2
        if name.startswith("trunk."):
            expected = expected - 0.5 * second[name] / 2
        torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-12)


@LEVELS
def test_an_aggregator_makes_the_gradient_of_the_trunk(small, digits, level):
    X, y = digits
    clf = small(weighting=Second(), gradient_level=level, task_weights=[1, 3], max_epochs=1).fit(X, y)
    images, target = batch_of(X, y)
    _, found = step(clf, images, target)
    _, gradients = separate(clf, images, target)
    for name, gradient in found.items():
        trunk = name.startswith("trunk.")
        # Heads train on their own loss times the user's weight.
        expected = 1.5 * gradients[1][name] if trunk else (0.5 * gradients[0][name] + 1.5 * gradients[1][name]) / 2
        torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-12)


@LEVELS
def test_task_weights_multiply_what_the_method_says(small, digits, level):
    clf = small(weighting=Fixed((3.0, 1.0)), gradient_level=level, task_weights=[1, 9], max_epochs=1).fit(*digits)
    row = clf.history_[0]
    assert [row["task0_weight"], row["task1_weight"]] == pytest.approx([0.5, 1.5])


@LEVELS
def test_tasks_without_a_say_are_left_out(small, digits, level):
    X, y = digits
    clf = small(weighting=Fixed(), gradient_level=level, max_epochs=1).fit(X, y)
    images, (codes, weights) = batch_of(X, y)
    step(clf, images, (codes, weights * torch.tensor([0.0, 1.0])))
    assert clf.net_.weighting.gramian_.shape == (1, 1)
    off = small(weighting=Fixed(), gradient_level=level, task_weights=[1, 0], max_epochs=2).fit(X, y)
    alone = small(weighting="equal", task_weights=[1, 0], max_epochs=2).fit(X, y)
    assert off.net_.weighting.gramian_.shape == (1, 1)
    np.testing.assert_allclose(off.predict_proba(X)[0], alone.predict_proba(X)[0], atol=1e-9)


@LEVELS
def test_equal_weights_that_read_gradients_train_the_same_model(small, digits, level):
    # In float64, where the order of the sums does not matter.
    X, y = digits
    plain = small().fit(X, y)
    read = small(weighting=Fixed((1.0, 1.0)), gradient_level=level).fit(X, y)
    recorded = small(record_conflicts=True, gradient_level=level).fit(X, y)
    for other in (read, recorded):
        np.testing.assert_allclose(other.predict_proba(X)[0], plain.predict_proba(X)[0], atol=1e-9)
        assert other.history_[-1]["train_loss"] == pytest.approx(plain.history_[-1]["train_loss"])


@LEVELS
def test_batch_norm_sees_a_batch_once(small, digits, level):
    trunk = ConvTrunk(channels=(2,), hidden=(8,), normalization="batch")
    plain = small(trunk=trunk).fit(*digits)
    read = small(trunk=trunk, weighting=Fixed((1.0, 1.0)), gradient_level=level).fit(*digits)
    state, expected = read.net_.module_.state_dict(), plain.net_.module_.state_dict()
    assert any("running" in name for name in state)
    for name, values in state.items():
        torch.testing.assert_close(values, expected[name], rtol=0, atol=1e-9)


@LEVELS
def test_frozen_layers_get_no_gradient(small, digits, level):
    X, y = digits
    clf = small(weighting=Fixed(), gradient_level=level, max_epochs=1).fit(X, y)
    frozen = next(clf.net_.module_.trunk.parameters()).requires_grad_(False)
    clf.net_.optimizer_.zero_grad()
    gradient_step(clf.net_, *batch_of(X, y))
    assert frozen.grad is None
    assert all(p.grad is not None for p in clf.net_.module_.parameters() if p is not frozen)
    for parameter in clf.net_.module_.trunk.parameters():
        parameter.requires_grad_(False)
    gradient_step(clf.net_, *batch_of(X, y))


@LEVELS
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_reduced_precision(small, digits, level, precision):
    X, y = digits
    clf = small(weighting=Fixed(), gradient_level=level, precision=precision, max_epochs=1).fit(X, y)
    images, target = batch_of(X, y)
    target = (target[0], target[1].float())
    net = clf.net_
    net.optimizer_.zero_grad()
    gradient_step(net, images, target)
    gramian = net.weighting.gramian_
    if net.scaler is not None:
        net.scaler.unscale_(net.optimizer_)
    found = {name: p.grad.clone() for name, p in net.module_.named_parameters()}
    _, (first, second) = separate(clf, images, target)
    trunk = [n for n in found if n.startswith("trunk.")]
    for name, gradient in found.items():
        expected = (1.5 * first[name] + 0.5 * second[name]) / 2
        # The reference is float32's: as close as rounding to 8 bits allows.
        torch.testing.assert_close(gradient, expected, rtol=0, atol=0.05 * float(expected.abs().max()) + 1e-4)
    if level == "parameters":
        rows = torch.stack([torch.cat([g[n].flatten() for n in trunk]) for g in (first, second)])
        np.testing.assert_allclose(gramian, (rows @ rows.T).numpy(), rtol=0.1)


class Agreement(GradientAggregator):
    """Moves a value only where all tasks agree."""

    def aggregate(self, jacobian):
        return jacobian.mean(0) * ((jacobian > 0).all(0) | (jacobian < 0).all(0))


@pytest.mark.parametrize("sharing", ["cgc", "mtan", "mmoe", "cross-stitch"])
def test_parameters_of_a_single_task_train_as_its_head_does(small, digits, sharing):
    """Experts, gates and masks that no other task reaches follow its own loss, whatever the others say."""
    X, y = digits
    params = {"sharing": sharing, "gradient_level": "parameters", "max_epochs": 1}
    clf = small(weighting=Fixed((3.0, -1.0)), **params).fit(X, y)
    images, target = batch_of(X, y)
    _, found = step(clf, images, target)
    _, (first, second) = separate(clf, images, target)
    agreed = small(weighting=Agreement(), **params).fit(X, y)
    agreed.net_.module_.load_state_dict(clf.net_.module_.state_dict())
    _, together = step(agreed, images, target)
    own_values = 0
    for name in (n for n in found if n.startswith("trunk.")):
        own = (first[name] == 0) | (second[name] == 0)
        own_values += int((own & (second[name] != 0)).sum())
        expected = torch.where(own, 1.5 * first[name] / 2, (1.5 * first[name] - 0.5 * second[name]) / 2)
        torch.testing.assert_close(found[name], expected, rtol=0, atol=1e-12)
        alike = (first[name] * second[name] > 0) | own
        expected = torch.where(alike, (first[name] + second[name]) / 2, 0)
        torch.testing.assert_close(together[name], expected, rtol=0, atol=1e-12)
    assert own_values
    rows = torch.stack([torch.cat([g[n].flatten() for n in g if n.startswith("trunk.")]) for g in (first, second)])
    shared = rows * (rows != 0).all(0)
    np.testing.assert_allclose(clf.net_.weighting.gramian_, (shared @ shared.T).numpy(), rtol=1e-9)


@LEVELS
def test_gradients_add_to_those_that_are_there(small, digits, level):
    X, y = digits
    clf = small(weighting=Fixed(), gradient_level=level, max_epochs=1).fit(X, y)
    images, target = batch_of(X, y)
    _, once = step(clf, images, target)
    gradient_step(clf.net_, images, target)
    for name, parameter in clf.net_.module_.named_parameters():
        torch.testing.assert_close(parameter.grad, 2 * once[name])


def test_who_shares_a_value_is_who_ever_reached_it(small, digits):
    X, y = digits
    params = {"sharing": "cross-stitch", "gradient_level": "parameters", "max_epochs": 1}
    clf = small(weighting=Fixed((3.0, -1.0)), **params).fit(X, y)
    images, target = batch_of(X, y)
    step(clf, images, target)
    gramian, reached = clf.net_.weighting.gramian_, clf.net_.reached_
    # A batch in which the second task has no label makes nothing the first's own.
    step(clf, images, (target[0], target[1] * torch.tensor([1.0, 0.0])))
    assert torch.equal(clf.net_.reached_, reached)
    np.testing.assert_allclose(clf.net_.weighting.gramian_, gramian[:1, :1])
