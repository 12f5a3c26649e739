import functools

import pytest
from torch import nn

from skmtl import MultiTaskCNNClassifier
from skmtl.estimators._nested_params import with_specs
from skmtl.nn import ConvTrunk, MLPHead, MMoE
from skmtl.weighting import UncertaintyWeighting


def test_names_become_specs_where_parameters_are_set():
    clf = MultiTaskCNNClassifier(trunk="lenet")
    params = with_specs(clf, {"trunk__dropout": 0.5, "sharing": "mmoe", "sharing__n_experts": 3, "lr": 1})
    assert type(params["trunk"]).__name__ == "LeNetTrunk"
    assert isinstance(params["sharing"], MMoE)
    assert (params["trunk__dropout"], params["sharing__n_experts"], params["lr"]) == (0.5, 3, 1)
    assert clf.trunk == "lenet"


def test_what_sets_nothing_inside_stays_as_it_is():
    params = {"trunk": ConvTrunk, "head": None, "trunk_": 1, "lr": 1}
    assert with_specs(MultiTaskCNNClassifier(), params) is params


@pytest.mark.parametrize(
    ("name", "part"), [("trunk", ConvTrunk), ("head", MLPHead), ("sharing", MMoE), ("weighting", UncertaintyWeighting)]
)
def test_classes_of_specs_have_no_parameters_to_set(name, part):
    match = f"{name}__x sets a parameter of {name}, but {name} is the class {part.__name__}: pass an instance, {name}="
    with pytest.raises(ValueError, match=match):
        MultiTaskCNNClassifier(**{name: part}).set_params(**{f"{name}__x": 1})
    with pytest.raises(ValueError, match=match):
        MultiTaskCNNClassifier().set_params(**{f"{name}__x": 1, name: part})


@pytest.mark.parametrize(
    ("part", "found"),
    [
        (nn.Linear, "the class Linear"),
        (nn.Linear(2, 3), "of type Linear"),
        (functools.partial(nn.Linear, 2, 3), "of type partial"),
        ({"digit": MLPHead()}, "of type dict"),
    ],
)
def test_what_is_no_spec_has_no_parameters_to_set(part, found):
    with pytest.raises(ValueError, match=f"head__x sets .* but head is {found}, which has none .* set head itself"):
        MultiTaskCNNClassifier(head=part).set_params(head__x=1)
