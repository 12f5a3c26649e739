import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skmtl.weighting import IMTLG, MGDA, AlignedMTL, CAGrad, NashMTL, PCGrad, UPGrad

METHODS = [MGDA(), PCGrad(), CAGrad(), CAGrad(c=1.5), IMTLG(), AlignedMTL(), NashMTL(), UPGrad()]
DETERMINISTIC = [m for m in METHODS if not isinstance(m, PCGrad)]
NON_NEGATIVE = [m for m in METHODS if not isinstance(m, (IMTLG, AlignedMTL))]

every_method = pytest.mark.parametrize("method", METHODS, ids=str)


def size(weights, jacobian):
    """Return the length of the combination if nothing cancelled."""
    return np.abs(weights) @ np.linalg.norm(jacobian, axis=1)


@every_method
def test_finite_whatever_the_gradients(jacobians, method):
    for jacobian in jacobians:
        # Of gradients in single precision as well: eigenvalues of -1e-7 where there should be 0.
        for gramian in (jacobian @ jacobian.T, (jacobian.astype("f4") @ jacobian.astype("f4").T).astype("f8")):
            weights = method.build(len(gramian)).weights(gramian)
            assert weights.shape == (len(jacobian),)
            assert weights.dtype == np.float64
            assert np.isfinite(weights).all()


@pytest.mark.parametrize("method", NON_NEGATIVE, ids=str)
def test_weights_are_not_negative(jacobians, method):
    for jacobian in jacobians:
        assert method.weights(jacobian @ jacobian.T).min() >= 0


@pytest.mark.parametrize("method", DETERMINISTIC, ids=str)
def test_permuted_tasks_have_permuted_weights(independent, method):
    for jacobian in independent:
        order = np.random.default_rng(0).permutation(len(jacobian))
        permuted = method.weights(jacobian[order] @ jacobian[order].T)
        expected = method.weights(jacobian @ jacobian.T)[order]
        np.testing.assert_allclose(permuted, expected, rtol=1e-6, atol=1e-8 * expected.max())


@pytest.mark.parametrize("method", DETERMINISTIC, ids=str)
def test_order_of_tasks_does_not_change_the_shared_gradient(jacobians, method):
    # Where gradients depend on one another, several weights may give it.
    for jacobian in jacobians:
        order = np.random.default_rng(1).permutation(len(jacobian))
        weights, permuted = (method.weights(j @ j.T) for j in (jacobian, jacobian[order]))
        difference = weights @ jacobian - permuted @ jacobian[order]
        assert np.linalg.norm(difference) <= 1e-6 * (size(weights, jacobian) + 1e-300)


@every_method
@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_scale_of_the_losses(full_rank, method, scale):
    # Nash-MTL's weights shrink as gradients grow, a a' G a = 1; the others' do not change.
    factor = scale**-0.5 if isinstance(method, NashMTL) else 1
    for jacobian in full_rank:
        if isinstance(method, PCGrad) and len(jacobian) > 2:
            continue
        gramian = jacobian @ jacobian.T
        weights = method.weights(gramian)
        np.testing.assert_allclose(
            method.weights(gramian * scale), factor * weights, rtol=1e-4, atol=1e-9 * factor * weights.max()
        )


@pytest.mark.parametrize("method", [IMTLG(), NashMTL()], ids=str)
@pytest.mark.parametrize("scale", [1e-8, 1e-3, 1e3, 1e8])
def test_scale_of_one_loss_does_not_change_the_direction(independent, method, scale):
    for jacobian in independent:
        scaled = jacobian * np.where(np.arange(len(jacobian)) == 0, scale, 1)[:, None]
        before, after = (method.weights(j @ j.T) @ j for j in (jacobian, scaled))
        cosine = before @ after / np.linalg.norm(before) / np.linalg.norm(after)
        assert cosine == pytest.approx(1, abs=1e-9)


@every_method
@pytest.mark.parametrize("n_tasks", [2, 4])
def test_scaling_a_gradient_changes_its_weight(method, n_tasks):
    # In conflict: where there is none, PCGrad and UPGrad weight all tasks alike.
    jacobian = np.eye(n_tasks) - 1.1 / n_tasks
    scaled = jacobian * np.r_[1.5, np.ones(n_tasks - 1)][:, None]
    weights = []
    for j in (jacobian, scaled):
        # The same random orders of PCGrad's for both.
        torch.manual_seed(0)
        weights.append(method.weights(j @ j.T))
    before, after = weights
    share = abs(before[0]) / abs(before).sum(), abs(after[0]) / abs(after).sum()
    assert abs(share[0] - share[1]) > 0.01


@pytest.mark.parametrize("method", [MGDA(), UPGrad(), NashMTL(), CAGrad(c=1), CAGrad(c=3)], ids=str)
def test_no_task_gets_worse(jacobians, method):
    for jacobian in jacobians:
        weights = method.weights(jacobian @ jacobian.T)
        lengths = np.linalg.norm(jacobian, axis=1)
        assert (jacobian @ (weights @ jacobian) >= -1e-6 * lengths * size(weights, jacobian)).all()


@pytest.mark.parametrize("method", [PCGrad(), IMTLG(), AlignedMTL()], ids=str)
def test_neither_of_two_tasks_gets_worse(two_tasks, method):
    shared = method.weights(two_tasks.gramian) @ two_tasks.jacobian
    if isinstance(method, AlignedMTL):
        # The promise is for the aligned gradients: orthogonal, so each has the same product with their sum.
        left, _, right = np.linalg.svd(two_tasks.jacobian)
        products = left @ right @ shared
        assert products[0] == pytest.approx(products[1], rel=1e-5)
        assert products[0] > 0
    else:
        assert (two_tasks.jacobian @ shared >= 0).all()


@every_method
def test_fresh_and_stateless(method, golden):
    given = golden.copy()
    assert clone(method).get_params() == method.get_params()
    built = pickle.loads(pickle.dumps(method.build(2)))
    expected = method.weights(golden)
    for _ in range(2):
        np.testing.assert_array_equal(built.weights(golden), expected)
        np.testing.assert_array_equal(golden, given)
    # Any number of tasks: those without a label in the batch are left out.
    assert built.weights(np.eye(1)).shape == (1,)
    assert vars(built) == vars(method)


@pytest.mark.parametrize("method", [m for m in METHODS if not isinstance(m, PCGrad)], ids=str)
def test_rounding_to_single_precision_does_not_decide_the_step(method):
    # As in training: task gradients that depend on one another, and a Gramian of float32.
    for seed in range(20):
        rng = np.random.default_rng(seed)
        jacobian = rng.normal(size=(4, 200))
        jacobian = np.vstack([jacobian, jacobian[0], 0.3 * jacobian[1] + 0.7 * jacobian[2]])
        single = jacobian.astype(np.float32)
        exact, rounded = (
            method.weights(gramian.astype(float)) for gramian in (jacobian @ jacobian.T, single @ single.T)
        )
        steps = exact @ jacobian, rounded @ jacobian
        np.testing.assert_allclose(steps[1], steps[0], atol=1e-3 * np.abs(steps[0]).max())
