import math

import pytest
import torch
from torchjd.scalarization import UW

from skmtl.weighting import UncertaintyWeighting


def losses(n, T=3):
    return torch.rand(n, T, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 3 + 0.01


def test_two_steps_by_hand():
    built = UncertaintyWeighting(lr=0.1).build(3)
    constant = torch.tensor([0.1, 0.5, 2.0])
    assert built.weights(constant).tolist() == [1, 1, 1]
    # d/ds at s = 0 is 1/2 - L: .4, 0 and -1.5; Adam's first step is lr against its sign.
    torch.testing.assert_close(built.weights(constant), torch.tensor([math.exp(0.1), 1.0, math.exp(-0.1)]))


def test_settles_where_the_weighted_loss_is_a_half():
    built = UncertaintyWeighting().build(4)
    constant = torch.tensor([0.05, 0.5, 1.0, 20.0], dtype=torch.float64)
    for _ in range(2000):
        weights = built.weights(constant)
    torch.testing.assert_close(weights * constant, torch.full((4,), 0.5, dtype=torch.float64), atol=1e-3, rtol=0)


def test_fault_of_peers_the_regression_form_for_cross_entropy():
    # The regression form's weight is e^-s / 2, its optimum e^-s L = 1, so that w L = 1/2 there as well; but s is
    # log L, not log 2L, and the first weights are halves.
    built = UncertaintyWeighting().build(2)
    constant = torch.tensor([0.7, 3.0], dtype=torch.float64)
    assert built.weights(constant).tolist() == [1, 1]
    for _ in range(2000):
        built.weights(constant)
    torch.testing.assert_close(built.s_.value, (2 * constant).log(), atol=1e-3, rtol=0)


def test_fault_of_peers_weight_decay_of_s():
    # Decay would pull s, and with it the optimum, towards 0.
    built = UncertaintyWeighting().build(1)
    assert built.s_.optimizer.param_groups[0]["weight_decay"] == 0
    for _ in range(2000):
        weights = built.weights(torch.tensor([1e-3], dtype=torch.float64))
    assert float(weights) == pytest.approx(500, rel=1e-2)


def test_agrees_with_torchjd():
    # TorchJD has the regression form, e^-s L / 2 + s / 2: of 2 L it is ours.
    built, theirs = UncertaintyWeighting(lr=0.03).build(3), UW(3).double()
    adam = torch.optim.Adam(theirs.parameters(), lr=0.03)
    for step_losses in losses(50):
        values = step_losses.clone().requires_grad_()
        adam.zero_grad()
        theirs(2 * values).backward()
        adam.step()
        torch.testing.assert_close(built.weights(step_losses), values.grad)


def test_a_task_never_labelled_stays_at_1():
    built = UncertaintyWeighting().build(2)
    for _ in range(300):
        weights = built.weights(torch.tensor([1.0, 0.0]))
    assert weights[1] == 1
    assert weights[0] < 0.6


def test_a_step_that_overflowed_leaves_no_trace():
    built = UncertaintyWeighting().build(3)
    built.weights(torch.tensor([1.0, float("nan"), float("inf")]))
    assert built.weights(torch.ones(3))[1:].tolist() == [1, 1]


@pytest.mark.parametrize("lr", [0, -1.0, "fast", float("nan")])
def test_what_is_no_lr(lr):
    with pytest.raises(ValueError, match=r"The 'lr' parameter of UncertaintyWeighting must be a float in the range"):
        UncertaintyWeighting(lr=lr).build(2)
