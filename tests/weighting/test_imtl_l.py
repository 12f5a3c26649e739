import math

import pytest
import torch
from torchjd.scalarization import IMTLL as TheirIMTLL

from skmtl.weighting import IMTLL, UncertaintyWeighting


def test_two_steps_by_hand():
    built = IMTLL(lr=0.1).build(3)
    constant = torch.tensor([0.1, 1.0, 2.0])
    assert built.weights(constant).tolist() == [1, 1, 1]
    # d/ds at s = 0 is L - 1: -.9, 0 and 1; Adam's first step is lr against its sign.
    torch.testing.assert_close(built.weights(constant), torch.tensor([math.exp(0.1), 1.0, math.exp(-0.1)]))


def test_settles_where_the_weight_is_the_inverse_of_the_loss():
    built = IMTLL().build(4)
    constant = torch.tensor([0.05, 0.5, 1.0, 20.0], dtype=torch.float64)
    for _ in range(2000):
        weights = built.weights(constant)
    torch.testing.assert_close(weights, 1 / constant, atol=0, rtol=2e-3)


def test_agrees_with_torchjd():
    built, theirs = IMTLL(lr=0.03).build(3), TheirIMTLL(3).double()
    adam = torch.optim.Adam(theirs.parameters(), lr=0.03)
    for step_losses in torch.rand(50, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 3 + 0.01:
        values = step_losses.clone().requires_grad_()
        adam.zero_grad()
        theirs(values).backward()
        adam.step()
        torch.testing.assert_close(built.weights(step_losses), values.grad)


def test_is_uncertainty_weighting_of_half_the_losses():
    # e^s L - s is twice e^-s' (L / 2) + s' / 2 with s' = -s.
    imtl, uncertainty = IMTLL().build(3), UncertaintyWeighting().build(3)
    for step_losses in torch.rand(30, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64) + 0.1:
        torch.testing.assert_close(imtl.weights(step_losses), uncertainty.weights(step_losses / 2), rtol=1e-6, atol=0)


def test_a_task_never_labelled_stays_at_1():
    built = IMTLL().build(2)
    for _ in range(300):
        weights = built.weights(torch.tensor([2.0, 0.0]))
    assert weights[1] == 1
    assert weights[0] < 0.6


@pytest.mark.parametrize("lr", [0, -1.0, None])
def test_what_is_no_lr(lr):
    with pytest.raises(ValueError, match=r"The 'lr' parameter of IMTLL must be a float in the range \(0.0, inf\)"):
        IMTLL(lr=lr).build(2)
