import math

import pytest
import torch
from torchjd.scalarization import DWA

from skmtl.weighting import DynamicWeightAverage


def after(epochs, temperature=2.0, n_tasks=2):
    """Return the weights after epochs with these mean losses."""
    built = DynamicWeightAverage(temperature).build(n_tasks)
    for means in epochs:
        built.end_epoch(torch.tensor(means, dtype=torch.float64))
    return built.weights(torch.ones(n_tasks, dtype=torch.float64))


def test_1_in_the_first_two_epochs():
    assert after([]).tolist() == [1, 1]
    assert after([[3.0, 0.1]]).tolist() == [1, 1]


@pytest.mark.parametrize("temperature", [0.5, 2.0, 10.0])
def test_third_epoch_by_hand(temperature):
    # Ratios 1/4 and 9/10.
    first, second = math.exp(0.25 / temperature), math.exp(0.9 / temperature)
    expected = [2 * first / (first + second), 2 * second / (first + second)]
    assert after([[4.0, 1.0], [1.0, 0.9]], temperature).tolist() == pytest.approx(expected)


def test_only_the_last_two_epochs_count():
    torch.testing.assert_close(
        after([[9.0, 9.0], [4.0, 1.0], [1.0, 0.9]]), after([[4.0, 1.0], [1.0, 0.9]]), rtol=0, atol=0
    )


def test_losses_of_single_steps_do_not_count():
    built = DynamicWeightAverage().build(2)
    for step_losses in ([1.0, 1.0], [0.1, 7.0]):
        built.weights(torch.tensor(step_losses))
    assert built.weights(torch.ones(2)).tolist() == [1, 1]


def test_the_higher_the_temperature_the_flatter():
    spreads = [float(after([[4.0, 1.0], [1.0, 0.9]], t).std()) for t in (0.1, 1.0, 2.0, 20.0, 1e6)]
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[-1] < 1e-6


def test_agrees_with_torchjd():
    ours, theirs = DynamicWeightAverage(temperature=1.3).build(3), DWA(temperature=1.3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        batches = torch.rand(4, 3, generator=generator, dtype=torch.float64) + 0.1
        for step_losses in batches:
            values = step_losses.clone().requires_grad_()
            (expected,) = torch.autograd.grad(theirs(values), values)
            torch.testing.assert_close(ours.weights(step_losses), expected)
        # TorchJD averages the steps itself; ours is told the epoch's mean.
        theirs.step()
        ours.end_epoch(batches.mean(0))


def test_an_epoch_without_label_leaves_the_last_mean():
    torch.testing.assert_close(after([[4.0, 1.0], [1.0, 0.0]]), after([[4.0, 1.0], [1.0, 1.0]]), rtol=0, atol=0)
    torch.testing.assert_close(
        after([[4.0, 1.0], [1.0, 0.0], [1.0, 0.5]]), after([[1.0, 1.0], [1.0, 0.5]]), rtol=0, atol=0
    )


@pytest.mark.parametrize("mean", [0.0, float("nan"), float("inf")])
def test_never_a_mean_is_a_ratio_of_1(mean):
    torch.testing.assert_close(
        after([[4.0, mean], [1.0, mean], [0.5, mean]]), after([[2.0, 1.0], [1.0, 1.0]]), rtol=0, atol=0
    )


def test_extreme_ratios_and_temperatures_stay_finite():
    for temperature in (1e-310, 1e-8, 1e300):
        weights = after([[1e-12, 1e8, 1.0], [1e8, 1e-12, 1e8]], temperature, n_tasks=3)
        assert weights.isfinite().all()
        assert float(weights.sum()) == pytest.approx(3)


def test_means_on_the_way_are_not_kept_hold_of():
    built, means = DynamicWeightAverage().build(2), torch.tensor([1.0, 2.0], dtype=torch.float64)
    built.end_epoch(means)
    means.mul_(100)
    built.end_epoch(torch.tensor([1.0, 2.0]))
    assert built.weights(torch.ones(2)).tolist() == [1, 1]


@pytest.mark.parametrize("temperature", [0, -2.0, "hot"])
def test_what_is_no_temperature(temperature):
    with pytest.raises(ValueError, match="The 'temperature' parameter of DynamicWeightAverage must be a float"):
        DynamicWeightAverage(temperature).build(2)
