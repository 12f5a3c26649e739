import numpy as np
import pytest
import torch
from torch import nn

from skmtl.nn import LinearHead, MLPHead, OrdinalHead
from skmtl.nn._built_head import build_head, class_ranks
from skmtl.nn._heads import Heads


class Own:
    """A head spec of the user's that returns whatever it is told to."""

    def __init__(self, make, order=None):
        self.make, self.order = make, order

    def build(self, n_features, n_classes):
        return self.make(n_features, n_classes)

    def class_order(self, n_classes, classes):
        return self.order


class Labelled:
    def build(self, n_features, n_classes, classes):
        self.seen = classes
        return nn.Linear(n_features, n_classes)


@pytest.mark.parametrize("spec", [MLPHead(), OrdinalHead(), Own(nn.Linear), Own(lambda f, k: nn.LazyLinear(k))])
def test_good_heads_are_returned_in_the_mode_they_are_in(spec):
    head = build_head(spec, 7, 3, None)
    assert all(layer.training for layer in head.modules())
    assert head(torch.ones(4, 7)).shape == (4, 3)


def test_labels_go_to_the_heads_that_ask_for_them():
    spec, labels = Labelled(), np.array(["a", "b"])
    build_head(spec, 7, 2, labels)
    assert spec.seen is labels


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda f, k: nn.Linear(f, k + 1), ValueError, r"Own must .* to \(batch, 3\).* makes shape \(2, 4\)"),
        (lambda f, k: nn.Linear(f, k - 1), ValueError, r"makes shape \(2, 2\) of a batch of 2"),
        (lambda f, k: nn.Sequential(nn.Linear(f, 1), nn.Flatten(0)), ValueError, r"makes shape \(2,\)"),
        (nn.GRU, ValueError, "makes tuple of a batch of 2"),
        (lambda f, k: nn.Linear(5, k), ValueError, "fails on a batch of 2: mat1 and mat2"),
        (lambda f, k: None, TypeError, r"build\(7, 3\) of Own must return a module .* Got NoneType instead"),
    ],
)  # fmt: skip
def test_other_results_are_errors(make, error, match):
    with pytest.raises(error, match=match):
        build_head(Own(make), 7, 3, None)


def test_columns_of_two_heads_do_not_make_up_for_each_other():
    swapped = [Own(lambda f, k: nn.Linear(f, 5 - k)), Own(lambda f, k: nn.Linear(f, 5 - k)), LinearHead()]
    with pytest.raises(ValueError, match=r"build\(7, 2\) of Own .* makes shape \(2, 3\)"):
        Heads(swapped, 7, [2, 3, 2])


@pytest.mark.parametrize("order", [[2, 0, 1], (2, 0, 1), np.array([2, 0, 1])])
def test_any_sequence_is_an_order(order):
    assert list(class_ranks(Own(nn.Linear, order), 3, None)) == [2, 0, 1]


def test_no_order():
    assert class_ranks(MLPHead(), 3, None) is class_ranks(Own(nn.Linear), 3, None) is None


@pytest.mark.parametrize("order", [[0, 0, 1], [0, 1], [1, 2, 3], [0, 1, 2, 3]])
def test_an_order_that_does_not_hold_each_class_once_is_an_error(order):
    with pytest.raises(ValueError, match="class_order of Own must return the indices of the 3 classes, each once"):
        class_ranks(Own(nn.Linear, order), 3, None)


def test_heads_without_parameters():
    heads = Heads([Own(lambda f, k: nn.LogSoftmax(1))], 3, [3])
    assert heads.dtype == torch.float32
    torch.testing.assert_close(heads(torch.zeros(2, 3)), torch.full((2, 3), -np.log(3.0), dtype=torch.float32))
