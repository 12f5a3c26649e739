"""Layers that write to their input leave every task, expert and mask what it reads."""

import pytest
import torch
from torch import nn

from skmtl.nn import CGC, MTAN, PLE, CrossStitch, IndependentNetworks, MMoE
from skmtl.nn._own_input import keeping_input

SHAPE = (2, 6, 4)


class Center(nn.Module):
    """Subtracts 0.5, doubles; `in_place` only decides where."""

    def __init__(self, in_place):
        super().__init__()
        self.in_place = in_place

    def forward(self, x):
        return (x.sub_(0.5) if self.in_place else x - 0.5) * 2


def make_trunk(in_place):
    layers = Center(in_place), nn.Conv2d(2, 4, 3), nn.Sequential(Center(in_place), nn.Conv2d(4, 3, 1))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(24, 5))


SPECS = [
    IndependentNetworks(),
    CrossStitch(),
    CrossStitch(per_channel=True),
    MMoE(3),
    MMoE(3, shared_stages=0),
    CGC(shared_stages=0),
    CGC(),
    PLE(2, shared_stages=0),
    MTAN(),
]


@pytest.mark.parametrize("spec", SPECS)
def test_in_place_or_not_makes_no_difference(spec):
    networks, found = [], []
    for in_place in (False, True):
        torch.manual_seed(0)
        network = spec.build(lambda in_place=in_place: make_trunk(in_place), 3, SHAPE).double()
        images = torch.randn(4, *SHAPE, generator=torch.Generator().manual_seed(0)).double()
        features = network(images.clone())
        sum((t + 1) * own.square().sum() for t, own in enumerate(features)).backward()
        weights = [w for w, _ in network.sharing_weights(images.clone())]
        found.append([*features, *weights])
        networks.append(network)
    for plain, own in zip(*found, strict=True):
        torch.testing.assert_close(own, plain, rtol=0, atol=0)
    plain, own = (list(network.parameters()) for network in networks)
    for a, b in zip(plain, own, strict=True):
        torch.testing.assert_close(b.grad, a.grad, rtol=0, atol=0)


def test_images_picked_for_several_tasks_stay_as_they_are():
    torch.manual_seed(0)
    network = IndependentNetworks().build(lambda: make_trunk(True), 3, SHAPE)
    images = torch.randn(4, 2, *SHAPE)
    expected = [tower(images[:, i].clone()) for tower, i in zip(network.towers, (1, 0, 1), strict=True)]
    for own, other in zip(network.of_inputs(images.clone(), (1, 0, 1)), expected, strict=True):
        torch.testing.assert_close(own, other, rtol=0, atol=0)


def test_what_is_not_written_to_is_not_copied():
    modules = [nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(inplace=True)) for _ in range(2)]
    assert all(a is b for a, b in zip(keeping_input(modules, SHAPE), modules, strict=True))


def test_dropout_writes_in_training_only():
    (module,) = keeping_input([nn.Sequential(nn.Dropout(0.5, inplace=True))], (100,))
    images = torch.ones(2, 100)
    assert (module(images) == 0).any()
    assert (images == 1).all()
