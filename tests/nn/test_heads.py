import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator
from torch import nn

from skmtl.nn import HEADS, LinearHead, MLPHead, OrdinalHead, SigmoidHead
from skmtl.nn._heads import Heads


class OwnHead(BaseEstimator):
    def build(self, n_features, n_classes):
        return nn.Linear(n_features, n_classes, bias=False)


N_CLASSES = [2, 4, 3, 10, 2]
MIXES = [
    [LinearHead()] * 5,
    [MLPHead(hidden=(6,))] * 5,
    [MLPHead(hidden=(6,)), LinearHead(), OwnHead(), LinearHead(), MLPHead(hidden=())],
    [LinearHead(), LinearHead(), LinearHead(), LinearHead(), OwnHead()],
    [OwnHead(), LinearHead(), LinearHead(), MLPHead(hidden=(3, 4)), LinearHead()],
    [SigmoidHead(), LinearHead(), OrdinalHead(link="cumulative"), OrdinalHead(), LinearHead()],
]


def heads_of(specs, n_features=7):
    torch.manual_seed(0)
    return Heads(specs, n_features, N_CLASSES).double()


def separately(heads, specs, features):
    """Logits of every task by a layer of its own, in task order."""
    logits, row, own = [], 0, iter(heads.others)
    for spec, k in zip(specs, N_CLASSES, strict=True):
        if isinstance(spec, LinearHead):
            weight, bias = heads.linear.weight[row : row + k], heads.linear.bias[row : row + k]
            logits.append(nn.functional.linear(features, weight, bias))
            row += k
        else:
            logits.append(next(own)(features))
    return logits


@pytest.mark.parametrize("specs", MIXES)
def test_fused_heads_equal_separate_ones_in_task_order(specs):
    heads = heads_of(specs)
    features = torch.randn(4, 7, dtype=torch.float64)
    joined = heads(features)
    assert joined.shape == (4, sum(N_CLASSES))
    for got, expected in zip(joined.split(N_CLASSES, dim=1), separately(heads, specs, features), strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("specs", MIXES)
def test_a_task_sends_gradient_to_its_own_head_only(specs):
    heads = heads_of(specs)
    features = torch.randn(4, 7, dtype=torch.float64)
    rows = np.cumsum([0] + [k if isinstance(s, LinearHead) else 0 for s, k in zip(specs, N_CLASSES, strict=True)])
    own = [t for t, s in enumerate(specs) if not isinstance(s, LinearHead)]
    for t, spec in enumerate(specs):
        heads.zero_grad()
        heads(features).split(N_CLASSES, dim=1)[t].square().sum().backward()
        if heads.linear is not None:
            touched = (heads.linear.weight.grad != 0).any(dim=1).numpy()
            expected = np.zeros(len(touched), dtype=bool)
            if isinstance(spec, LinearHead):
                expected[rows[t] : rows[t + 1]] = True
            np.testing.assert_array_equal(touched, expected)
            np.testing.assert_array_equal(heads.linear.bias.grad.numpy() != 0, expected)
        for other, module in zip(own, heads.others, strict=True):
            gradient = [p.grad is not None and bool((p.grad != 0).any()) for p in module.parameters()]
            assert all(gradient) if other == t else not any(gradient)


@pytest.mark.parametrize("specs", MIXES)
def test_equal_features_of_every_task_are_shared_features(specs):
    heads = heads_of(specs)
    shared = torch.randn(4, 7, dtype=torch.float64)
    own = [shared.clone() for _ in specs]
    torch.testing.assert_close(heads(own), heads(shared), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(heads.float()(tuple(f.float() for f in own)), heads(shared.float()), rtol=0, atol=1e-6)


@pytest.mark.parametrize("specs", MIXES)
def test_every_task_reads_its_own_features(specs):
    heads = heads_of(specs)
    features = [torch.randn(4, 7, dtype=torch.float64, requires_grad=True) for _ in specs]
    for t, (logits, own) in enumerate(zip(heads(features).split(N_CLASSES, dim=1), features, strict=True)):
        torch.testing.assert_close(logits, heads(own).split(N_CLASSES, dim=1)[t], rtol=1e-12, atol=1e-12)
        gradients = torch.autograd.grad(logits.square().sum(), features, allow_unused=True, retain_graph=True)
        assert [u for u, g in enumerate(gradients) if g is not None and (g != 0).any()] == [t]


def test_features_of_too_few_tasks_are_an_error():
    with pytest.raises(ValueError, match="zip"):
        heads_of(MIXES[0])([torch.zeros(4, 7).double()] * 4)


def test_classes_reach_the_heads_that_ask_for_them():
    specs = [LinearHead(), MLPHead(), OrdinalHead(order=("low", "high")), OrdinalHead()]
    labels = [np.arange(3), np.arange(2), np.array(["high", "low"]), np.arange(4)]
    heads = Heads(specs, 7, [3, 2, 2, 4], labels)
    assert heads.ranks == [None, None, [1, 0], [0, 1, 2, 3]]


def test_without_classes_only_sorted_orders_are_known():
    assert Heads([OrdinalHead(), LinearHead()], 7, [3, 2]).ranks == [[0, 1, 2], None]
    with pytest.raises(ValueError, match="needs the labels of its task"):
        Heads([OrdinalHead(order=(1, 0))], 7, [2])


@pytest.mark.parametrize("specs", MIXES)
def test_heads_can_be_copied(specs):
    heads = heads_of(specs).eval()
    features = torch.randn(4, 7, dtype=torch.float64)
    for twin in (pickle.loads(pickle.dumps(heads)), copy.deepcopy(heads)):
        assert torch.equal(twin(features), heads(features))
        assert twin.ranks == heads.ranks


def test_every_name_stands_for_a_spec_that_needs_no_arguments():
    assert {name: type(spec()).__name__ for name, spec in HEADS.items()} == {
        "linear": "LinearHead", "mlp": "MLPHead", "sigmoid": "SigmoidHead", "ordinal": "OrdinalHead",
    }  # fmt: skip


def test_order_is_derived_and_not_saved():
    assert not [k for k in heads_of(MIXES[2]).state_dict() if "order" in k]


def test_linear_heads_start_as_a_layer_of_their_own_would():
    # nn.Linear's range depends on the number of inputs only, so joining the rows changes nothing.
    weight = heads_of(MIXES[0], n_features=400).linear.weight
    assert weight.abs().max() <= 1 / 20
    assert abs(weight.std().item() - 1 / 20 / 3**0.5) < 1e-3


def test_mlp_head_is_its_formula(formulas):
    head = MLPHead(hidden=(5, 4)).build(3, 2).double()
    x = torch.randn(6, 3, dtype=torch.float64)
    out = x.numpy()
    for layer in (head[0], head[2]):
        out = formulas.relu(formulas.dense(out, layer.weight.detach().numpy(), layer.bias.detach().numpy()))
    out = formulas.dense(out, head[4].weight.detach().numpy(), head[4].bias.detach().numpy())
    np.testing.assert_allclose(head(x).detach().numpy(), out, rtol=1e-12, atol=1e-12)


def test_mlp_head_dropout_only_in_training():
    head = MLPHead(hidden=50, dropout=0.5).build(3, 2)
    x = torch.ones(1, 3)
    assert [type(m).__name__ for m in head] == ["Linear", "ReLU", "Dropout", "Linear"]
    torch.manual_seed(0)
    assert not torch.equal(head(x), head(x))
    head.eval()
    assert torch.equal(head(x), head(x))


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"hidden": (0,)}, "'hidden' parameter of MLPHead must be a tuple of positive ints. Got \\(0,\\) instead"),
        ({"hidden": None}, "'hidden' parameter of MLPHead"),
        ({"dropout": -0.1}, "'dropout' parameter of MLPHead"),
        ({"dropout": 1}, "'dropout' parameter of MLPHead"),
    ],
)
def test_bad_parameters(params, match):
    with pytest.raises(ValueError, match=match):
        MLPHead(**params).build(3, 2)
