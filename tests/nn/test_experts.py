"""What MMoE, CGC and PLE have in common."""

import copy
import pickle

import pytest
import torch
from sklearn.base import clone
from torch import nn

from skmtl.nn import ConvTrunk
from skmtl.nn._cgc import CGC
from skmtl.nn._mmoe import MMoE
from skmtl.nn._ple import PLE

SPECS = [
    MMoE(),
    MMoE(n_experts=2, shared_stages=0),
    CGC(),
    CGC(n_shared=2, n_specific=2, shared_stages=2),
    PLE(),
    PLE(n_levels=3, n_specific=2, shared_stages=0),
    PLE(n_levels=3, n_shared=0, n_specific=2),
    PLE(n_levels=2, n_shared=2, n_specific=0),
]
SIZES = {1: (2, 12), 2: (2, 8, 6), 3: (2, 4, 6, 4)}


def make_trunk(dims=2, hidden=5):
    conv, pool = getattr(nn, f"Conv{dims}d"), getattr(nn, f"MaxPool{dims}d")
    stages = [conv(2, 3, 3, padding=1), nn.ReLU(), pool(2), conv(3, 4, 3, padding=1), nn.ELU(inplace=True)]
    # No image size in it, so that images of several sizes pass.
    pooled = getattr(nn, f"AdaptiveAvgPool{dims}d")(1)
    return nn.Sequential(*stages, pooled, nn.Flatten(), nn.Linear(4, hidden), nn.Tanh(), nn.Linear(hidden, 6))


def build(spec, dims=2, n_tasks=3, seed=0):
    torch.manual_seed(seed)
    return spec.build(lambda: make_trunk(dims), n_tasks, SIZES[dims])


def images(n=4, dims=2, seed=1, **options):
    return torch.randn(n, *SIZES[dims], generator=torch.Generator().manual_seed(seed), **options)


def close(found, expected, **tolerances):
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, **tolerances)


@pytest.mark.parametrize("dims", SIZES)
@pytest.mark.parametrize("spec", SPECS)
def test_signals_images_and_volumes(spec, dims):
    network, x = build(spec, dims), images(dims=dims)
    features = network(x)
    assert [f.shape for f in features] == [(4, 6)] * 3
    assert network.n_tasks == 3
    # Rows do not depend on one another, down to a batch of one.
    close([f[2:3] for f in features], network(x[2:3]))


@pytest.mark.parametrize("spec", SPECS)
def test_weights_are_a_choice_per_task_that_excludes_other_tasks_experts(spec):
    network = build(spec)
    places = network.sharing_weights(images())
    assert len(places) == getattr(spec, "n_levels", 1)
    for weights, names in places:
        assert weights.shape == (3, len(names))
        torch.testing.assert_close(weights.sum(1), torch.ones(3))
        for t, row in enumerate(weights):
            may = torch.tensor([name.startswith(("expert", "shared", f"{{{t}}}")) for name in names])
            assert (row[may] > 0).all()
            assert (row[~may] == 0).all()


@pytest.mark.parametrize("spec", SPECS)
def test_weights_are_the_mean_over_the_images(spec):
    network, x = build(spec).double(), images(dtype=torch.float64)
    single = [network.sharing_weights(x[i : i + 1]) for i in range(4)]
    for place, (weights, _) in enumerate(network.sharing_weights(x)):
        torch.testing.assert_close(weights, torch.stack([s[place][0] for s in single]).mean(0))


@pytest.mark.parametrize("spec", SPECS)
def test_gates_of_larger_images_are_as_large(spec):
    network = build(spec)
    large = spec.build(make_trunk, 3, (2, 30, 22))
    assert {n: p.shape for n, p in large.named_parameters()} == {n: p.shape for n, p in network.named_parameters()}
    assert [f.shape for f in network(torch.randn(2, 2, 30, 22))] == [(2, 6)] * 3


@pytest.mark.parametrize("n_tasks", [1, 3])
@pytest.mark.parametrize("spec", SPECS)
def test_every_weight_learns(spec, n_tasks):
    network = build(spec, n_tasks=n_tasks)
    features = network(images())
    assert len(features) == n_tasks
    sum((t + 1) * f.square().sum() for t, f in enumerate(features)).backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name


@pytest.mark.parametrize("spec", SPECS)
def test_gradient_is_that_of_finite_differences(spec):
    network = build(spec, n_tasks=2).double()
    names, values = zip(*((n, p) for n, p in network.named_parameters() if "gate" in n or "stem.0" in n), strict=True)
    x = images(2, dtype=torch.float64)

    def features(*changed):
        return tuple(torch.func.functional_call(network, dict(zip(names, changed, strict=True)), (x,)))

    assert torch.autograd.gradcheck(features, values, fast_mode=True)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))])
@pytest.mark.parametrize("spec", SPECS)
def test_copies_are_the_same_network(spec, duplicate):
    network = build(spec)
    close(duplicate(network)(images()), network(images()), rtol=0, atol=0)


@pytest.mark.parametrize("spec", SPECS)
def test_specs_are_kept_and_cloned(spec):
    before = repr(spec)
    close(build(clone(spec))(images()), build(spec)(images()), rtol=0, atol=0)
    assert repr(spec) == before
    assert repr(pickle.loads(pickle.dumps(spec))) == before


@pytest.mark.parametrize("spec", SPECS)
def test_reduced_precision(spec):
    network, x = build(spec), images()
    with torch.autocast("cpu", torch.bfloat16):
        features, places = network(x), network.sharing_weights(x)
    assert {f.dtype for f in features} == {torch.bfloat16}
    close([f.float() for f in features], network(x), rtol=0.05, atol=0.05)
    for (weights, _), (expected, _) in zip(places, network.sharing_weights(x), strict=True):
        assert weights.dtype == torch.float32
        torch.testing.assert_close(weights, expected, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("spec", SPECS)
def test_double_precision(spec):
    network = build(spec)
    expected = network(images())
    features = network.double()(images().double())
    assert {f.dtype for f in features} == {torch.float64}
    close([f.float() for f in features], expected)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("hidden", [(), (5,)])
def test_with_the_built_in_trunk(spec, hidden):
    trunk = ConvTrunk(channels=(3, 3, 4), hidden=hidden)
    network = spec.build(lambda: trunk.build((2, 16, 12)), 2, (2, 16, 12))
    # Feature maps where no layer flattens them.
    assert [f.shape for f in network(torch.randn(3, 2, 16, 12))] == [(3, 5) if hidden else (3, 4, 2, 1)] * 2


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("spec", SPECS)
def test_memory_layout_does_not_matter(spec, dims):
    def maps():
        return nn.Sequential(*make_trunk(dims)[:5], getattr(nn, f"Conv{dims}d")(4, 6, 1))

    few = clone(spec).set_params(shared_stages=0)
    if hasattr(spec, "n_levels"):
        few.set_params(n_levels=2)
    network, x = few.build(maps, 2, SIZES[dims]).double(), images(dims=dims, dtype=torch.float64)
    expected = network(x)
    last = {2: torch.channels_last, 3: torch.channels_last_3d}[dims]
    found = network.to(memory_format=last)(x.to(memory_format=last))
    close(found, expected)
    # As the layers return them: PyTorch's own convolution of volumes does not keep channels last.
    assert all(f.stride(1) == 1 for f in found) or dims == 3


def test_stem_runs_once_and_so_does_every_expert():
    network, runs = build(PLE(n_levels=2, n_shared=2)), []
    layers = [network.stem[0][0], *(level.experts[k] for level in network.levels for k in range(5))]
    for i, layer in enumerate(layers):
        layer.register_forward_hook(lambda *_, i=i: runs.append(i))
    network(images())
    assert sorted(runs) == list(range(11))


def test_experts_start_with_different_weights():
    experts = build(MMoE()).levels[0].experts
    first = torch.stack([next(e.parameters()).flatten() for e in experts])
    assert len(first.unique(dim=0)) == 4


def test_an_expert_that_works_in_place_leaves_the_others_their_input():
    def opens_in_place():
        return nn.Sequential(nn.ELU(alpha=3.0, inplace=True), nn.Flatten(), nn.Linear(96, 4))

    torch.manual_seed(0)
    network, x = MMoE(2, shared_stages=0).build(opens_in_place, 1, SIZES[2]), images()
    kept, trunks = x.clone(), [level[0] for level in network.levels[0].experts]
    weights = network.levels[0].gates([x, x]).unbind(2)
    with torch.no_grad():
        expected = sum(w * nn.Sequential(*t)(x.clone()) for w, t in zip(weights, trunks, strict=True))
        close(network(x), [expected])
    assert torch.equal(x, kept)


def test_several_images_a_row():
    network, x = build(PLE(), n_tasks=2), torch.stack([images(seed=1), images(seed=2)], dim=1)
    expected = [network(x[:, 1])[0], network(x[:, 0])[1]]
    close(network.of_inputs(x, [1, 0]), expected)


def test_frozen_layers_stay_frozen():
    def frozen():
        return make_trunk().requires_grad_(False)

    network = MMoE().build(frozen, 2, SIZES[2])
    assert [n for n, p in network.named_parameters() if p.requires_grad] == [
        "levels.0.task_gates.weight",
        "levels.0.task_gates.bias",
    ]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (MMoE(shared_stages=4), "MMoE with shared_stages=4 .* at least 5 stages, 4 shared and 1 .* The trunk has 4: "
         "use shared_stages=3 or less, or a trunk of more layers"),
        (CGC(shared_stages=9), "CGC .* at least 10 stages.* use shared_stages=3 or less"),
        (PLE(n_levels=3, shared_stages=2), "at least 5 stages, 2 shared and 3 .* The trunk has 4: use shared_stages=1 "
         "or less, or n_levels=2 or less, or a trunk"),
        (PLE(n_levels=5), "PLE with shared_stages=None .* at least 5 stages, 0 shared and 5 .* use n_levels=4 or less"),
        (CGC(n_shared=0, n_specific=0), "CGC with n_shared=0 and n_specific=0 has no expert: set one of them to 1"),
        (PLE(n_shared=0, n_specific=0), "PLE with n_shared=0 and n_specific=0 has no expert"),
        (MMoE(n_experts=0), "The 'n_experts' parameter of MMoE must be an int in the range"),
        (MMoE(n_experts=1.5), "The 'n_experts' parameter of MMoE must be an int in the range"),
        (PLE(n_levels=0), "The 'n_levels' parameter of PLE must be an int in the range"),
        (CGC(n_specific=-1), "The 'n_specific' parameter of CGC must be an int in the range"),
        (MMoE(shared_stages=-1), "The 'shared_stages' parameter of MMoE must be .* or None"),
    ],
)  # fmt: skip
def test_bad_parameters(spec, message):
    with pytest.raises(ValueError, match=message):
        build(spec)


def test_a_module_that_does_not_tell_its_stages_is_one():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = make_trunk()

        def forward(self, x):
            return self.layers(x)

    network = MMoE(3).build(Own, 2, SIZES[2])
    assert len(network.stem) == 0
    assert [f.shape for f in network(images())] == [(4, 6)] * 2
    with pytest.raises(ValueError, match=r"The trunk has 1: use shared_stages=0 or less, .* other than nn\.Sequential"):
        MMoE(shared_stages=1).build(Own, 2, SIZES[2])
    with pytest.raises(ValueError, match=r"The trunk has 1: use n_levels=1, or .* other than nn\.Sequential"):
        PLE().build(Own, 2, SIZES[2])
