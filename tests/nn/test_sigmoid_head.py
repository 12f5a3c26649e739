import pickle

import pytest
import torch
from sklearn.base import clone
from torch import nn
from torch.nn import functional as F

from skmtl.nn import MultiTaskLoss, SigmoidHead


def test_softmax_of_what_it_returns_is_the_sigmoid():
    head, features = SigmoidHead().build(5, 2).double(), torch.randn(9, 5, dtype=torch.float64)
    out = head(features)
    z = features @ head[0].weight[0] + head[0].bias
    assert (out[:, 0] == 0).all()
    torch.testing.assert_close(out.softmax(1)[:, 1], z.sigmoid(), rtol=1e-12, atol=0)


def test_by_hand():
    head = SigmoidHead().build(1, 2)
    nn.init.constant_(head[0].weight, 1.0)
    nn.init.zeros_(head[0].bias)
    # log 3 is the logit of 3/4.
    out = head(torch.tensor([[3.0]]).log())
    torch.testing.assert_close(out.softmax(1), torch.tensor([[0.25, 0.75]]))


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_cross_entropy_is_binary_cross_entropy_with_its_gradient(scale):
    z = (torch.randn(12, 1, dtype=torch.float64) * scale).requires_grad_()
    twin = z.detach().clone().requires_grad_()
    codes = torch.arange(12) % 2
    pad = SigmoidHead().build(1, 2)[-1]
    loss = MultiTaskLoss([2])(pad(z), codes[:, None], None)[0]
    expected = F.binary_cross_entropy_with_logits(twin[:, 0], codes.double())
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=1e-12)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(z.grad, twin.grad, rtol=1e-12, atol=1e-12)


def test_it_has_half_the_weights_of_a_softmax():
    assert sum(p.numel() for p in SigmoidHead().build(7, 2).parameters()) == 8


def test_hidden_layers_and_dropout():
    head = SigmoidHead(hidden=(6, 4), dropout=0.5).build(3, 2)
    assert [type(layer).__name__ for layer in head] == [
        "Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear", "ZeroPad1d",
    ]  # fmt: skip
    assert [layer.out_features for layer in head if isinstance(layer, nn.Linear)] == [6, 4, 1]


@pytest.mark.parametrize("n_classes", [1, 3])
def test_other_numbers_of_classes_are_an_error_that_names_the_remedy(n_classes):
    with pytest.raises(
        ValueError, match=rf"two classes, but the task has {n_classes}: use 'linear' or MLPHead .*Ordin"
    ):
        SigmoidHead().build(3, n_classes)


@pytest.mark.parametrize(
    ("params", "match"),
    [({"hidden": (0,)}, "'hidden' parameter of SigmoidHead"), ({"dropout": 1}, "'dropout' parameter of SigmoidHead")],
)
def test_bad_parameters(params, match):
    with pytest.raises(ValueError, match=match):
        SigmoidHead(**params).build(3, 2)


def test_spec_and_module_can_be_copied():
    spec = clone(SigmoidHead(hidden=(4,), dropout=0.2))
    assert spec.get_params() == {"hidden": (4,), "dropout": 0.2}
    head = spec.build(3, 2).eval()
    features = torch.randn(2, 3)
    assert torch.equal(pickle.loads(pickle.dumps(head))(features), head(features))
