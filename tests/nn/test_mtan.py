import copy
import pickle

import pytest
import torch
from sklearn.base import clone
from torch import nn

from skmtl.nn import MTAN

CONVS, POOLS = (None, nn.Conv1d, nn.Conv2d, nn.Conv3d), (None, nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)


def make_trunk(n_dims=2):
    conv, pool = CONVS[n_dims], POOLS[n_dims]
    layers = conv(1, 4, 3, padding=1), pool(2), nn.ReLU(), conv(4, 12, 3, padding=1), pool(2), nn.ReLU()
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(12 * 2**n_dims, 5), nn.ReLU())


def built(n_tasks=3, n_dims=2, **params):
    torch.manual_seed(0)
    return MTAN(**params).build(lambda: make_trunk(n_dims), n_tasks, (1, *(8,) * n_dims)).double()


def numbers(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def open_masks(mtan, value=50.0):
    """Sigmoid(50) is 1 to the last bit."""
    with torch.no_grad():
        for attention in mtan.attentions:
            for mask in attention.masks:
                mask[-2].weight.zero_()
                mask[-2].bias.fill_(value)
    return mtan


def same(one, other, atol=1e-12):
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=atol)


@pytest.mark.parametrize("normalization", [None, "batch"])
@pytest.mark.parametrize("n_dims", [1, 2, 3])
def test_open_masks_are_hard_sharing(n_dims, normalization):
    mtan = open_masks(built(3, n_dims, normalization=normalization))
    torch.manual_seed(0)
    trunk, x = make_trunk(n_dims).double(), numbers(4, 1, *(8,) * n_dims)
    same(mtan(x), [trunk(x)] * 3, atol=0)


def test_open_masks_are_hard_sharing_in_the_gradient_too():
    mtan, x = open_masks(built()), numbers(4, 1, 8, 8)
    torch.manual_seed(0)
    trunk = make_trunk().double()
    sum(f.square().sum() for f in mtan(x)).backward()
    (3 * trunk(x).square().sum()).backward()
    same([p.grad for p in mtan.stages.parameters()], [p.grad for p in trunk.parameters()])


def test_closed_masks_leave_nothing():
    for features in open_masks(built(), -50.0)(numbers(4, 1, 8, 8)):
        assert features.abs().max() < 1e-18


def test_a_mask_weighs_the_features_of_the_last_stage():
    mtan, x = open_masks(built(2)), numbers(4, 1, 8, 8)
    with torch.no_grad():
        mtan.attentions[-1].masks[1][-2].bias.copy_(torch.tensor([-50.0, 0.0, 50.0, 0.0, 50.0]))
    first, second = mtan(x)
    torch.testing.assert_close(second, first * torch.tensor([0, 0.5, 1, 0.5, 1]), rtol=0, atol=1e-15)


def test_the_trunk_runs_once():
    mtan, calls = built(3), []
    mtan.stages[0].register_forward_hook(lambda *_: calls.append(1))
    mtan(numbers(4, 1, 8, 8))
    assert len(calls) == 1


def test_tasks_have_masks_of_their_own():
    mtan, x = built(2), numbers(4, 1, 8, 8)
    before = [f.detach() for f in mtan(x)]
    with torch.no_grad():
        mtan.attentions[0].masks[1][0].weight.mul_(-3)
    first, second = mtan(x)
    torch.testing.assert_close(first, before[0], rtol=0, atol=0)
    assert not second.equal(before[1])


@pytest.mark.parametrize("n_tasks", [1, 2, 10])
@pytest.mark.parametrize("normalization", [None, "batch"])
def test_number_of_parameters(n_tasks, normalization):
    mtan = built(n_tasks, normalization=normalization)
    extra = sum(p.numel() for p in mtan.attentions.parameters())
    expected = before = 0
    for channels, hidden in ((4, 4), (12, 8), (5, 5)):
        expected += n_tasks * (hidden * ((3 if before else 2) * channels + 1) + channels)
        expected += channels * (before + 1) if before else 0
        if normalization:
            expected += n_tasks * (hidden + channels) + (channels if before else 0)
        before = channels
    assert extra == expected


@pytest.mark.parametrize(("reduction", "hidden"), [(4.0, 16), (1, 64), (0.5, 128), (100, 8)])
def test_reduction_sets_the_hidden_width(reduction, hidden):
    mtan = MTAN(reduction=reduction).build(lambda: nn.Linear(3, 64), 2, (3,))
    assert mtan.attentions[0].masks[0][0].out_features == hidden


@pytest.mark.parametrize("normalization", [None, "batch"])
@pytest.mark.parametrize("n_dims", [1, 2, 3])
def test_every_parameter_has_a_gradient(n_dims, normalization):
    mtan = built(2, n_dims, normalization=normalization)
    sum(f.square().sum() for f in mtan(numbers(16, 1, *(8,) * n_dims))).backward()
    assert [n for n, p in mtan.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_mean_masks_are_readable():
    mtan, x = built(2).eval(), numbers(4, 1, 8, 8)
    seen = []
    mtan.attentions[1].register_forward_hook(lambda module, inputs, out: seen.append(out[0]))
    weights = mtan.sharing_weights(x)
    assert [tuple(w.shape) for w, _ in weights] == [(2, 4), (2, 12), (2, 5)]
    assert weights[0][1] == ["channel 0", "channel 1", "channel 2", "channel 3"]
    for t in range(2):
        torch.testing.assert_close(weights[1][0][t], seen[0][t].mean((0, 2, 3)))
    assert not weights[1][0].requires_grad


def test_inputs_per_task_are_attended_to_by_their_own_masks():
    mtan, images = built(2), numbers(4, 3, 1, 8, 8)
    features = mtan.of_inputs(images, [2, 0])
    same(features, [mtan(images[:, 2])[0], mtan(images[:, 0])[1]])
    same(mtan.of_inputs(images, [1, 1]), mtan(images[:, 1]))


def test_a_module_that_cannot_be_cut_is_attended_to_at_its_end():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Conv2d(1, 4, 3)

        def forward(self, x):
            return self.layer(x).relu()

    mtan, x = MTAN().build(Own, 2, (1, 6, 6)), torch.randn(3, 1, 6, 6)
    maps = mtan.stages[0](x)
    for t, features in enumerate(mtan(x)):
        torch.testing.assert_close(features, maps * mtan.attentions[0].masks[t](maps))


@pytest.mark.parametrize("normalization", [None, "batch"])
def test_a_batch_of_one_can_be_trained_on(normalization):
    mtan = built(2, normalization=normalization).train()
    sum(f.sum() for f in mtan(numbers(1, 1, 8, 8))).backward()
    assert all(p.grad.isfinite().all() for p in mtan.parameters())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_compute_the_same(copied):
    mtan, x = built(normalization="batch").eval(), numbers(4, 1, 8, 8)
    same(mtan(x), copied(mtan)(x), atol=0)


def test_maps_are_the_same_numbers_in_any_layout():
    mtan, x = built(), numbers(4, 1, 8, 8)
    same(mtan(x), copy.deepcopy(mtan).to(memory_format=torch.channels_last)(x))


@pytest.mark.parametrize("normalization", [None, "batch"])
@pytest.mark.parametrize("n_dims", [1, 2, 3])
def test_reduced_precision(n_dims, normalization):
    mtan, x = built(2, n_dims, normalization=normalization).float(), numbers(8, 1, *(8,) * n_dims).float()
    with torch.autocast("cpu", torch.bfloat16):
        reduced = mtan(x)
        sum(f.float().square().sum() for f in reduced).backward()
    assert all(p.grad is not None for p in mtan.parameters())
    for one, other in zip(reduced, mtan(x), strict=True):
        torch.testing.assert_close(one.float(), other, rtol=0.1, atol=0.05)


def test_spec_is_cloned_and_left_alone():
    spec = MTAN(reduction=2, normalization="batch")
    spec.build(make_trunk, 2, (1, 8, 8))
    assert clone(spec).get_params() == spec.get_params() == {"reduction": 2, "normalization": "batch"}


@pytest.mark.parametrize(
    ("params", "name"), [({"reduction": 0}, "reduction"), ({"normalization": "layer"}, "normalization")]
)
def test_bad_parameters(params, name):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of MTAN must be"):
        built(**params)


def test_at_most_three_axes_of_positions():
    with pytest.raises(ValueError, match=r"features of shape \(2, 3, 4, 5, 6\), with 4 axes of positions"):
        MTAN().build(nn.Identity, 2, (2, 3, 4, 5, 6))
