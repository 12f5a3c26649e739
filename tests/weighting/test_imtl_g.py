import numpy as np
import pytest

from skmtl.weighting import IMTLG


def test_two_tasks(two_tasks):
    # The bisector, whatever the angle: every gradient in units of its own norm.
    a, b = two_tasks.a, two_tasks.b
    np.testing.assert_allclose(IMTLG().weights(two_tasks.gramian), [b / (a + b), a / (a + b)], rtol=1e-9)


def test_equal_projections_on_unit_gradients(full_rank):
    for jacobian in full_rank:
        weights = IMTLG().weights(jacobian @ jacobian.T)
        assert abs(weights.sum()) == pytest.approx(1)
        units = jacobian / np.linalg.norm(jacobian, axis=1, keepdims=True)
        shared = weights @ jacobian
        projections = units @ shared / np.linalg.norm(shared)
        np.testing.assert_allclose(projections, projections.mean(), atol=1e-7)
        assert projections.mean() > 0


def test_formula_where_gradients_depend_on_one_another():
    jacobian = np.array([[1.0, 0], [0, 2], [1, 1], [-1, 3]])
    gramian = jacobian @ jacobian.T
    expected = np.linalg.pinv(gramian, rcond=1e-12) @ np.sqrt(np.diag(gramian))
    np.testing.assert_allclose(IMTLG().weights(gramian), expected / expected.sum(), atol=1e-12)


def test_zero_gradient_has_weight_0():
    np.testing.assert_allclose(IMTLG().weights(np.diag([1.0, 0, 4])), [2 / 3, 0, 1 / 3])


def test_no_step_where_weights_sum_to_0():
    # pinv([[1, -1], [-1, 1]]) = [[1, -1], [-1, 1]] / 4, times (1, 1) is (0, 0).
    np.testing.assert_array_equal(IMTLG().weights(np.array([[1.0, -1], [-1, 1]])), [0, 0])
    opposed = np.array([[0.3, 0.7, 0.1], [-0.3, -0.7, -0.1]])
    np.testing.assert_array_equal(IMTLG().weights(opposed @ opposed.T), [0, 0])
    np.testing.assert_array_equal(IMTLG().weights(np.zeros((3, 3))), np.zeros(3))


def test_negative_weight_of_a_gradient_beyond_the_bisector():
    # Three unit gradients in a fan of little width: equal projections need the middle one subtracted.
    angles = np.array([-0.6, 0.0, 0.5])
    jacobian = np.column_stack([np.cos(angles), np.sin(angles), [0.02, 0.0, 0.0]])
    assert IMTLG().weights(jacobian @ jacobian.T)[1] < 0


def test_one_task():
    np.testing.assert_allclose(IMTLG().weights(np.array([[1e8]])), [1])


def test_no_step_against_every_task_where_negative_weights_outweigh_the_others():
    # Divided by their sum, as in the published formula, the weights would turn uphill.
    angles = np.array([-0.6, 0.0, 0.5])
    jacobian = np.column_stack([np.cos(angles), np.sin(angles), [0.02, 0.0, 0.0]]) * [[1], [0.1], [1]]
    weights = IMTLG().weights(jacobian @ jacobian.T)
    assert weights.sum() == pytest.approx(-1)
    products = jacobian @ (weights @ jacobian) / [1, 0.1, 1]
    np.testing.assert_allclose(products, products.mean(), rtol=1e-3)
    assert products.min() > 0
