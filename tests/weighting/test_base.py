import pickle

import pytest
import torch
from sklearn.base import clone

import skmtl.weighting
from skmtl.weighting import (
    WEIGHTINGS,
    EqualWeighting,
    GradientAggregator,
    GramianWeighting,
    LossWeighting,
    build_weighting,
)


class Counting(LossWeighting):
    def __init__(self, start=0, log=None):
        self.start = start
        self.log = log

    def weights(self, losses):
        self.count_ = getattr(self, "count_", self.start) + 1
        self.log.append(self.count_)
        return torch.full_like(losses, self.count_)


class Duck:
    """The protocol without the base class."""

    def build(self, n_tasks):
        self.n_tasks = n_tasks
        return self

    def weights(self, losses):
        return losses


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_names(name):
    assert isinstance(build_weighting(name, 3, WEIGHTINGS), WEIGHTINGS[name])


def test_every_method_has_a_name():
    bases = (LossWeighting, GramianWeighting, GradientAggregator)
    public = [getattr(skmtl.weighting, name) for name in skmtl.weighting.__all__]
    methods = {cls for cls in public if isinstance(cls, type) and issubclass(cls, bases)} - set(bases)
    assert methods == set(WEIGHTINGS.values())


def test_build_is_fresh_and_leaves_the_spec_alone():
    spec = Counting(start=4, log=[])
    first, second = (build_weighting(spec, 2, WEIGHTINGS) for _ in range(2))
    assert first.weights(torch.zeros(2)).tolist() == [5, 5]
    assert first.weights(torch.zeros(2)).tolist() == [6, 6]
    assert second.weights(torch.zeros(2)).tolist() == [5, 5]
    assert spec.log == []
    assert not hasattr(spec, "count_")


def test_state_survives_pickling_and_not_cloning():
    built = Counting(log=[]).build(2)
    built.weights(torch.zeros(2))
    assert pickle.loads(pickle.dumps(built)).count_ == 1
    assert not hasattr(clone(Counting(start=3)), "count_")
    assert clone(Counting(start=3)).start == 3


def test_any_object_with_the_protocol():
    assert build_weighting(Duck(), 3, WEIGHTINGS).n_tasks == 3


class NoWeights:
    def build(self, n_tasks):
        return object()


@pytest.mark.parametrize(
    ("weighting", "error", "match"),
    [
        (
            "equall",
            ValueError,
            "weighting must be one of 'aligned-mtl', 'cagrad'.* Got 'equall' instead. Did you mean 'equal'?",
        ),
        (EqualWeighting, TypeError, r"or an object with build\(n_tasks\), .* Pass an instance, EqualWeighting\(\)"),
        (5, TypeError, "Got 5 instead"),
        (None, TypeError, "Got None instead"),
        (NoWeights(), TypeError, r"NoWeights.build must return an object with weights\(losses\)"),
    ],
)
def test_what_is_no_weighting(weighting, error, match):
    with pytest.raises(error, match=match):
        build_weighting(weighting, 2, WEIGHTINGS)


def test_base_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        LossWeighting()
