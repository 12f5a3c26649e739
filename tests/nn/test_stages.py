import pytest
import torch
from torch import nn

from skmtl.nn import PretrainedTrunk
from skmtl.nn._stages import cut_stages


def names(trunk):
    return [[type(layer).__name__ for layer in stage] for stage in cut_stages(trunk)]


def test_a_stage_runs_up_to_the_next_layer_with_weights():
    trunk = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.ZeroPad2d(1),
        nn.Conv2d(4, 4, 3),
        nn.PReLU(),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(64, 8),
        nn.ReLU(),
        nn.Dropout(),
    )
    assert names(trunk) == [
        ["Conv2d", "BatchNorm2d", "MaxPool2d", "ReLU"],
        ["ZeroPad2d", "Conv2d", "PReLU"],
        ["Flatten", "Dropout", "Linear", "ReLU", "Dropout"],
    ]


def test_layers_before_the_first_weights_belong_to_the_first_stage():
    trunk = nn.Sequential(nn.BatchNorm1d(2), nn.AvgPool1d(2), nn.Conv1d(2, 3, 3), nn.Conv1d(3, 3, 3))
    assert names(trunk) == [["BatchNorm1d", "AvgPool1d", "Conv1d"], ["Conv1d"]]


@pytest.mark.parametrize(
    ("opening", "shape"),
    [(nn.ReplicationPad1d(1), (2, 3, 6)), (nn.CircularPad1d(1), (2, 3, 6)), (nn.ReflectionPad1d(1), (2, 3, 6))],
)
def test_padding_goes_with_what_reads_it(opening, shape):
    trunk = nn.Sequential(nn.Conv1d(3, 3, 1), nn.ReLU(), opening, nn.Conv1d(3, 3, 3))
    assert names(trunk)[1] == [type(opening).__name__, "Conv1d"]
    assert nn.Sequential(*cut_stages(trunk))(torch.zeros(shape)).shape == shape


def test_children_of_several_layers_are_stages_of_their_own():
    trunk = nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3)), nn.ReLU(), nn.Sequential(nn.Linear(4, 4))
    )
    assert names(trunk) == [["Sequential", "ReLU"], ["Sequential"]]


def test_only_a_closing_flatten_is_left_out():
    trunk = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten())
    assert names(trunk) == [["Conv2d", "ReLU"]]
    assert len(trunk) == 3
    assert names(nn.Sequential(nn.Flatten())) == [["Flatten"]]
    assert names(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Dropout())) == [["Conv2d", "Dropout"]]
    assert names(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Softmax(1))) == [["Conv2d", "Flatten", "Softmax"]]


def test_without_weights_all_is_one_stage():
    assert names(nn.Sequential(nn.AvgPool2d(2), nn.ReLU())) == [["AvgPool2d", "ReLU"]]


def test_stages_in_a_row_are_the_trunk():
    torch.manual_seed(0)
    trunk = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Dropout(), nn.Linear(32, 5), nn.ReLU()
    ).eval()
    stages = cut_stages(trunk)
    images = torch.randn(2, 1, 8, 8)
    assert len(stages) == 3
    torch.testing.assert_close(nn.Sequential(*stages)(images), trunk(images), rtol=0, atol=0)
    assert stages[0][0] is trunk[0]


class Own(nn.Sequential):
    def forward(self, x):
        return super().forward(x) + 1


def test_a_module_that_runs_in_an_unknown_order_is_one_stage():
    for trunk in (Own(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3)), nn.Conv2d(1, 2, 3)):
        [stage] = cut_stages(trunk)
        assert list(stage) == [trunk]


def test_hooks_still_run():
    trunk = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    trunk.register_forward_hook(lambda module, inputs, out: out + 7)
    [stage] = cut_stages(trunk)
    x = torch.ones(1, 2)
    torch.testing.assert_close(stage(x), trunk[1](trunk[0](x)) + 7)


@pytest.mark.parametrize("freeze", [None, 2, "all"])
def test_a_pretrained_sequential_is_cut_and_what_is_frozen_stays_so(freeze):
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Flatten()
    )
    trunk = PretrainedTrunk(layers, freeze=freeze, lr_factor=1.0 if freeze == "all" else 0.1).build((1, 6, 6))
    stages = cut_stages(trunk)
    assert len(stages) == 2
    images = torch.randn(4, 1, 6, 6)
    parts = nn.Sequential(*stages)
    torch.testing.assert_close(parts.eval()(images).flatten(1), trunk.eval()(images), rtol=0, atol=0)
    parts.train()
    frozen = {None: [True, True], 2: [False, True], "all": [False, False]}[freeze]
    norms = [layer for layer in parts.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert [norm.training for norm in norms] == frozen
    assert [norm.weight.requires_grad for norm in norms] == frozen
    asked = [name for part in parts for name in part.parameter_options()]
    assert len(asked) == {None: 8, 2: 4, "all": 0}[freeze]


def test_a_pretrained_module_of_another_kind_is_one_stage():
    class Own(nn.Sequential):
        pass

    for module, output in ((Own(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3)), None), (nn.Sequential(nn.Flatten()), 0)):
        assert len(cut_stages(PretrainedTrunk(module, output=output).build((1, 6, 6)))) == 1
