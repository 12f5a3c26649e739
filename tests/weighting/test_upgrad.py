from itertools import product

import numpy as np

from skmtl.weighting import UPGrad


def by_active_sets(jacobian):
    """Try every set of bounds that may hold: the v >= e_t / T whose combination is shortest, summed over t."""
    n_tasks = len(jacobian)
    total = np.zeros(jacobian.shape[1])
    for t in range(n_tasks):
        bound = np.eye(n_tasks)[t] / n_tasks
        best = bound @ jacobian
        for free in product([False, True], repeat=n_tasks):
            free = np.array(free)
            v = bound.copy()
            v[free] = np.linalg.lstsq(jacobian[free].T, -(bound * ~free) @ jacobian, rcond=None)[0]
            if (v >= bound - 1e-12).all() and np.linalg.norm(v @ jacobian) < np.linalg.norm(best):
                best = v @ jacobian
        total += best
    return total


def test_two_tasks(two_tasks):
    # Half of what PCGrad gives: a gradient in conflict loses its part along the other.
    a, b, c = two_tasks.a, two_tasks.b, min(two_tasks.c, 0)
    np.testing.assert_allclose(UPGrad().weights(two_tasks.gramian), [(1 - c * b / a) / 2, (1 - c * a / b) / 2])


def test_shortest_over_all_active_sets(jacobians):
    for jacobian in jacobians:
        if len(jacobian) > 5:
            continue
        weights = UPGrad().weights(jacobian @ jacobian.T)
        size = weights @ np.linalg.norm(jacobian, axis=1)
        np.testing.assert_allclose(weights @ jacobian, by_active_sets(jacobian), atol=1e-6 * size)


def test_projected_by_hand():
    # g_1 = (1, 0) keeps (.5, .5) beside g_2 = (-1, 1); g_2 keeps (0, 1) beside g_1; g_3 = (0, 1) conflicts with none.
    jacobian = np.array([[1.0, 0], [-1, 1], [0, 1]])
    weights = UPGrad().weights(jacobian @ jacobian.T)
    np.testing.assert_allclose(weights @ jacobian, np.array([0.5, 2.5]) / 3)
    np.testing.assert_allclose(weights, np.array([2, 1.5, 1]) / 3)


def test_weights_at_least_1_over_n_tasks_and_that_without_conflict(jacobians):
    np.testing.assert_array_equal(UPGrad().weights(np.diag([4.0, 1.0])), [0.5, 0.5])
    for jacobian in jacobians:
        assert UPGrad().weights(jacobian @ jacobian.T).min() >= 1 / len(jacobian) - 1e-12


def test_no_step_where_no_step_improves_all():
    jacobian = np.array([[1.0, 0], [-2, 0]])
    np.testing.assert_allclose(UPGrad().weights(jacobian @ jacobian.T) @ jacobian, [0, 0], atol=1e-9)


def test_zero_gradients():
    gramian = np.array([[1.0, -0.5, 0], [-0.5, 1, 0], [0, 0, 0]])
    np.testing.assert_allclose(UPGrad().weights(gramian), [0.5, 0.5, 1 / 3])
    np.testing.assert_array_equal(UPGrad().weights(np.zeros((4, 4))), np.full(4, 0.25))


def test_one_task():
    np.testing.assert_allclose(UPGrad().weights(np.array([[1e-8]])), [1])
