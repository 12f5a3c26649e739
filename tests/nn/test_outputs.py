from collections import OrderedDict
from types import SimpleNamespace

import pytest
import torch

from skmtl.nn._outputs import OutputError, choices, pick_output


@pytest.mark.parametrize(
    ("out", "output", "picked"),
    [
        ((5, 6), 1, 6),
        ([5, 6], -1, 6),
        ({"a": 5, 0: 6}, "a", 5),
        ({"a": 5, 0: 6}, 0, 6),
        (SimpleNamespace(a=5), "a", 5),
        (7, None, 7),
    ],
)
def test_picked(out, output, picked):
    assert pick_output(out, output) == picked


@pytest.mark.parametrize(
    ("out", "output", "match"),
    [
        ((5, 6), 2, r"output=2 is nothing that the module returns, a tuple: use one of 0, 1\."),
        ((5, 6), "a", "output='a' is nothing .* a tuple: use one of 0, 1"),
        (OrderedDict(pooled=5, maps=6), "poled", "use one of 'pooled', 'maps'. Did you mean 'pooled'?"),
        (OrderedDict(pooled=5), 0, "use one of 'pooled'"),
        (SimpleNamespace(a=5), "b", "a SimpleNamespace: wrap it in a module that returns its features"),
        (SimpleNamespace(a=5), 0, "a SimpleNamespace: wrap it"),
        (torch.zeros(2, 3), 0, "output=0, but the module returns one tensor: leave output=None"),
    ],
)
def test_nothing_of_that_name(out, output, match):
    with pytest.raises(OutputError, match=match):
        pick_output(out, output)


def test_choices():
    assert choices({"a": 1}) == ["a"]
    assert choices((1, 2)) == [0, 1]
    assert choices("ab") == choices(None) == []
