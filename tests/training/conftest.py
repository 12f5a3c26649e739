import numpy as np
import pytest
from sklearn.datasets import load_digits

from skmtl import MultiTaskCNNClassifier
from skmtl.nn import ConvTrunk


@pytest.fixture(scope="session")
def digits():
    """60 real digits with two tasks: the digit, and whether it is odd; read-only."""
    X, digit = load_digits(return_X_y=True)
    X, digit = X[:60].reshape(-1, 8, 8), digit[:60]
    y = np.column_stack([digit, digit % 2])
    X.flags.writeable = y.flags.writeable = False
    return X, y


@pytest.fixture
def small():
    """Return a small classifier with the parameters given."""

    def make(**params):
        defaults = {
            "trunk": ConvTrunk(channels=(2,), hidden=(8,)),
            "max_epochs": 2,
            "random_state": 0,
            "batch_size": 20,
        }
        return MultiTaskCNNClassifier(**(defaults | params))

    return make
