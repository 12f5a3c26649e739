import numpy as np
import pytest

from skmtl.weighting import MGDA


def test_two_tasks(two_tasks):
    a, b, c = two_tasks.a, two_tasks.b, two_tasks.c
    # The foot of the perpendicular on the line through both, or the end nearer to 0.
    first = np.clip((b**2 - a * b * c) / (a**2 + b**2 - 2 * a * b * c), 0, 1)
    np.testing.assert_allclose(MGDA().weights(two_tasks.gramian), [first, 1 - first], rtol=1e-9, atol=1e-12)


def test_shortest_of_all_convex_combinations(jacobians):
    # Necessary and sufficient: no gradient has a smaller product with the combination than the combination itself.
    for jacobian in jacobians:
        weights = MGDA().weights(jacobian @ jacobian.T)
        assert weights.min() >= 0
        assert weights.sum() == pytest.approx(1)
        shared = weights @ jacobian
        lengths = np.linalg.norm(jacobian, axis=1)
        assert (jacobian @ shared >= shared @ shared - 1e-7 * lengths * (weights @ lengths)).all()


def test_orthogonal_gradients_by_inverse_square_norms():
    # sum of a_t^2 n_t^2 under sum of a_t = 1: a_t n_t^2 is the same for all.
    squares = np.array([1.0, 4.0, 0.25, 1e6])
    np.testing.assert_allclose(MGDA().weights(np.diag(squares)), (1 / squares) / (1 / squares).sum(), rtol=1e-10)


def test_shared_gradient_is_not_that_of_unit_gradients():
    # A known fault: weights solved for normalised gradients, (.5, .5) here, applied to the original ones.
    np.testing.assert_allclose(MGDA().weights(np.diag([1.0, 9.0])), [0.9, 0.1], atol=1e-12)


def test_zero_gradients_take_all_weight():
    np.testing.assert_array_equal(MGDA().weights(np.diag([0.0, 1.0, 0.0])), [0.5, 0, 0.5])
    np.testing.assert_array_equal(MGDA().weights(np.zeros((4, 4))), np.full(4, 0.25))


def test_one_task():
    np.testing.assert_allclose(MGDA().weights(np.array([[3e-9]])), [1])
