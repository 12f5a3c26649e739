from types import SimpleNamespace

import numpy as np
import pandas as pd

from skmtl._targets import TargetEncoder, read_targets
from skmtl.estimators._score import mean_accuracy

Y = pd.DataFrame({"a": [0, 1, 1, 0], "b": ["x", "y", "x", None]})
ENCODER = TargetEncoder().fit(read_targets(Y))
PREDICTED = np.array([[0, "x"], [1, "x"], [0, "x"], [0, "y"]], dtype=object)


def model(predicted=PREDICTED, encoder=ENCODER):
    return SimpleNamespace(predict=lambda X: predicted, _encoder=encoder, missing_label=None)


def test_mean_over_labelled_cells():
    assert mean_accuracy(model(), np.zeros((4, 2, 2)), Y, None) == (3 / 4 + 2 / 3) / 2


def test_columns_are_matched_by_name():
    assert mean_accuracy(model(), np.zeros((4, 2, 2)), Y[["b", "a"]], None) == (3 / 4 + 2 / 3) / 2


def test_cells_without_image_do_not_count():
    X = np.ma.zeros((4, 2, 2))
    X[2] = np.ma.masked
    assert mean_accuracy(model(), X, Y, None) == (3 / 3 + 1 / 2) / 2
    assert mean_accuracy(model(), X, Y, [1, 0, 5, 1]) == 1


def test_weights_of_named_labels_for_a_model_that_knows_positions():
    encoder = TargetEncoder().fit(read_targets(np.array([[0, 0], [1, 1]])))
    y = pd.DataFrame({"a": [0, 1, 1], "b": [1, 0, 1]})
    predicted = np.array([[0, 0], [0, 0], [0, 0]])
    weight = pd.DataFrame({"b": [1, 5, 1], "a": [1, 1, 3]})
    X = np.ma.zeros((3, 2, 2))
    X[0] = np.ma.masked
    assert mean_accuracy(model(predicted, encoder), X, y, weight) == (0 + 5 / 6) / 2
    assert mean_accuracy(model(predicted[1:], encoder), X.data[1:], y[1:], weight[1:]) == (0 + 5 / 6) / 2
