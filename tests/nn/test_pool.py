import numpy as np
import pytest
import torch
from torch import nn

from skmtl.nn import MaxPool

SIZES = [(2, 2), (6, 4), (5, 7), (3, 2), (2, 9)]


def numbers(*shape, seed=0, dtype=torch.float64):
    # Few values, so that many windows have several largest ones.
    values = torch.randint(-3, 4, shape, generator=torch.Generator().manual_seed(seed))
    return (values / 7).to(dtype)


def equal(a, b):
    torch.testing.assert_close(a, b, rtol=0, atol=0, equal_nan=True)


@pytest.fixture
def no_positions(monkeypatch):
    """PyTorch's own pooling fails."""

    def fail(*args, **kwargs):
        raise AssertionError("PyTorch's pooling")

    monkeypatch.setattr(nn.functional, "max_pool2d", fail)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, torch.enable_grad])
@pytest.mark.parametrize("kernel_size", [2, (2, 2), (1, 2), (2, 1), 3])
@pytest.mark.parametrize("size", [(3, 3), (6, 4), (5, 7)])
def test_equals_pytorchs(context, kernel_size, size):
    x = numbers(3, 2, *size)
    with context():
        equal(MaxPool(kernel_size)(x), nn.MaxPool2d(kernel_size)(x))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_without_gradients_equals_pytorchs_in_every_type_and_order(size, dtype, memory_format):
    x = numbers(4, 3, *size, dtype=dtype).contiguous(memory_format=memory_format)
    before = x.clone()
    with torch.no_grad():
        out = MaxPool(2)(x)
        equal(out, nn.MaxPool2d(2)(x))
    assert out.dtype == dtype
    assert torch.equal(x, before)


def test_one_image_without_a_batch():
    x = numbers(3, 5, 4)
    with torch.no_grad():
        equal(MaxPool(2)(x), nn.MaxPool2d(2)(x))


@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 0), (1, 1), (4, 4)])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_nan_and_infinity_pass_as_in_pytorch(place, value):
    x = numbers(1, 1, 5, 5)
    x[0, 0, *place] = value
    expected = nn.MaxPool2d(2)(x)
    with torch.no_grad():
        equal(MaxPool(2)(x), expected)
    assert bool(expected.isnan().any()) == (np.isnan(value) and place != (4, 4))


@pytest.mark.parametrize("kernel_size", [2, (1, 2)])
def test_gradients_equal_pytorchs(kernel_size):
    x, twin = (numbers(3, 2, 5, 6).requires_grad_() for _ in range(2))
    scale = numbers(3, 2, 5 // (kernel_size if kernel_size == 2 else 1), 3, seed=1)
    for pool, images in ((MaxPool(kernel_size), x), (nn.MaxPool2d(kernel_size), twin)):
        (pool(images) * scale).sum().backward()
    # Of equal largest values PyTorch teaches the first one only.
    assert torch.equal(x.grad, twin.grad)
    assert x.grad.any()


def test_positions_are_not_looked_for_without_gradients(no_positions):
    x = numbers(1, 1, 4, 4)
    with torch.no_grad():
        MaxPool(2)(x)
        MaxPool((2, 2))(x)
        with pytest.raises(AssertionError, match="PyTorch's pooling"):
            MaxPool((1, 2))(x)
    with pytest.raises(AssertionError, match="PyTorch's pooling"):
        MaxPool(2)(x)


def test_windows_lie_side_by_side():
    with pytest.raises(TypeError, match="stride"):
        MaxPool(2, stride=1)
