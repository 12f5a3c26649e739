import numpy as np
import pytest
from sklearn.datasets import load_digits

from skmtl._inputs import ImageLayout
from skmtl._rows import read_rows
from skmtl.estimators import _standardize
from skmtl.estimators._standardize import channel_statistics as statistics_of_rows


def channel_statistics(X, *args):
    return statistics_of_rows(read_rows(X), *args)


def colours(n=50):
    grey = load_digits().images[:n]
    X = np.stack([grey, grey**2, 3 - grey], axis=-1)
    return X, ImageLayout.infer(X.shape[1:])


@pytest.mark.parametrize("batch", [7, 50, 1024])
def test_mean_and_std_of_every_channel(monkeypatch, batch):
    monkeypatch.setattr(_standardize, "PART_BYTES", batch * 8 * 64)
    monkeypatch.setattr(_standardize, "PART_VALUES", batch * 64)
    X, layout = colours()
    mean, std = channel_statistics(X, layout, np.arange(50), np.ones(50), 0.5)
    np.testing.assert_allclose(mean, (X * 0.5).mean((0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(std, (X * 0.5).std((0, 1, 2)), rtol=1e-12)


@pytest.mark.parametrize("batch", [3, 1024])
def test_a_weight_of_two_is_the_row_twice_and_rows_left_out_do_not_count(monkeypatch, batch):
    monkeypatch.setattr(_standardize, "PART_BYTES", batch * 8 * 64)
    monkeypatch.setattr(_standardize, "PART_VALUES", batch * 64)
    X, layout = colours(10)
    rows, weights = np.array([8, 2, 5, 3, 1]), np.array([2.0, 1, 3, 0, 0])
    repeated = X[[8, 8, 2, 5, 5, 5]]
    mean, std = channel_statistics(X, layout, rows, weights, 1)
    np.testing.assert_allclose(mean, repeated.mean((0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(std, repeated.std((0, 1, 2)), rtol=1e-12)


def test_far_from_zero_keeps_its_digits():
    # The textbook E[x^2] - E[x]^2 has no digit left here.
    X = load_digits().images[:20] * 1e-4 + 1e6
    _, std = channel_statistics(X, ImageLayout.infer((8, 8)), np.arange(20), np.ones(20), 1)
    np.testing.assert_allclose(std, [X.std()], rtol=1e-6)


@pytest.mark.parametrize("value", [0, 0.1, 1e9])
def test_a_constant_channel_has_std_one(value):
    X = np.full((6, 4, 4), value)
    mean, std = channel_statistics(X, ImageLayout.infer((4, 4)), np.arange(6), np.linspace(0.1, 1, 6), 1)
    np.testing.assert_allclose(mean, [value], rtol=1e-12)
    assert std == [1]


def test_integer_pixels_do_not_overflow():
    X = np.full((4, 2, 2), 250, dtype=np.uint8)
    X[2:] = 50
    mean, std = channel_statistics(X, ImageLayout.infer((2, 2)), np.arange(4), np.ones(4), 1 / 255)
    np.testing.assert_allclose([mean[0], std[0]], [150 / 255, 100 / 255], rtol=1e-12)
