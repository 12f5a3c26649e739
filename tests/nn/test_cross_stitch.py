import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from skmtl.nn import CrossStitch, IndependentNetworks

CONVS, POOLS = (None, nn.Conv1d, nn.Conv2d, nn.Conv3d), (None, nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)


def make_trunk(n_dims=2):
    conv, pool = CONVS[n_dims], POOLS[n_dims]
    layers = conv(1, 4, 3, padding=1), pool(2), nn.ReLU(), conv(4, 6, 3, padding=1), pool(2), nn.ReLU()
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(6 * 2**n_dims, 5), nn.ReLU())


def built(n_tasks=3, n_dims=2, trunk=make_trunk, **params):
    torch.manual_seed(0)
    return CrossStitch(**params).build(lambda: trunk(n_dims), n_tasks, (1, *(8,) * n_dims)).double()


def independent(n_tasks=3, n_dims=2):
    torch.manual_seed(0)
    return IndependentNetworks().build(lambda: make_trunk(n_dims), n_tasks, (1, *(8,) * n_dims)).double()


def numbers(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def same(one, other):
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("n_dims", [1, 2, 3])
def test_identity_is_independent_networks(n_dims, per_channel):
    stitched = built(3, n_dims, self_weight=1.0, per_channel=per_channel)
    x = numbers(4, 1, *(8,) * n_dims)
    same(stitched(x), independent(3, n_dims)(x))


def test_identity_is_independent_networks_in_the_gradient_too():
    stitched, apart, x = built(self_weight=1.0), independent(), numbers(4, 1, 8, 8)
    for trunk in (stitched, apart):
        sum(f.square().sum() for f in trunk(x)).backward()
    same([p.grad for p in stitched.towers.parameters()], [p.grad for p in apart.parameters()])


def test_uniform_weights_give_all_tasks_the_same_features():
    features = built(4, self_weight=0.25)(numbers(4, 1, 8, 8))
    same(features, [features[0]] * 4)


@pytest.mark.parametrize("per_channel", [False, True])
def test_uniform_weights_of_equal_towers_are_hard_sharing(per_channel):
    torch.manual_seed(0)
    trunk = make_trunk().double()
    spec = CrossStitch(self_weight=1 / 3, per_channel=per_channel)
    stitched = spec.build(lambda: copy.deepcopy(trunk), 3, (1, 8, 8)).double()
    x = numbers(4, 1, 8, 8)
    for features in stitched(x):
        torch.testing.assert_close(features, trunk(x), rtol=0, atol=1e-7)  # 1/3 was a float32


@pytest.mark.parametrize("per_channel", [False, True])
def test_stages_are_mixed_as_equation_1_says(per_channel):
    stitched, x = built(2, per_channel=per_channel), numbers(3, 1, 8, 8)
    with torch.no_grad():
        for stitch in stitched.stitches:
            stitch.copy_(numbers(*stitch.shape, seed=stitch.numel()))
    read = [x, x]
    for i, stitch in enumerate(stitched.stitches):
        made = [stitched.towers[t][i](read[t]).detach().numpy() for t in range(2)]
        alpha = stitch.detach().numpy()
        mixed = [np.zeros_like(made[0]) for _ in range(2)]
        for t, s, b, c in np.ndindex(2, 2, 3, made[0].shape[1]):
            mixed[t][b, c] += (alpha[t, s, c] if per_channel else alpha[t, s]) * made[s][b, c]
        read = [torch.from_numpy(m) for m in mixed]
    assert i == 2, "one stitch per stage, the last one included"
    same(stitched(x), read)


def test_two_towers_by_hand():
    def make_trunk():
        trunk = nn.Linear(1, 1, bias=False)
        nn.init.constant_(trunk.weight, next(values))
        return trunk

    values = iter([2.0, 10.0])
    stitched = CrossStitch(self_weight=0.75).build(make_trunk, 2, (1,))
    first, second = stitched(torch.ones(1, 1))
    assert first.item() == 0.75 * 2 + 0.25 * 10 == 4
    assert second.item() == 0.25 * 2 + 0.75 * 10 == 8


@pytest.mark.parametrize("n_tasks", [2, 10])
def test_initial_weights_are_convex_combinations(n_tasks):
    for weights, sources in built(n_tasks).sharing_weights(None):
        assert sources == [f"{{{t}}}" for t in range(n_tasks)]
        torch.testing.assert_close(weights.diag(), torch.full((n_tasks,), 0.9).double())
        torch.testing.assert_close(weights.sum(1), torch.ones(n_tasks).double())
        assert weights.min().item() == pytest.approx(0.1 / (n_tasks - 1))


def test_weights_per_channel_are_averaged():
    stitched = built(2, per_channel=True)
    with torch.no_grad():
        stitched.stitches[0][0, 1] = torch.tensor([1.0, 2.0, 3.0, 6.0])
    weights, _ = stitched.sharing_weights(None)[0]
    assert weights[0, 1] == 3
    weights.zero_()
    assert stitched.stitches[0][0, 1, 3] == 6


@pytest.mark.parametrize("per_channel", [False, True])
def test_number_of_parameters(per_channel):
    stitches = sum(p.numel() for p in built(3, per_channel=per_channel).stitches)
    assert stitches == (9 * (4 + 6 + 5) if per_channel else 9 * 3)
    assert sum(p.numel() for p in built().towers.parameters()) == 3 * sum(p.numel() for p in make_trunk().parameters())


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("n_dims", [1, 2, 3])
def test_every_parameter_has_a_gradient(n_dims, per_channel):
    stitched = built(3, n_dims, per_channel=per_channel)
    sum(f.square().sum() for f in stitched(numbers(4, 1, *(8,) * n_dims))).backward()
    assert [name for name, p in stitched.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_one_task_has_nothing_to_stitch():
    stitched, x = built(1), numbers(4, 1, 8, 8)
    same(stitched(x), independent(1)(x))
    assert list(stitched.stitches) == stitched.sharing_weights(x) == []
    assert stitched.parameter_options() == {}


def test_the_optimiser_is_told_about_the_stitches():
    stitched = built(lr_factor=50.0)
    options = stitched.parameter_options()
    assert set(options) == {n for n, _ in stitched.named_parameters() if n.startswith("stitches")}
    assert len(options) == 3
    assert all(o == {"lr_factor": 50.0, "weight_decay": 0.0} for o in options.values())


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("per_channel", [False, True])
def test_the_memory_layout_is_kept(layout, per_channel):
    def make_trunk(n_dims):
        return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3)).to(memory_format=layout)

    stitched = built(2, trunk=make_trunk, per_channel=per_channel)
    for features in stitched(numbers(2, 1, 8, 8).to(memory_format=layout)):
        assert features.is_contiguous(memory_format=layout)


def test_maps_are_the_same_numbers_in_any_layout():
    stitched, x = built(), numbers(4, 1, 8, 8)
    same(stitched(x), copy.deepcopy(stitched).to(memory_format=torch.channels_last)(x))


class Own(nn.Module):
    """Not a Sequential, and it starts in place."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x):
        return self.layer(x.relu_()).mean(1)


def test_a_module_that_cannot_be_cut_is_stitched_at_its_end():
    stitched = CrossStitch().build(Own, 2, (3, 8))
    assert len(stitched.stitches) == 1
    first, second = stitched(torch.ones(2, 3, 8))
    a, b = (tower[0](torch.ones(2, 3, 8)) for tower in stitched.towers)
    torch.testing.assert_close(first, 0.9 * a + 0.1 * b)
    torch.testing.assert_close(second, 0.1 * a + 0.9 * b)


def test_stages_may_work_in_place():
    stitched = CrossStitch().build(lambda: nn.Sequential(nn.Linear(8, 8), Own()), 2, (3, 8))
    sum(f.sum() for f in stitched(torch.randn(2, 3, 8))).backward()
    assert all(p.grad is not None for p in stitched.parameters())


def test_inputs_per_task_are_stitched_with_what_the_towers_make_of_the_same_image():
    stitched, images = built(2), numbers(4, 2, 1, 8, 8)
    features = stitched.of_inputs(images, [1, 0])
    torch.testing.assert_close(features[0], stitched(images[:, 1])[0], rtol=0, atol=1e-12)
    torch.testing.assert_close(features[1], stitched(images[:, 0])[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_compute_the_same(copied):
    stitched, x = built(), numbers(4, 1, 8, 8)
    same(stitched(x), copied(stitched)(x))
    assert copied(stitched).parameter_options() == stitched.parameter_options()


@pytest.mark.parametrize("per_channel", [False, True])
def test_reduced_precision(per_channel):
    stitched, x = built(per_channel=per_channel).float(), numbers(4, 1, 8, 8).float()
    with torch.autocast("cpu", torch.bfloat16):
        reduced = stitched(x)
        sum(f.float().square().sum() for f in reduced).backward()
    assert all(p.grad is not None for p in stitched.parameters())
    for one, other in zip(reduced, stitched(x), strict=True):
        torch.testing.assert_close(one.float(), other, rtol=0.05, atol=0.02)


def test_spec_is_cloned_and_left_alone():
    spec = CrossStitch(self_weight=0.5, per_channel=True, lr_factor=2)
    spec.build(make_trunk, 2, (1, 8, 8))
    assert clone(spec).get_params() == spec.get_params() == {"self_weight": 0.5, "per_channel": True, "lr_factor": 2}


@pytest.mark.parametrize(
    ("params", "name"),
    [({"self_weight": 1.5}, "self_weight"), ({"per_channel": "yes"}, "per_channel"), ({"lr_factor": 0}, "lr_factor")],
)
def test_bad_parameters(params, name):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of CrossStitch must be"):
        built(**params)


def test_stages_must_return_one_tensor():
    with pytest.raises(ValueError, match=r"trunk: its stage 0 \(LSTM\) must return one tensor .* Got tuple"):
        CrossStitch().build(lambda: nn.Sequential(nn.LSTM(8, 4), nn.Linear(4, 4)), 2, (3, 8))
