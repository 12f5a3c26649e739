import numpy as np
import pytest
import torch
from torch import nn

from skmtl.nn._attention import StageAttention


def numbers(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def built(shape, before, n_tasks=2, hidden=3, normalize=False):
    torch.manual_seed(0)
    return StageAttention(shape, before, n_tasks, hidden, normalize).double()


def dense(layer, x):
    """A 1 x 1 convolution position by position; x has its channels first."""
    weight, bias = layer.weight.detach().numpy().reshape(layer.out_channels, layer.in_channels), layer.bias
    return np.einsum("oi,bi...->bo...", weight, x) + bias.detach().numpy().reshape(-1, *[1] * (x.ndim - 2))


def test_masks_are_equation_2():
    attention = built((4, 2, 3), (5, 4, 6))
    p, before = numbers(2, 4, 2, 3), [numbers(2, 5, 4, 6, seed=1), numbers(2, 5, 4, 6, seed=2)]
    masks, attended = attention([p, p], before)
    for t in range(2):
        halved = before[t].numpy().reshape(2, 5, 2, 2, 3, 2).mean((3, 5))
        carried = np.maximum(dense(attention.carry.layers[0], halved), 0)
        g, _, h, _ = attention.masks[t]
        inner = np.maximum(dense(g, np.concatenate([p.numpy(), carried], 1)), 0)
        mask = 1 / (1 + np.exp(-dense(h, inner)))
        np.testing.assert_allclose(masks[t].detach().numpy(), mask, rtol=1e-12)
        np.testing.assert_allclose(attended[t].detach().numpy(), mask * p.numpy(), rtol=1e-12)


def test_the_first_stage_looks_at_its_features_only():
    attention = built((4, 3), None)
    assert attention.carry is None
    p = numbers(2, 4, 3)
    masks, _ = attention([p, p], None)
    g, _, h, _ = attention.masks[1]
    mask = 1 / (1 + np.exp(-dense(h, np.maximum(dense(g, p.numpy()), 0))))
    np.testing.assert_allclose(masks[1].detach().numpy(), mask, rtol=1e-12)


@pytest.mark.parametrize(
    ("before", "shape"),
    [
        ((5, 8), (4, 4)),
        ((5, 7, 9), (4, 3, 4)),
        ((5, 6, 4, 2), (4, 3, 2, 1)),
        ((5, 3, 3), (4, 3, 3)),
        ((5, 2, 2), (4, 4, 4)),
        ((5, 7), (4,)),
        ((5, 3, 3), (4,)),
        ((5,), (4,)),
        ((5,), (4, 3, 3)),
        ((5, 3, 3), (4, 9)),
    ],
)
@pytest.mark.parametrize("normalize", [False, True])
def test_what_was_attended_to_is_brought_to_the_size_of_the_stage(before, shape, normalize):
    attention = built(shape, before, normalize=normalize)
    p, seen = numbers(2, *shape), numbers(2, *before)
    masks, attended = attention([p, p], [seen, -seen])
    assert all(m.shape == p.shape and m.min() > 0 and m.max() < 1 for m in masks)
    sum(a.square().sum() for a in attended).backward()
    assert [n for n, q in attention.named_parameters() if q.grad is None] == []


def test_to_a_vector_the_mean_of_the_maps_goes_on():
    carry = built((4,), (5, 2, 2)).carry
    assert isinstance(carry.layers[0], nn.Linear)
    maps = numbers(3, 5, 2, 2)
    expected = carry.layers(maps.mean((2, 3)))
    torch.testing.assert_close(carry(maps), expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 1, 1)])
def test_one_value_per_channel_is_normalised_by_the_running_statistics(shape):
    attention, p = built(shape, None, normalize=True), numbers(1, *shape)
    masks, attended = attention([p, p], None)
    attended[0].sum().backward()
    assert attention.masks[0][1].running_mean.equal(torch.zeros(3).double())
    torch.testing.assert_close(masks[0], attention.eval()([p, p], None)[0][0], rtol=0, atol=0)


def test_normalisation_is_that_of_the_batch():
    norm = built((4, 5), None, normalize=True).masks[0][1]
    x = numbers(6, 3, 5)
    out = norm(x)
    torch.testing.assert_close(out.mean((0, 2)), torch.zeros(3).double(), rtol=0, atol=1e-12)
    torch.testing.assert_close(norm.running_mean, 0.1 * x.mean((0, 2)))
