import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from torch import nn

from skmtl.nn import OrdinalHead
from skmtl.nn._ordinal_links import Columns, ContinuationLink, CumulativeLink

SIZES = np.array(["large", "medium", "small"])
LINKS = {"corn": ContinuationLink, "cumulative": CumulativeLink}


def built(spec, n_classes=3, classes=SIZES, n_features=4):
    torch.manual_seed(0)
    return spec.build(n_features, n_classes, classes).double()


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("hidden", [(), (6,)])
def test_it_returns_log_probabilities(link, hidden):
    head = built(OrdinalHead(link=link, hidden=hidden), n_classes=7, classes=None)
    out = head(torch.randn(5, 4, dtype=torch.float64) * 3)
    assert out.shape == (5, 7)
    torch.testing.assert_close(out.exp().sum(1), torch.ones(5, dtype=torch.float64), rtol=0, atol=1e-12)
    torch.testing.assert_close(out.softmax(1), out.exp(), rtol=1e-10, atol=1e-14)
    assert type(head[-1]) is LINKS[link]


@pytest.mark.parametrize("link", LINKS)
def test_columns_are_in_the_order_of_the_classes_whatever_the_order_of_the_ranks(link):
    features = torch.randn(5, 4, dtype=torch.float64)
    by_rank = built(OrdinalHead(link=link))(features)
    by_class = built(OrdinalHead(order=("small", "large", "medium"), link=link))(features)
    # The same weights: the first of the ranks is "small", the last column.
    torch.testing.assert_close(by_class, by_rank[:, [1, 2, 0]], rtol=0, atol=0)


def test_sorted_order_needs_no_columns_moved():
    assert type(built(OrdinalHead(order=tuple(SIZES)))[-1]) is ContinuationLink
    assert type(built(OrdinalHead(order=tuple(SIZES[::-1])))[-1]) is Columns


@pytest.mark.parametrize(
    ("order", "classes", "expected"),
    [
        (None, SIZES, [0, 1, 2]),
        (("small", "medium", "large"), SIZES, [2, 1, 0]),
        (np.array(["medium", "small", "large"]), SIZES, [1, 2, 0]),
        (pd.Index(["medium", "small", "large"]), SIZES.astype(object), [1, 2, 0]),
        ([3, 1, 2], np.array([1, 2, 3]), [2, 0, 1]),
        ((3.0, 1.5), np.array([1.5, 3.0]), [1, 0]),
        ((True, False), np.array([False, True]), [1, 0]),
        (np.array(["2024", "2022"], "M8[s]"), np.array(["2022", "2024"], "M8[ns]"), [1, 0]),
    ],
)
def test_class_order(order, classes, expected):
    assert OrdinalHead(order=order).class_order(len(classes), classes) == expected


def test_corn_starts_near_equal_probabilities():
    probabilities = built(OrdinalHead(), n_classes=10, classes=None)(torch.zeros(1, 4).double()).exp()
    assert 0.03 < probabilities.min() < probabilities.max() < 0.25


@pytest.mark.parametrize(("link", "n_weights"), [("corn", 9 * 4 + 9), ("cumulative", 4 + 1 + 8 + 1)])
def test_number_of_weights(link, n_weights):
    head = built(OrdinalHead(link=link), n_classes=10, classes=None)
    assert sum(p.numel() for p in head.parameters()) == n_weights


def test_one_score_makes_cumulative_probabilities_move_together():
    head = built(OrdinalHead(link="cumulative"), n_classes=5, classes=None)
    odds = torch.logit(head(torch.randn(2, 4, dtype=torch.float64)).exp().cumsum(1)[:, :-1])
    # Proportional odds: two images differ by the same in every cumulative logit.
    difference = odds[0] - odds[1]
    torch.testing.assert_close(difference, difference[:1].expand(4), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("link", LINKS)
def test_two_classes_are_logistic_regression(link):
    head = built(OrdinalHead(link=link), n_classes=2, classes=None)
    features = torch.randn(5, 4, dtype=torch.float64)
    odds = torch.logit(head(features).exp()[:, 1])
    constant = head[0].bias if link == "corn" else -head[1].middle
    torch.testing.assert_close(odds, features @ head[0].weight[0] + constant)


@pytest.mark.parametrize("link", LINKS)
def test_every_parameter_is_trained(link):
    head = built(OrdinalHead(link=link, hidden=(3,)), n_classes=4, classes=None)
    optimizer = torch.optim.Adam(head.parameters(), 0.05)
    before = copy.deepcopy(head.state_dict())
    features, ranks = torch.randn(40, 4, dtype=torch.float64), torch.arange(40) % 4
    features[:, 0] += ranks
    losses = []
    for _ in range(60):
        loss = nn.functional.cross_entropy(head(features), ranks)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    assert not any(torch.equal(p, before[name]) for name, p in head.state_dict().items())


@pytest.mark.parametrize(
    ("order", "match"),
    [
        (("small", "medium"), r"they are \['large', 'medium', 'small'\]\. It lacks \['large'\]: add what"),
        ((), r"It lacks \['large', 'medium', 'small'\]"),
        (("small", "medum", "large"), r"It lacks \['medium'\], but names \['medum'\], which no label is: add"),
        (("small", "medium", "small", "large"), "It names 'small' twice: keep one of them."),
        ((1, 2, 3), r"It lacks \['large', 'medium', 'small'\], but names \[1, 2, 3\]"),
    ],
)
def test_an_order_of_other_labels_is_an_error(order, match):
    with pytest.raises(ValueError, match=f"'order' parameter of OrdinalHead must hold each class.*{match}"):
        OrdinalHead(order=order).build(4, 3, SIZES)


def test_levels_that_no_label_has_are_passed_over():
    # As in a fold of a cross-validation that lacks a rare one.
    head = OrdinalHead(order=("tiny", "small", "medium", "large", "huge"))
    assert head.class_order(3, SIZES) == OrdinalHead(order=("small", "medium", "large")).class_order(3, SIZES)
    assert head.build(4, 3, SIZES)(torch.zeros(2, 4)).shape == (2, 3)


@pytest.mark.parametrize("order", ["small", {"small": 0, "large": 1}, {"small", "large"}, 3, [["small"], ["large"]]])
def test_an_order_that_is_no_sequence_of_labels_is_an_error(order):
    with pytest.raises(TypeError, match="'order' parameter of OrdinalHead must be a sequence of all classes"):
        OrdinalHead(order=order).build(4, 3, SIZES)


def test_an_order_without_the_classes_is_an_error():
    with pytest.raises(ValueError, match="needs the labels of its task, but got none: pass classes="):
        OrdinalHead(order=(0, 1)).build(4, 2)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"link": "coral"}, "'link' parameter of OrdinalHead must be a str among"),
        ({"hidden": (0,)}, "'hidden' parameter of OrdinalHead"),
        ({"dropout": 1}, "'dropout' parameter of OrdinalHead"),
    ],
)
def test_bad_parameters(params, match):
    with pytest.raises(ValueError, match=match):
        OrdinalHead(**params).build(4, 3)


def test_one_class_is_an_error():
    with pytest.raises(ValueError, match="at least two classes, but the task has 1"):
        OrdinalHead().build(4, 1)


@pytest.mark.parametrize("link", LINKS)
def test_spec_and_module_can_be_copied(link):
    order = ["small", "medium", "large"]
    spec = clone(OrdinalHead(order=order, link=link, hidden=(3,), dropout=0.1))
    assert spec.get_params() == {"order": order, "link": link, "hidden": (3,), "dropout": 0.1}
    head = built(spec).eval()
    features = torch.randn(5, 4, dtype=torch.float64)
    for twin in (pickle.loads(pickle.dumps(head)), copy.deepcopy(head)):
        assert torch.equal(twin(features), head(features))
    fresh = built(spec).eval()
    fresh.load_state_dict(head.state_dict())
    assert torch.equal(fresh(features), head(features))
