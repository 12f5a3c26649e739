import copy
import pickle

import pytest
import torch

from skmtl.weighting._learned import Learned


def gradients(n, dtype=torch.float32):
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(0), dtype=dtype)


def learned(**settings):
    return Learned(torch.zeros(3), 0.1, **settings)


def test_first_step_is_lr_against_the_sign():
    values = learned()
    values.step(torch.tensor([5.0, -1e-3, 0.0]))
    torch.testing.assert_close(values.value, torch.tensor([-0.1, 0.1, 0.0]))


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_it_is_pytorchs_adam(weight_decay):
    values, parameter = learned(weight_decay=weight_decay), torch.nn.Parameter(torch.zeros(3))
    adam = torch.optim.Adam([parameter], lr=0.1, weight_decay=weight_decay)
    for gradient in gradients(20):
        values.step(gradient)
        parameter.grad = gradient.clone()
        adam.step()
    assert torch.equal(values.value, parameter.detach())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_copy_continues_as_the_original_and_apart_from_it(copied):
    values = learned(weight_decay=0.1, eps=1e-3)
    for gradient in gradients(5):
        values.step(gradient)
    other = copied(values)
    before = values.value.clone()
    for gradient in gradients(7):
        other.step(gradient)
    assert torch.equal(values.value, before)
    for gradient in gradients(7):
        values.step(gradient)
    assert torch.equal(values.value, other.value)


def test_where_not_nothing_moves_whatever_the_gradient():
    values = learned()
    values.step(torch.ones(3))
    before = values.value.clone()
    values.step(torch.tensor([1.0, float("nan"), float("inf")]), where=torch.tensor([True, False, False]))
    assert values.value[0] < before[0]
    assert torch.equal(values.value[1:], before[1:])
    values.step(torch.ones(3))
    assert values.value.isfinite().all()


def test_dtype_is_the_gradients():
    values = learned()
    values.step(torch.ones(3))
    values.step(torch.ones(3, dtype=torch.float64))
    assert values.value.dtype == torch.float64
    assert values.optimizer.state[values.value]["exp_avg"].dtype == torch.float64
    # Two steps of one Adam, not one each of two.
    assert values.optimizer.state[values.value]["step"] == 2
    torch.testing.assert_close(values.value, torch.full((3,), -0.2, dtype=torch.float64))


def test_device_is_the_gradients():
    values = learned()
    values.step(torch.ones(3))
    values.step(torch.ones(3, device="meta"))
    assert values.value.device.type == "meta"
    assert values.optimizer.state[values.value]["exp_avg_sq"].device.type == "meta"


def test_under_no_grad_and_with_gradients_that_have_a_graph():
    values = learned()
    with torch.no_grad():
        values.step(torch.ones(3))
    values.step(torch.ones(3, requires_grad=True) * 2)
    assert not values.value.requires_grad
    torch.testing.assert_close(values.value, torch.full((3,), -0.2), atol=0.01, rtol=0)
