import pickle

import pytest
import torch
from torch import nn

from skmtl.nn import ConvTrunk
from skmtl.nn._conv1d import Conv1d


@pytest.mark.parametrize(("kernel_size", "padding", "bias"), [(3, 0, True), (5, "same", True), (1, 0, False)])
def test_numbers_and_gradients_are_those_of_pytorch(kernel_size, padding, bias):
    torch.manual_seed(0)
    own = Conv1d(3, 4, kernel_size, padding=padding, bias=bias).double()
    theirs = nn.Conv1d(3, 4, kernel_size, padding=padding, bias=bias).double()
    theirs.load_state_dict(own.state_dict())
    signals = torch.randn(5, 3, 20, dtype=torch.float64)
    results = []
    for layer in (own, theirs):
        read = signals.clone().requires_grad_()
        out = layer(read)
        out.square().sum().backward()
        with torch.no_grad():
            results.append([out, layer(read), read.grad, *(p.grad for p in layer.parameters())])
    for ours, expected in zip(*results, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-12, atol=1e-12)


def test_signals_train_with_it_and_it_pickles():
    trunk = ConvTrunk(channels=(4, 8), normalization="batch").build((2, 64))
    assert [type(layer) for layer in trunk if isinstance(layer, nn.Conv1d)] == [Conv1d, Conv1d]
    signals = torch.randn(3, 2, 64)
    trunk.eval()
    with torch.no_grad():
        assert torch.equal(pickle.loads(pickle.dumps(trunk))(signals), trunk(signals))
    with torch.autocast("cpu", torch.bfloat16):
        trunk.train()(signals).float().sum().backward()
    assert all(p.grad.isfinite().all() for p in trunk.parameters())
