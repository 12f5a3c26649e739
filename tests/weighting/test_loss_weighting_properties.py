"""What all weightings that read losses have in common."""

import copy
import itertools
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skmtl.weighting import (
    FAMO,
    IMTLL,
    DynamicWeightAverage,
    EqualWeighting,
    GeometricWeighting,
    GradNorm,
    RandomWeighting,
    UncertaintyWeighting,
)

DETERMINISTIC = [
    EqualWeighting(),
    UncertaintyWeighting(lr=0.1),
    DynamicWeightAverage(temperature=0.5),
    GeometricWeighting(),
    IMTLL(lr=0.1),
    FAMO(lr=0.1),
]
SPECS = [*DETERMINISTIC, RandomWeighting(), RandomWeighting("dirichlet")]
# With GradNorm, which reads them beside the gradients.
ALL = [*SPECS, GradNorm(lr=0.1)]
EXTREME = [0.0, 1e-12, 1.0, 1e8]


def epoch(built, losses):
    """Return the weights of two steps and what the epoch's end makes of them."""
    weights = []
    for step_losses in (losses, losses.flip(0)):
        given = step_losses.clone()
        if "gramian" in built.reads:
            gradients = np.diag(np.arange(1.0, len(given) + 1))
            weights.append(torch.as_tensor(built.weights(gradients, given)))
        else:
            weights.append(built.weights(given))
        assert torch.equal(given, step_losses), "the losses were modified"
        if built.looks_again:
            with torch.no_grad():
                built.look_again(given * torch.linspace(0.5, 1, len(given)).to(given))
    built.end_epoch(losses)
    return torch.stack(weights)


def history(built, n_epochs=4, n_tasks=3, seed=0, order=slice(None), dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    losses = torch.rand(n_epochs, n_tasks, generator=generator, dtype=torch.float64).to(dtype) + 0.1
    torch.manual_seed(seed)
    return torch.cat([epoch(built, row[order]) for row in losses])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_finite_and_not_negative_on_extreme_losses(spec, dtype):
    for mix in itertools.product(EXTREME, repeat=3):
        built, losses = spec.build(3), torch.tensor(mix, dtype=dtype)
        for _ in range(3):
            weights = epoch(built, losses)
            assert weights.isfinite().all(), mix
            assert (weights >= 0).all(), mix
            assert weights.sum() > 0, mix


@pytest.mark.parametrize("loss", EXTREME)
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_extreme_losses_for_long(spec, loss):
    built = spec.build(2)
    for _ in range(1500):
        weights = epoch(built, torch.tensor([loss, 1.0]))
    assert weights.isfinite().all()
    assert (weights >= 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n_tasks", [1, 2, 40])
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_shape_and_dtype_are_those_of_the_losses(spec, n_tasks, dtype):
    built = spec.build(n_tasks)
    for _ in range(3):
        weights = epoch(built, torch.rand(n_tasks, dtype=dtype) + 0.1)
        assert weights.shape == (2, n_tasks)
        assert weights.dtype == dtype
        assert not weights.requires_grad


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_device_is_that_of_the_losses(spec):
    built = spec.build(3)
    epoch(built, torch.rand(3) + 0.1)
    epoch(built, torch.rand(3) + 0.1)
    # PyTorch's device without memory stands for a GPU: operations that mix it with the CPU's fail.
    losses = torch.ones(3, device="meta")
    for _ in range(2):
        assert built.weights(losses).device.type == "meta"
        if built.looks_again:
            built.look_again(losses)


@pytest.mark.parametrize("spec", DETERMINISTIC, ids=repr)
def test_weights_are_the_callers_own(spec):
    changed, other, losses = spec.build(3), spec.build(3), torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    changed.weights(losses).fill_(99)
    other.weights(losses)
    assert torch.equal(changed.weights(losses), other.weights(losses))


@pytest.mark.parametrize("loss", EXTREME)
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_one_task_has_a_positive_weight(spec, loss):
    built = spec.build(1)
    for _ in range(3):
        assert (epoch(built, torch.tensor([loss])) > 0).all()


@pytest.mark.parametrize("spec", DETERMINISTIC, ids=repr)
def test_permutation_of_the_tasks(spec):
    order = [2, 0, 3, 1]

    def trained(places):
        built, generator = spec.build(4), torch.Generator().manual_seed(0)
        for _ in range(5):
            old, new = torch.rand(2, 4, generator=generator, dtype=torch.float64) + 0.1
            weights = built.weights(old[places])
            if built.looks_again:
                built.look_again(new[places])
            built.end_epoch(new[places])
        return weights

    torch.testing.assert_close(trained(order), trained(range(4))[order])


@pytest.mark.parametrize("spec", ALL, ids=repr)
def test_spec_is_never_changed_and_builds_are_independent(spec):
    before = copy.deepcopy(vars(spec))
    first, second = spec.build(3), spec.build(3)
    expected = history(first)
    assert vars(spec) == before
    assert torch.equal(history(second), expected)
    assert torch.equal(history(spec.build(3)), expected)


@pytest.mark.parametrize("spec", ALL, ids=repr)
def test_clone_takes_parameters_and_no_state(spec):
    built = spec.build(3)
    history(built)
    assert vars(clone(built)) == vars(spec)
    for name, value in spec.get_params().items():
        assert getattr(clone(spec).set_params(**{name: value}), name) == value


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda built: pickle.loads(pickle.dumps(built))])
@pytest.mark.parametrize("spec", ALL, ids=repr)
def test_a_copy_continues_as_the_original(spec, copied):
    built = spec.build(3)
    history(built)
    other = copied(built)
    expected = history(other, seed=1)
    # What the copy has learned since has not reached the original.
    assert torch.equal(history(built, seed=1), expected)


@pytest.mark.parametrize("spec", [FAMO(lr=0.1)], ids=repr)
def test_a_copy_in_the_middle_of_a_step(spec):
    built, losses = spec.build(2), torch.tensor([1.0, 2.0])
    built.weights(losses)
    other = pickle.loads(pickle.dumps(built))
    for each in (built, other):
        each.look_again(torch.tensor([0.5, 2.0]))
    assert torch.equal(built.weights(losses), other.weights(losses))


@pytest.mark.parametrize("spec", ALL, ids=repr)
def test_trained_in_another_dtype_it_continues(spec):
    built = spec.build(3)
    history(built, dtype=torch.float32)
    other = spec.build(3)
    history(other, dtype=torch.float64)
    first, second = history(built, seed=1), history(other, seed=1)
    torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_under_no_grad_and_with_gradients_on_alike(spec):
    first = history(spec.build(3))
    with torch.no_grad():
        second = history(spec.build(3))
    assert torch.equal(first, second)
