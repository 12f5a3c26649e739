import math

import pytest
import torch
from torchjd.scalarization import FAMO as TheirFAMO

from skmtl.weighting import FAMO, GeometricWeighting


def test_first_weights_by_hand():
    # z = 1/2 each, c = 1 / (1/2 + 1/8) = 8/5.
    weights = FAMO().build(2).weights(torch.tensor([1.0, 4.0]))
    torch.testing.assert_close(weights, torch.tensor([0.8, 0.2]))


def test_one_update_by_hand():
    built = FAMO(lr=0.1, gamma=0.0).build(2)
    built.weights(torch.tensor([1.0, 4.0]))
    built.look_again(torch.tensor([0.5, 4.0]))
    # delta = (log 2, 0), J^T delta = (log 2 / 4, -log 2 / 4): Adam's first step is lr against the sign.
    weights = built.weights(torch.ones(2))
    expected = torch.tensor([math.exp(-0.1), math.exp(0.1)])
    torch.testing.assert_close(weights, expected / expected.sum())


def test_second_update_by_hand():
    lr, gamma = 0.1, 0.2
    built = FAMO(lr=lr, gamma=gamma).build(2)
    xi, first, second = [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]
    for step, (old, new) in enumerate([((1.0, 4.0), (0.5, 4.0)), ((0.5, 4.0), (0.5, 1.0))], start=1):
        built.weights(torch.tensor(old, dtype=torch.float64))
        built.look_again(torch.tensor(new, dtype=torch.float64))
        z = [math.exp(x) / (math.exp(xi[0]) + math.exp(xi[1])) for x in xi]
        delta = [math.log(o / n) for o, n in zip(old, new, strict=True)]
        mean = z[0] * delta[0] + z[1] * delta[1]
        for t in range(2):
            gradient = z[t] * (delta[t] - mean) + gamma * xi[t]
            first[t] = 0.9 * first[t] + 0.1 * gradient
            second[t] = 0.999 * second[t] + 0.001 * gradient**2
            xi[t] -= lr * (first[t] / (1 - 0.9**step)) / (math.sqrt(second[t] / (1 - 0.999**step)) + 1e-8)
    assert built.xi_.value.tolist() == pytest.approx(xi)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_looks_again_at_every_so_many_steps(every):
    built = FAMO(every=every).build(2)
    looks = []
    for _ in range(7):
        looks.append(built.looks_again)  # asked before the step
        built.weights(torch.ones(2))
    assert looks == [step % every == 0 for step in range(7)]


def test_no_news_moves_nothing():
    built = FAMO(lr=0.1).build(3)
    for _ in range(5):
        built.weights(torch.tensor([1.0, 1.0, 1.0]))
        built.look_again(torch.tensor([0.5, 0.9, 0.0]))
    assert built.xi_.value[2] == 0
    assert built.xi_.value[0] < 0 < built.xi_.value[1]


def test_what_was_unknown_before_the_step_is_no_news():
    built = FAMO(lr=0.1).build(2)
    built.weights(torch.tensor([1.0, 0.0]))
    built.look_again(torch.tensor([0.5, 0.7]))
    assert built.xi_.value[1] == 0


def test_agrees_with_torchjd():
    # TorchJD adds 1e-8 to the losses, ours are at least 1e-8.
    ours, theirs = FAMO(lr=0.03, gamma=0.02).build(3), TheirFAMO(3, lr=0.03, weight_decay=0.02).double()
    generator = torch.Generator().manual_seed(0)
    for _ in range(50):
        before, after = torch.rand(2, 3, generator=generator, dtype=torch.float64) + 0.1
        values = before.clone().requires_grad_()
        (expected,) = torch.autograd.grad(theirs(values), values)
        torch.testing.assert_close(ours.weights(before), expected)
        theirs.update(after)
        with torch.no_grad():
            ours.look_again(after)


def test_without_a_second_look_it_is_the_geometric_direction():
    losses = torch.tensor([0.3, 2.0, 7.0])
    geometric = GeometricWeighting().build(3).weights(losses)
    torch.testing.assert_close(FAMO().build(3).weights(losses), geometric / geometric.sum())


def test_the_task_that_stalls_weighs_more():
    built = FAMO().build(3)
    for _ in range(50):
        built.weights(torch.ones(3))
        built.look_again(torch.tensor([0.9, 0.9, 1.0]))
    weights = built.weights(torch.ones(3))
    assert weights[2] > 2 * weights[0]
    assert weights[0] == weights[1]


def test_equal_progress_changes_nothing():
    built = FAMO().build(2)
    built.weights(torch.tensor([1.0, 8.0]))
    built.look_again(torch.tensor([0.5, 4.0]))
    assert built.weights(torch.ones(2)).tolist() == [0.5, 0.5]


def test_decay_pulls_towards_equal():
    weights = {}
    for gamma in (0.0, 1.0):
        built = FAMO(gamma=gamma).build(2)
        for _ in range(200):
            built.weights(torch.ones(2))
            built.look_again(torch.tensor([0.9, 1.0]))
        weights[gamma] = float(built.weights(torch.ones(2))[1])
    assert weights[0.0] > 0.95
    assert 0.5 < weights[1.0] < 0.6


def test_a_loss_of_0_leaves_the_others_as_they_are():
    built = FAMO().build(3)
    weights = built.weights(torch.tensor([1.0, 0.0, 4.0]))
    # The missing one counts as 2.
    torch.testing.assert_close(weights, torch.tensor([4.0, 2.0, 1.0]) / 7)
    built.look_again(torch.tensor([0.5, 0.0, 2.0]))
    assert built.xi_.value.isfinite().all()


def test_losses_that_overflow_leave_no_trace():
    built = FAMO().build(2)
    built.weights(torch.ones(2))
    built.look_again(torch.tensor([float("nan"), float("inf")]))
    assert built.weights(torch.ones(2)).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("name", "value"), [("lr", 0), ("lr", -1.0), ("gamma", -0.1), ("gamma", None), ("gamma", float("inf"))]
)
def test_what_is_no_parameter(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of FAMO must be a float in the range"):
        FAMO(**{name: value}).build(2)
