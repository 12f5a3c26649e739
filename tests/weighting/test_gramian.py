import numpy as np
import pytest

from skmtl.weighting import _gramian
from skmtl.weighting._gramian import gradient_columns, min_norm_point, nonnegative_least_squares, unit_gradients


def test_unit_gradients():
    jacobian = np.array([[3.0, 4.0], [0.0, 0.0], [0.0, -1e-8]])
    norms, cosines = unit_gradients(jacobian @ jacobian.T)
    np.testing.assert_allclose(norms, [5, 0, 1e-8])
    np.testing.assert_allclose(cosines, [[1, 0, -0.8], [0, 0, 0], [-0.8, 0, 1]])


def test_what_is_shorter_than_any_gradient_counts_as_0():
    assert unit_gradients(np.diag([1.0, 1e-70]))[0].tolist() == [1, 0]
    assert unit_gradients(np.diag([1e-200, 1e-250]))[0].tolist() == [1e-100, 1e-125]


@pytest.mark.parametrize("scale", [1e-250, 1.0, 1e250])
def test_columns_have_the_inner_products(full_rank, scale):
    for jacobian in full_rank:
        units = jacobian / np.linalg.norm(jacobian, axis=1).max()
        columns = gradient_columns(units @ units.T * scale)
        lengths = np.linalg.norm(units, axis=1)
        np.testing.assert_allclose(columns.T @ columns, units @ units.T, atol=1e-14 * np.outer(lengths, lengths).max())
        np.testing.assert_allclose(np.linalg.norm(columns, axis=0), lengths)


def test_min_norm_point_in_the_plane():
    # The line through (1, 1) and (1, -3) passes 0 at (1, 0), a quarter of the way.
    np.testing.assert_allclose(min_norm_point(np.array([[1.0, 1, 5], [1, -3, 0]])), [0.75, 0.25, 0], atol=1e-14)


def test_where_the_active_set_goes_round_in_circles(monkeypatch):
    def circles(matrix, target):
        raise RuntimeError("Maximum number of iterations reached.")

    monkeypatch.setattr(_gramian, "nnls", circles)
    matrix = np.array([[1.0, 0], [0, 2], [1, 1]])
    # Unbounded: the second would be negative. Without it, the first is the mean of 3 and 1.
    np.testing.assert_allclose(nonnegative_least_squares(matrix, np.array([3.0, -4, 1])), [2, 0], atol=1e-6)
