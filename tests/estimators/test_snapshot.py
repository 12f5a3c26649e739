import pickle

import numpy as np
import pandas as pd
import pytest

from skmtl.estimators._snapshot import snapshot
from skmtl.nn import ConvTrunk, OrdinalHead


@pytest.mark.parametrize(
    "value",
    [pd.Index(["low", "high"]), np.array(["low", 3, None], object), np.array([1.5, 2.0]), np.float32(2), ("a", [1, 2])],
)
def test_a_pickled_copy_has_the_same_snapshot(value):
    assert snapshot(pickle.loads(pickle.dumps(value))) == snapshot(value)
    assert snapshot(OrdinalHead(order=pickle.loads(pickle.dumps(value)))) == snapshot(OrdinalHead(order=value))


def test_a_change_in_place_shows():
    spec = ConvTrunk(channels=[4, 8])
    before = snapshot(spec)
    spec.channels.append(16)
    assert snapshot(spec) != before


def test_other_values_and_shapes_differ():
    assert snapshot(np.array(["a", "b"], object)) != snapshot(np.array(["a", "c"], object))
    assert snapshot(np.zeros((2, 3))) != snapshot(np.zeros((3, 2)))
