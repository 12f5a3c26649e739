import pytest
import torch

from skmtl.weighting import EqualWeighting


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_ones_whatever_the_losses(dtype):
    weights = EqualWeighting().build(3).weights(torch.tensor([0.0, 1e9, float("nan")], dtype=dtype))
    assert weights.tolist() == [1, 1, 1]
    assert weights.dtype == dtype
