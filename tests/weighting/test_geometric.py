import pytest
import torch
from torchjd.scalarization import GeometricMean

from skmtl.weighting import GeometricWeighting


def test_value_by_hand():
    # The geometric mean of 1, 2 and 4 is 2.
    weights = GeometricWeighting().build(3).weights(torch.tensor([1.0, 2.0, 4.0]))
    torch.testing.assert_close(weights, torch.tensor([2.0, 1.0, 0.5]))


def test_weighted_losses_are_all_the_geometric_mean():
    losses = torch.tensor([0.3, 1e-4, 50.0, 2.0], dtype=torch.float64)
    weighted = GeometricWeighting().build(4).weights(losses) * losses
    torch.testing.assert_close(weighted, torch.full((4,), float(losses.prod() ** 0.25), dtype=torch.float64))


def test_agrees_with_the_gradient_of_torchjds():
    losses = torch.tensor([0.3, 0.9, 5.0], dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(GeometricMean()(losses), losses)
    # Ours is the gradient of the mean of the weighted losses, 1/T sum_t w_t L_t.
    torch.testing.assert_close(GeometricWeighting().build(3).weights(losses.detach()) / 3, gradient)


def test_scaling_one_loss_leaves_the_ratio_of_weighted_losses():
    losses, scaled = torch.tensor([0.5, 2.0]), torch.tensor([500.0, 2.0])
    built = GeometricWeighting().build(2)
    first, second = built.weights(losses) * losses, built.weights(scaled) * scaled
    torch.testing.assert_close(first / first.sum(), second / second.sum())


@pytest.mark.parametrize("n_tasks", [40, 1000])
@pytest.mark.parametrize("loss", [1e-6, 1e6])
def test_fault_of_peers_underflow_at_40_tasks(n_tasks, loss):
    losses = torch.full((n_tasks,), loss, dtype=torch.float32)
    assert losses.prod() in (0, float("inf"))
    torch.testing.assert_close(GeometricWeighting().build(n_tasks).weights(losses), torch.ones(n_tasks))
    losses[0] *= 10
    weights = GeometricWeighting().build(n_tasks).weights(losses)
    torch.testing.assert_close(weights[0], weights[1] / 10)
    torch.testing.assert_close(weights.double().log().mean(), torch.tensor(0.0).double(), atol=1e-5, rtol=0)


def test_floor():
    weights = GeometricWeighting(eps=1e-2).build(2).weights(torch.tensor([1e-12, 1.0]))
    torch.testing.assert_close(weights, torch.tensor([10.0, 0.1]))


def test_a_loss_of_0_leaves_the_others_as_they_are():
    weights = GeometricWeighting().build(3).weights(torch.tensor([1.0, 0.0, 4.0]))
    torch.testing.assert_close(weights, torch.tensor([2.0, 1.0, 0.5]))


def test_smallest_floor_stays_finite_in_float32():
    weights = GeometricWeighting(eps=1e-20).build(1000).weights(torch.tensor([1e-30] + [1e8] * 999))
    assert weights.isfinite().all()


@pytest.mark.parametrize("eps", [0, -1e-8, 1e-30, None])
def test_what_is_no_floor(eps):
    with pytest.raises(ValueError, match="The 'eps' parameter of GeometricWeighting must be a float in the range"):
        GeometricWeighting(eps=eps).build(2)
