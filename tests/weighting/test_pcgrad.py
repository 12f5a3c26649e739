import numpy as np
import pytest
import torch

from skmtl.weighting import PCGrad, _pcgrad


def naive(jacobian, orders):
    """Algorithm 1 of the paper, gradient by gradient."""
    total = np.zeros(jacobian.shape[1])
    for gradient, order in zip(jacobian, orders, strict=True):
        projected = gradient.copy()
        for j in order:
            product = projected @ jacobian[j]
            if product < 0:
                projected -= product / (jacobian[j] @ jacobian[j]) * jacobian[j]
        total += projected
    return total


def some_orders(n_tasks, seed=0):
    rng = np.random.default_rng(seed)
    return np.array([rng.permutation(np.delete(np.arange(n_tasks), t)) for t in range(n_tasks)]).reshape(n_tasks, -1)


def test_two_tasks(two_tasks):
    # A conflict of cosine c takes c times its own length from a gradient, along the other.
    a, b, c = two_tasks.a, two_tasks.b, min(two_tasks.c, 0)
    np.testing.assert_allclose(PCGrad().weights(two_tasks.gramian), [1 - c * b / a, 1 - c * a / b], rtol=1e-12)


def test_as_the_paper_has_it_in_the_same_orders(jacobians, monkeypatch):
    for jacobian in jacobians:
        orders = some_orders(len(jacobian))
        monkeypatch.setattr(_pcgrad, "_orders", lambda n_tasks, orders=orders: orders)
        weights = PCGrad().weights(jacobian @ jacobian.T)
        size = np.abs(weights) @ np.linalg.norm(jacobian, axis=1)
        np.testing.assert_allclose(weights @ jacobian, naive(jacobian, orders), atol=1e-9 * size)


def test_permuted_tasks_in_permuted_orders(independent, monkeypatch):
    for jacobian in independent:
        order, orders = np.random.default_rng(0).permutation(len(jacobian)), some_orders(len(jacobian))
        gramian = jacobian @ jacobian.T
        monkeypatch.setattr(_pcgrad, "_orders", lambda n_tasks, orders=orders: orders)
        weights = PCGrad().weights(gramian)
        permuted = np.argsort(order)[orders[order]]
        monkeypatch.setattr(_pcgrad, "_orders", lambda n_tasks, orders=permuted: orders)
        np.testing.assert_allclose(PCGrad().weights(gramian[np.ix_(order, order)]), weights[order], rtol=1e-9)


def test_orders_are_of_the_other_tasks():
    torch.manual_seed(0)
    for _ in range(20):
        for t, order in enumerate(_pcgrad._orders(5)):
            assert sorted(order) == [j for j in range(5) if j != t]


def test_orders_are_all_as_likely_and_pytorchs():
    torch.manual_seed(0)
    draws = np.array([_pcgrad._orders(4) for _ in range(600)])
    # Six orders of three tasks, 100 times each, give or take five standard deviations of 9.
    for t in range(4):
        counts = np.unique(draws[:, t], axis=0, return_counts=True)[1]
        assert len(counts) == 6
        assert (abs(counts - 100) < 45).all()
    torch.manual_seed(0)
    np.testing.assert_array_equal(_pcgrad._orders(4), draws[0])


def test_weights_at_least_1_and_1_without_conflict():
    np.testing.assert_array_equal(PCGrad().weights(np.diag([4.0, 1.0, 1e-8])), np.ones(3))
    # Never projected on itself: that could leave nothing.
    np.testing.assert_array_equal(PCGrad().weights(np.ones((3, 3))), np.ones(3))


def test_zero_gradients_are_passed_over():
    gramian = np.array([[1.0, -0.5, 0], [-0.5, 1, 0], [0, 0, 0]])
    np.testing.assert_allclose(PCGrad().weights(gramian), [1.5, 1.5, 1])
    np.testing.assert_array_equal(PCGrad().weights(np.zeros((2, 2))), [1, 1])


def test_one_task():
    assert PCGrad().weights(np.array([[7.0]])) == pytest.approx([1])
