import pytest
import torch
from torch import nn

from skmtl.nn._blank import run_on_blank


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_runs_on_zeros_of_the_modules_type(dtype):
    images, out = run_on_blank(nn.Conv2d(1, 3, 2).to(dtype), (1, 5, 4))
    assert images.dtype == out.dtype == dtype
    assert torch.equal(images, torch.zeros(2, 1, 5, 4, dtype=dtype))
    assert out.shape == (2, 3, 4, 3)
    assert not out.requires_grad


def test_modes_and_statistics_stay():
    module = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5), nn.BatchNorm1d(3))
    module[2].eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    run_on_blank(module, (3,))
    assert [layer.training for layer in module.modules()] == [True, True, True, False]
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())


def test_modes_stay_when_it_fails():
    module = nn.Sequential(nn.Linear(3, 2))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        run_on_blank(module, (4,))
    assert all(layer.training for layer in module.modules())
