import pytest
import torch
from torch import nn

from skmtl.nn._sharing import TaskTrunk, pooled, stage_channels, stage_shapes


class Doubled(TaskTrunk):
    n_tasks = 2

    def forward(self, images):
        return [images.flatten(1), 2 * images.flatten(1)]


def test_every_task_gets_the_features_of_its_own_input():
    images = torch.arange(24.0).view(3, 2, 1, 4)
    first, second = Doubled().of_inputs(images, [1, 0])
    torch.testing.assert_close(first, images[:, 1, 0], rtol=0, atol=0)
    torch.testing.assert_close(second, 2 * images[:, 0, 0], rtol=0, atol=0)


def test_tasks_may_read_the_same_input():
    images = torch.arange(24.0).view(3, 2, 1, 4)
    first, second = Doubled().of_inputs(images, [1, 1])
    torch.testing.assert_close(second, 2 * first, rtol=0, atol=0)


def test_one_input_for_every_task():
    with pytest.raises(ValueError, match="shorter"):
        Doubled().of_inputs(torch.zeros(3, 2, 1, 4), [0])


def test_nothing_decides_unless_a_trunk_says_so():
    assert Doubled().sharing_weights(torch.zeros(1, 1, 2)) == []


@pytest.mark.parametrize("sizes", [(4,), (2, 2), (2, 1, 2)])
def test_pooled_is_the_mean_over_positions(sizes):
    maps = torch.arange(8.0).view(1, 2, *sizes)
    torch.testing.assert_close(pooled(maps), torch.tensor([[1.5, 5.5]]))


def test_a_vector_has_one_position():
    vector = torch.ones(2, 3)
    assert pooled(vector) is vector


def stages():
    return [
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.MaxPool2d(2)),
        nn.Sequential(nn.Flatten(), nn.Linear(36, 7), nn.Dropout()),
    ]


def test_shapes_and_channels_of_the_stages():
    assert stage_shapes(stages(), (3, 8, 8)) == [(3, 8, 8), (4, 3, 3), (7,)]
    assert stage_channels(stages(), (3, 8, 8)) == [3, 4, 7]


def test_measuring_leaves_no_trace():
    measured = stages()
    measured[0][1].eval()
    before = [layer.training for stage in measured for layer in stage.modules()]
    random = torch.get_rng_state()
    stage_shapes(measured, (3, 8, 8))
    assert [layer.training for stage in measured for layer in stage.modules()] == before
    assert torch.equal(torch.get_rng_state(), random)
    assert measured[0][1].num_batches_tracked == 0
    assert all(p.grad is None for stage in measured for p in stage.parameters())


def test_the_mode_survives_a_stage_that_fails():
    measured = [nn.Sequential(nn.Linear(3, 3))]
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        stage_shapes(measured, (4,))
    assert measured[0].training


def test_double_precision_stages():
    assert stage_channels([stage.double() for stage in stages()], (3, 8, 8)) == [3, 4, 7]


class Pair(nn.Module):
    def forward(self, x):
        return x, x


class Scalar(nn.Module):
    def forward(self, x):
        return x.sum()


@pytest.mark.parametrize(("last", "found"), [(Pair(), "tuple"), (Scalar(), r"shape \(\)")])
def test_a_stage_must_return_one_tensor(last, found):
    with pytest.raises(ValueError, match=rf"its stage 1 \({type(last).__name__}\) must return one tensor.*Got {found}"):
        stage_shapes([nn.Identity(), nn.Sequential(last)], (3, 8))
