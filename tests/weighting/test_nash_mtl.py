import numpy as np
import pytest

from skmtl.weighting import NashMTL


def test_two_tasks(two_tasks):
    # In units of the norms both weights are x, by symmetry, and x + c x = 1 / x.
    x = 1 / np.sqrt(1 + two_tasks.c)
    np.testing.assert_allclose(NashMTL().weights(two_tasks.gramian), [x / two_tasks.a, x / two_tasks.b], rtol=1e-8)


def test_bargaining_solution(full_rank):
    for jacobian in full_rank:
        weights = NashMTL().weights(jacobian @ jacobian.T)
        assert weights.min() > 0
        np.testing.assert_allclose(weights * (jacobian @ (weights @ jacobian)), 1, rtol=1e-5)


def test_dependent_gradients_that_can_all_improve():
    # x + 2 y = 1 / x twice for the repeated gradient, of cosine .5 with the other: 2 x + y / 2 = 1 / x, x + y = 1 / y.
    jacobian = np.array([[1.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])
    x, _, y = weights = NashMTL().weights(jacobian @ jacobian.T)
    np.testing.assert_allclose([2 * x + y / 2, x + y], [1 / x, 1 / y], rtol=1e-6)
    assert weights[0] == pytest.approx(weights[1])


@pytest.mark.parametrize("ratio", [1, 3])
def test_next_to_no_step_where_no_step_improves_all(ratio):
    jacobian = np.array([[1.0, 0.0], [-ratio, 0.0], [0.0, 1.0]])
    weights = NashMTL().weights(jacobian @ jacobian.T)
    assert np.isfinite(weights).all()
    # x = 1 / x for the third; 1e-10 x = 1 / x for the opposed ones, in units of their norms.
    np.testing.assert_allclose(weights, [1e5, 1e5 / ratio, 1], rtol=1e-4)
    assert abs((weights @ jacobian)[0]) < 1e-4


def test_zero_gradient_takes_no_part():
    np.testing.assert_allclose(NashMTL().weights(np.diag([4.0, 0, 1])), [0.5, 0, 1])
    np.testing.assert_array_equal(NashMTL().weights(np.zeros((3, 3))), np.zeros(3))


@pytest.mark.parametrize("square", [1e-8, 4.0, 1e8])
def test_one_task(square):
    np.testing.assert_allclose(NashMTL().weights(np.array([[square]])), [1 / np.sqrt(square)])
