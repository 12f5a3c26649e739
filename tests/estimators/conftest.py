"""Real digits and a small classifier, so that a fit takes a fraction of a second."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from skmtl import MultiTaskCNNClassifier
from skmtl.nn import ConvTrunk


@pytest.fixture(scope="session")
def digits():
    """Digits 0 to 3 in [0, 1]: images (120, 8, 8), codes (120, 2), a frame of an int and a string task."""
    bunch = load_digits(n_class=4)
    images, digit = bunch.images[:120] / 16, bunch.target[:120]
    frame = pd.DataFrame({"digit": digit, "parity": np.where(digit % 2, "odd", "even")})
    images.setflags(write=False)  # a fit that writes to its input fails here
    return SimpleNamespace(images=images, codes=np.column_stack([digit, digit % 2]), frame=frame, digit=digit)


@pytest.fixture(scope="session")
def make():
    """Function from parameters to a small, seeded classifier."""

    def classifier(**params):
        trunk = ConvTrunk(channels=(4,), hidden=(16,))
        return MultiTaskCNNClassifier(**{"trunk": trunk, "max_epochs": 2, "random_state": 0, "lr": 0.01, **params})

    return classifier
