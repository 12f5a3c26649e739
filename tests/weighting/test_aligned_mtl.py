import numpy as np
import pytest

from skmtl.weighting import AlignedMTL


def test_two_tasks(two_tasks):
    a, b, c = two_tasks.a, two_tasks.b, two_tasks.c
    # Two-by-two roots have a closed form: G^(1/2) = (G + det^(1/2)) / t, and its inverse follows by cofactors.
    det = a * b * np.sqrt(1 - c**2)
    t = np.sqrt(a**2 + b**2 + 2 * det)
    inverse_root = np.array([[b**2 + det, -a * b * c], [-a * b * c, a**2 + det]]) / (t * det)
    # The smaller eigenvalue as det / larger: without cancellation.
    larger = (a**2 + b**2 + np.sqrt((a**2 - b**2) ** 2 + (2 * a * b * c) ** 2)) / 2
    expected = det / np.sqrt(larger) * inverse_root.sum(axis=1)
    np.testing.assert_allclose(AlignedMTL().weights(two_tasks.gramian), expected, rtol=1e-6)


def test_aligned_gradients_are_orthogonal_and_as_long_as_the_shortest_component(full_rank):
    for jacobian in full_rank:
        shortest = np.linalg.svd(jacobian, compute_uv=False)[-1]
        weights = AlignedMTL().weights(jacobian @ jacobian.T)
        shared = weights @ jacobian
        # The sum of T orthogonal vectors of that length, those nearest to the gradients: the polar factor of J.
        assert np.linalg.norm(shared) == pytest.approx(np.sqrt(len(jacobian)) * shortest, rel=1e-4)
        left, _, right = np.linalg.svd(jacobian, full_matrices=False)
        np.testing.assert_allclose(shared, shortest * (left @ right).sum(axis=0), atol=1e-4 * np.linalg.norm(shared))


def test_orthogonal_gradients_get_the_length_of_the_shortest():
    np.testing.assert_allclose(AlignedMTL().weights(np.diag([1.0, 9.0, 0.25])), [0.5, 1 / 6, 1])


def test_components_of_length_0_are_left_out():
    # Two equal gradients have one component, (1, 1) / sqrt(2) of length sqrt(2): it is its own shortest.
    np.testing.assert_allclose(AlignedMTL().weights(np.ones((2, 2))), [1, 1])
    np.testing.assert_allclose(AlignedMTL().weights(np.array([[1.0, -1], [-1, 1]])), [0, 0], atol=1e-12)


def test_zero_gradients():
    np.testing.assert_allclose(AlignedMTL().weights(np.diag([1.0, 0, 4])), [1, 0, 0.5])
    np.testing.assert_array_equal(AlignedMTL().weights(np.zeros((3, 3))), np.ones(3))


def test_one_task():
    np.testing.assert_allclose(AlignedMTL().weights(np.array([[1e-8]])), [1])
