import numpy as np
import pytest
import torch
from torch import nn

from skmtl.nn import (
    SHARINGS,
    ConvTrunk,
    HardSharing,
    IndependentNetworks,
    InputStage,
    LinearHead,
    PretrainedTrunk,
    TaskTrunk,
    build_module,
)
from skmtl.nn._shared_size import check_fresh, shared_size

SHAPE = (1, 6, 6)


class Own(TaskTrunk):
    def __init__(self, trunk, function):
        super().__init__()
        self.trunk, self.function, self.n_tasks = trunk, function, 3

    def forward(self, images):
        return self.function(self.trunk(images))


class Spec:
    """A way of sharing whose trunk returns whatever `function` makes of the features."""

    def __init__(self, function):
        self.function = function

    def build(self, make_trunk, n_tasks, image_shape):
        return Own(make_trunk(), self.function)


def network(sharing, trunk=None, n_tasks=3):
    trunk = ConvTrunk(channels=(2, 3), hidden=(5,)) if trunk is None else trunk
    classes = [np.arange(2)] * n_tasks
    stage = InputStage(1, [0.0], [1.0])
    return build_module(trunk, sharing, [LinearHead()] * n_tasks, stage, SHAPE, classes, torch.float32)


@pytest.mark.parametrize("n_tasks", [1, 3])
@pytest.mark.parametrize("name", SHARINGS)
def test_built_in_ways_keep_the_size_of_the_trunk(name, n_tasks):
    sharing = SHARINGS[name]()
    built = sharing.build(lambda: ConvTrunk(channels=(2, 3), hidden=(5,)).build(SHAPE), n_tasks, SHAPE)
    assert shared_size(built, sharing, n_tasks, SHAPE) == 5
    assert all(layer.training for layer in built.modules())


@pytest.mark.parametrize(
    ("function", "size"), [(lambda f: [torch.cat([f, f], 1)] * 3, 10), (lambda f: (f[:, :2],) * 3, 2)]
)
def test_other_sizes_than_the_trunks_are_found(function, size):
    module = network(Spec(function))
    assert module.heads.linear.in_features == size
    assert module(torch.zeros(4, *SHAPE)).shape == (4, 6)


def test_a_plain_module_of_another_size():
    class Spec:
        def build(self, make_trunk, n_tasks, image_shape):
            return nn.Sequential(make_trunk(), nn.Linear(5, 4))

    assert network(Spec()).heads.linear.in_features == 4


@pytest.mark.parametrize(
    ("function", "match"),
    [
        (lambda f: [f] * 2, r"Spec must return a TaskTrunk .* list of 3 tensors.* made 2 .*: \(2, 5\), \(2, 5\)"),
        (lambda f: [f] * 4, "It made 4 of a batch of 2"),
        (lambda f: f, r"It made one tensor of shape \(2, 5\)"),
        (lambda f: [f[:, :k] for k in (1, 2, 3)], r"equal numbers of features\. .* \(2, 1\), \(2, 2\), \(2, 3\)"),
        (lambda f: [f, f, None], "NoneType"),
        (lambda f: {"a": f}, "It made dict"),
        (lambda f: [f @ f] * 3, "that runs on images of shape .2, 1, 6, 6.. It failed: mat1 and mat2"),
    ],
)  # fmt: skip
def test_other_results_are_errors(function, match):
    with pytest.raises(ValueError, match=match):
        network(Spec(function))


@pytest.mark.parametrize("result", [None, [nn.Flatten()]])
def test_no_module(result):
    class Spec:
        def build(self, make_trunk, n_tasks, image_shape):
            return result

    with pytest.raises(TypeError, match=f"build of Spec must return .* Got {type(result).__name__} instead"):
        network(Spec())


def test_several_features_without_saying_so():
    class Pair(nn.Module):
        def forward(self, images):
            return images, images

    class Spec:
        def build(self, make_trunk, n_tasks, image_shape):
            return Pair()

    with pytest.raises(ValueError, match=r"a TaskTrunk, or a module with one tensor of features\. It made 2"):
        network(Spec())


@pytest.mark.parametrize("wrap", [lambda trunk: trunk, PretrainedTrunk])
def test_a_factory_that_returns_the_same_weights_again_is_an_error(wrap):
    made = nn.Sequential(nn.Flatten(), nn.Linear(36, 4))
    with pytest.raises(ValueError, match="trunk: the factory returned the same weights twice"):
        network(IndependentNetworks(), wrap(lambda: made))
    assert network(HardSharing(), lambda: made).trunk is made
    copies = network(IndependentNetworks(), made).trunk.towers
    assert len({id(p) for tower in copies for p in tower.parameters()}) == 6


def test_frozen_weights_may_be_those_of_all_trunks():
    common = nn.Linear(36, 4).requires_grad_(False)
    first, second = (nn.Sequential(common, nn.Linear(4, 4)) for _ in range(2))
    check_fresh(second, [first])
    check_fresh(nn.Sequential(common), [nn.Sequential(common)])
