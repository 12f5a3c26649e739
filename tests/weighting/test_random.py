import pytest
import torch
from torchjd.scalarization import Random

from skmtl.weighting import RandomWeighting


@pytest.mark.parametrize("distribution", ["normal", "dirichlet"])
def test_sum_and_mean_over_draws(distribution):
    torch.manual_seed(0)
    built = RandomWeighting(distribution).build(4)
    draws = torch.stack([built.weights(torch.ones(4, dtype=torch.float64)) for _ in range(4000)])
    torch.testing.assert_close(draws.sum(1), torch.ones(4000, dtype=torch.float64))
    # The standard deviation of a draw is about .2, that of the mean of 4,000 .003.
    torch.testing.assert_close(draws.mean(0), torch.full((4,), 0.25, dtype=torch.float64), atol=0.015, rtol=0)


def test_spread_of_dirichlet():
    torch.manual_seed(0)
    built = RandomWeighting("dirichlet").build(3)
    draws = torch.stack([built.weights(torch.ones(3, dtype=torch.float64)) for _ in range(4000)])
    # Variance of an entry of Dirichlet(1, ..., 1): (T - 1) / (T^2 (T + 1)).
    torch.testing.assert_close(draws.var(0), torch.full((3,), 2 / 36, dtype=torch.float64), atol=0.005, rtol=0)


def test_agrees_with_torchjd():
    losses = torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64, requires_grad=True)
    built = RandomWeighting().build(3)
    torch.manual_seed(3)
    ours = torch.stack([built.weights(losses.detach()) for _ in range(5)])
    torch.manual_seed(3)
    theirs = torch.stack([torch.autograd.grad(Random()(losses), losses)[0] for _ in range(5)])
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("distribution", ["normal", "dirichlet"])
def test_the_global_seed_decides_and_the_losses_do_not(distribution):
    torch.manual_seed(5)
    first = RandomWeighting(distribution).build(3).weights(torch.tensor([1e8, 0.0, 1.0]))
    torch.manual_seed(5)
    second = RandomWeighting(distribution).build(3).weights(torch.ones(3))
    assert torch.equal(first, second)
    assert not torch.equal(first, RandomWeighting(distribution).build(3).weights(torch.ones(3)))


def test_what_is_no_distribution():
    with pytest.raises(ValueError, match="The 'distribution' parameter of RandomWeighting must be a str among"):
        RandomWeighting("uniform").build(2)
