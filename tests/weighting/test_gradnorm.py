import warnings

import numpy as np
import pytest
import torch

from skmtl.weighting import GradNorm


def straightforward(steps, alpha, lr):
    """Algorithm 1 by automatic differentiation; return the weights used in every step."""
    n_tasks = len(steps[0][0])
    w = torch.nn.Parameter(torch.ones(n_tasks, dtype=torch.float64))
    adam, first, used = torch.optim.Adam([w], lr=lr), steps[0][1], []
    for norms, losses in steps:
        used.append(w.detach().clone())
        sizes = w * norms
        ratios = losses / first
        target = (sizes.mean() * (ratios / ratios.mean()) ** alpha).detach()
        adam.zero_grad()
        (sizes - target).abs().sum().backward()
        adam.step()
        with torch.no_grad():
            w *= n_tasks / w.sum()
    return torch.stack(used)


def gramian(norms):
    # Gradients that are not orthogonal: GradNorm reads their norms only.
    norms = np.asarray(norms, dtype=np.float64)
    return np.outer(norms, norms) * (0.7 * np.eye(len(norms)) + 0.3)


def train(built, norms, losses, n_steps):
    for _ in range(n_steps):
        weights = built.weights(gramian(norms), torch.as_tensor(losses))
    return weights


def test_two_steps_by_hand():
    built = GradNorm(lr=0.1).build(3)
    assert train(built, [1.0, 2.0, 6.0], [1.0, 1.0, 1.0], 1).tolist() == [1, 1, 1]
    # The mean norm is 3: the first two are below, the third above; +.1, +.1, -.1, then scaled to sum to 3.
    expected = np.array([1.1, 1.1, 0.9]) * 3 / 3.1
    np.testing.assert_allclose(train(built, [1.0, 2.0, 6.0], [1.0, 1.0, 1.0], 1), expected)


def test_slow_task_gets_the_greater_gradient():
    built = GradNorm(lr=0.1).build(2)
    train(built, [1.0, 1.0], [2.0, 4.0], 1)
    # Losses 1/2 and 1 of the first: r = 2/3 and 4/3, targets r ** 1.5; first step on the mean of two gradients.
    train(built, [1.0, 1.0], [1.0, 4.0], 1)
    np.testing.assert_array_less(*train(built, [1.0, 1.0], [1.0, 4.0], 1))


def test_agrees_with_automatic_differentiation():
    generator = torch.Generator().manual_seed(0)
    steps = [
        tuple(torch.rand(2, 4, generator=generator, dtype=torch.float64) * torch.tensor([[5.0], [1.0]]) + 0.1)
        for _ in range(40)
    ]
    built = GradNorm(alpha=0.7, lr=0.01).build(4)
    ours = np.stack([built.weights(gramian(norms), losses) for norms, losses in steps])
    np.testing.assert_allclose(ours, straightforward(steps, 0.7, 0.01).numpy(), rtol=1e-6)


def test_settles_where_all_gradients_have_one_size():
    norms = np.array([1.0, 2.0, 4.0])
    sizes = train(GradNorm(alpha=0, lr=0.01).build(3), norms, [1.0, 1.0, 1.0], 2000) * norms
    # w = (12, 6, 3) / 7.
    np.testing.assert_allclose(sizes, np.full(3, 12 / 7), rtol=0.03)


def test_settles_at_the_targets_of_relative_speed():
    built = GradNorm(alpha=1.0, lr=0.005).build(2)
    train(built, [1.0, 1.0], [1.0, 1.0], 1)
    weights = train(built, [1.0, 1.0], [0.5, 1.0], 3000)
    # r = (2/3, 4/3), the mean of the sizes 1.
    np.testing.assert_allclose(weights, [2 / 3, 4 / 3], rtol=0.03)


@pytest.mark.parametrize("scale", [0.1, 10.0])
def test_fault_of_peers_gradnorm_that_never_reads_a_gradient(scale):
    # The same losses, one task's gradient scaled.
    plain = train(GradNorm().build(3), [1.0, 1.0, 1.0], [1.0, 2.0, 3.0], 5)
    scaled = train(GradNorm().build(3), [scale, 1.0, 1.0], [1.0, 2.0, 3.0], 5)
    np.testing.assert_allclose(plain, [1, 1, 1])
    assert (scaled[0] < 0.95) if scale > 1 else (scaled[0] > 1.05)


def test_the_common_scale_of_the_gradients_has_no_say():
    norms = [0.3, 1.0, 2.0]
    expected = train(GradNorm().build(3), norms, [1.0, 1.0, 1.0], 30)
    for scale in (1e-8, 1e8):
        weights = train(GradNorm().build(3), np.multiply(norms, scale), [1.0, 1.0, 1.0], 30)
        np.testing.assert_allclose(weights, expected, rtol=1e-6)


def test_tasks_without_gradient_have_no_say():
    with_it, without = GradNorm(lr=0.1).build(3), GradNorm(lr=0.1).build(2)
    for losses in ([1.0, 2.0], [0.5, 2.0], [0.4, 1.9]):
        three = with_it.weights(gramian([1.0, 5.0, 0.0]), torch.tensor([*losses, 7.0]))
        two = without.weights(gramian([1.0, 5.0]), torch.tensor(losses))
    # Nearly proportional: the scaling differs, by which Adam's steps are a little longer or shorter.
    np.testing.assert_allclose(three[:2] / three[:2].sum(), two / two.sum(), rtol=0.02)
    assert three.sum() == pytest.approx(3)
    # One step by hand: the mean of 1 and 5 is 3, w becomes (1.1, .9, 1), which sum to 3.
    built = GradNorm(lr=0.1).build(3)
    train(built, [1.0, 5.0, 0.0], [1.0, 1.0, 1.0], 1)
    np.testing.assert_allclose(train(built, [1.0, 5.0, 0.0], [1.0, 1.0, 1.0], 1), [1.1, 0.9, 1.0])


def test_first_loss_is_that_of_the_first_gradient():
    built = GradNorm().build(3)
    built.weights(gramian([1.0, 0.0, 1.0]), torch.tensor([2.0, 3.0, 0.0]))
    assert built.first_losses_.tolist() == [2, 0, 0]
    built.weights(gramian([1.0, 1.0, 1.0]), torch.tensor([1.0, 4.0, 5.0]))
    assert built.first_losses_.tolist() == [2, 4, 5]


def test_momentum_does_not_move_a_task_that_drops_out():
    built = GradNorm(lr=0.1).build(3)
    train(built, [1.0, 5.0, 20.0], [1.0, 1.0, 1.0], 5)
    before = built.w_.value.clone()
    train(built, [1.0, 5.0, 0.0], [1.0, 1.0, 1.0], 1)
    others = built.w_.value[:2].sum() / built.w_.value[2]
    assert built.w_.value.sum() == pytest.approx(3)
    # Its share changes only as far as those of the others, by Adam's step of at most .1 each.
    assert abs(float(others - before[:2].sum() / before[2])) < 0.25 / float(before[2])


@pytest.mark.parametrize("norms", [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1e-8, 1e8, 1.0], [1e8, 1e8, 1e8]])
@pytest.mark.parametrize("losses", [[0.0, 0.0, 0.0], [0.0, 1e-12, 1e8], [1e8, 1e-12, 1.0]])
def test_always_finite_and_positive(norms, losses):
    built = GradNorm().build(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for scale in (1.0, 1e-6, 1e6) * 20:
            weights = built.weights(gramian(norms), torch.tensor(losses) * scale)
            assert np.isfinite(weights).all()
            assert (weights > 0).all()
            assert weights.sum() == pytest.approx(3)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_step_that_overflowed_leaves_no_trace(bad):
    built = GradNorm().build(2)
    built.weights(np.full((2, 2), bad), torch.ones(2))
    built.weights(np.eye(2), torch.tensor([bad, bad]))
    assert built.weights(np.eye(2), torch.ones(2)).tolist() == [1, 1]


def test_rounding_moves_nothing():
    # All losses fall alike, but the ratios .63 / .7, .18 / .2 and .27 / .3 are not the same number.
    built, first = GradNorm().build(3), torch.tensor([0.7, 0.2, 0.3], dtype=torch.float64)
    for speed in (1.0, 0.9, 0.81, 0.7):
        weights = built.weights(gramian([0.1, 0.1, 0.1]), first * speed)
    np.testing.assert_allclose(weights, [1, 1, 1], rtol=1e-12)


def test_one_task():
    assert train(GradNorm().build(1), [3.0], [2.0], 10).tolist() == [1]


def test_permutation_of_the_tasks():
    norms, losses, order = np.array([0.5, 3.0, 1.0, 9.0]), np.array([1.0, 0.2, 5.0, 2.0]), [2, 0, 3, 1]
    first, second = GradNorm().build(4), GradNorm().build(4)
    for speed in (1.0, 0.9, 0.5, 0.7):
        fallen = losses * speed ** np.arange(4)
        expected = first.weights(gramian(norms), torch.as_tensor(fallen))
        weights = second.weights(gramian(norms[order]), torch.as_tensor(fallen[order]))
        np.testing.assert_allclose(weights, expected[order], rtol=1e-9)


def test_input_is_not_modified_and_weights_are_the_callers():
    built, given, losses = GradNorm().build(2), gramian([1.0, 3.0]), torch.tensor([1.0, 2.0])
    given.setflags(write=False)
    weights = built.weights(given, losses)
    weights[:] = 99
    assert losses.tolist() == [1, 2]
    assert built.weights(given, losses).sum() == pytest.approx(2)


@pytest.mark.parametrize(("name", "value"), [("lr", 0), ("lr", "fast"), ("alpha", -0.1), ("alpha", float("inf"))])
def test_what_is_no_parameter(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of GradNorm must be a float in the range"):
        GradNorm(**{name: value}).build(2)
