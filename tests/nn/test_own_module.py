import pytest
import torch
from torch import nn

from skmtl.nn._own_module import make_module


def factory(in_channels, image_shape, width=3):
    return nn.Linear(in_channels * image_shape[-1], width)


def test_factories_get_what_they_ask_for():
    assert make_module(factory, (2, 5)).weight.shape == (3, 10)
    assert make_module(lambda in_channels: nn.Linear(in_channels, 1), (4, 5, 6)).weight.shape == (1, 4)
    assert type(make_module(nn.Flatten, (1, 2))) is nn.Flatten


def test_instances_are_copied():
    given = nn.Linear(2, 3)
    made = make_module(given, (1, 2))
    assert made is not given
    assert torch.equal(made.weight, given.weight)


@pytest.mark.parametrize(("shape", "axes"), [((1, 5), "channels, length"), ((1, 2, 3, 4), "channels, depth, height")])
def test_axes_are_named(shape, axes):
    with pytest.raises(ValueError, match=rf"trunk: Linear needs in_features, out_features.*image_shape \({axes}"):
        make_module(nn.Linear, shape)


@pytest.mark.parametrize(
    ("name", "match"), [("trunk", "trunk must be 'cnn', a spec"), ("module", "module must be a torch")]
)
def test_what_is_no_module(name, match):
    with pytest.raises(TypeError, match=match):
        make_module(5, (1, 2), name)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_copies_of_torchscript_can_be_trained():
    plain = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    plain[1].requires_grad_(False)
    for given in (torch.jit.script(plain), torch.jit.trace(plain.eval(), torch.zeros(2, 2))):
        made = make_module(given, (2, 1))
        assert [p.is_leaf for p in made.parameters()] == [True] * 4
        assert [p.requires_grad for p in made.parameters()] == [True, True, False, False]
        before = [p.detach().clone() for p in given.parameters()]
        made.eval()(torch.ones(4, 2)).sum().backward()
        torch.optim.SGD(made.parameters(), 1.0).step()
        changed = [not torch.equal(p, q) for p, q in zip(made.parameters(), before, strict=True)]
        assert changed == [True, True, False, False]
        assert all(torch.equal(p, q) for p, q in zip(given.parameters(), before, strict=True))
