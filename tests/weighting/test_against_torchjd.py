"""TorchJD as the oracle: the same weights where they are unique, the same shared gradient everywhere.

Where TorchJD is not exact the reason stands beside the test; the optimality conditions, which need no oracle, are then
checked on all families in the method's own file.
"""

import functools

import cvxpy
import numpy as np
import pytest
import torch
from torchjd import aggregation as tj
from torchjd.linalg import QuadprogProjector

from skmtl.weighting import IMTLG, MGDA, AlignedMTL, CAGrad, NashMTL, PCGrad, UPGrad

TOLERANCE = 1e-4


def theirs(weighting, jacobian):
    return weighting(torch.tensor(jacobian @ jacobian.T)).numpy()


def rank(jacobian):
    return np.linalg.matrix_rank(jacobian)


def assert_agree(jacobian, ours, expected):
    # Relative to the combination if nothing cancelled: at a Pareto-stationary point there is nothing else.
    size = max(np.abs(w) @ np.linalg.norm(jacobian, axis=1) for w in (ours, expected))
    assert np.linalg.norm((ours - expected) @ jacobian) <= TOLERANCE * size
    if rank(jacobian) == len(jacobian):
        np.testing.assert_allclose(ours, expected, rtol=TOLERANCE, atol=TOLERANCE * np.abs(expected).max())


def evenness(jacobian):
    """Return the ratio of the shortest to the longest gradient, zeros left out."""
    lengths = np.linalg.norm(jacobian, axis=1)
    return lengths[lengths > 0].min() / lengths.max() if lengths.any() else 1


def has_digits_enough(jacobian):
    """Return whether TorchJD, which takes the rank of the Gramian from its eigenvalues, finds that of the gradients.

    Those of ratio 1e-8 have squares of ratio 1e-16, which it takes for 0; and of gradients that depend on one another,
    rounding, which is not the same on every machine, may leave an eigenvalue that it takes for more.
    """
    gramian = torch.tensor(jacobian @ jacobian.T)
    found = (torch.linalg.eigvalsh(gramian) > gramian.diagonal().max() * 1e-12).sum() if jacobian.any() else 0
    clear = torch.linalg.matrix_rank(gramian, hermitian=True) == found
    return evenness(jacobian) > 1e-7 and found == rank(jacobian) and clear


def test_imtl_g_where_the_gramian_has_digits_enough_for_its_pseudo_inverse(jacobians):
    for jacobian in filter(has_digits_enough, jacobians):
        # TorchJD divides by the sum of the weights, and so steps against all tasks where it is negative.
        ours = IMTLG().weights(jacobian @ jacobian.T)
        ours = ours * np.sign(ours.sum())
        assert_agree(jacobian, ours, theirs(tj.IMTLGWeighting(), jacobian))


def test_aligned_mtl_where_the_gramian_has_digits_enough_for_its_eigenvalues(jacobians):
    # TorchJD takes the mean of the aligned gradients where we take the sum.
    for jacobian in filter(has_digits_enough, jacobians):
        ours = AlignedMTL().weights(jacobian @ jacobian.T)
        assert_agree(jacobian, ours, len(jacobian) * theirs(tj.AlignedMTLWeighting(), jacobian))


def test_upgrad_without_its_regularisation(jacobians):
    # TorchJD's defaults add 1e-4 of the trace to the diagonal and take Gramians of trace 1e-4 for 0; 1e-12 is the
    # least its solver bears. That is not little beside a gradient 1e-4 times the others.
    weighting = tj.UPGradWeighting(projector=QuadprogProjector(norm_eps=0, reg_eps=1e-12))
    for jacobian in filter(lambda j: j.any() and evenness(j) > 1e-3, jacobians):
        ours = UPGrad().weights(jacobian @ jacobian.T)
        assert_agree(jacobian, ours, theirs(weighting, jacobian))


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")  # it cannot be told tighter ones are met
@pytest.mark.parametrize("c", [0.5, 1.5])
def test_cagrad_with_a_tight_solver(jacobians, c, monkeypatch):
    # As TorchJD sets it, CLARABEL stops at a relative gap of 1e-8, some 1e-4 in the weights; and it knows no mixture
    # shorter than norm_eps times the gradients, which for uneven ones is no small mixture.
    tight = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), 1e-13)
    monkeypatch.setattr(cvxpy.Problem, "solve", functools.partialmethod(cvxpy.Problem.solve, **tight))
    weighting = tj.CAGradWeighting(c=c, norm_eps=1e-5)
    for jacobian in filter(lambda j: evenness(j) > 1e-3, jacobians):
        # Of a length for which norm_eps is relative.
        unit = jacobian / (np.linalg.norm(jacobian) or 1)
        assert_agree(unit, CAGrad(c=c).weights(jacobian @ jacobian.T), theirs(weighting, unit))


def test_pcgrad_of_two_tasks(jacobians):
    # Of more, the order is random; test_pcgrad.py has the algorithm in given orders.
    for jacobian in filter(lambda j: len(j) <= 2, jacobians):
        ours = PCGrad().weights(jacobian @ jacobian.T)
        np.testing.assert_allclose(ours, theirs(tj.PCGradWeighting(), jacobian), rtol=1e-6)


def test_pcgrad_on_average_over_orders():
    jacobian = np.array([[1.0, 0.0, 0.0], [-0.5, 1.0, 0.0], [-0.3, -1.0, 0.5]])
    torch.manual_seed(0)
    gramian = jacobian @ jacobian.T
    ours = np.mean([PCGrad().weights(gramian) for _ in range(500)], axis=0)
    expected = np.mean([theirs(tj.PCGradWeighting(), jacobian) for _ in range(500)], axis=0)
    np.testing.assert_allclose(ours, expected, rtol=0.02)


def test_mgda_never_longer_than_their_best_and_equal_where_theirs_converges(jacobians):
    # Frank-Wolfe's error falls with the number of steps only: after 1000 the combination may be 1 % too long.
    weighting = tj.MGDAWeighting(epsilon=1e-12, max_iters=1000)
    for jacobian in jacobians:
        ours, expected = MGDA().weights(jacobian @ jacobian.T), theirs(weighting, jacobian)
        length, their_length = (np.linalg.norm(w @ jacobian) for w in (ours, expected))
        size = ours @ np.linalg.norm(jacobian, axis=1)
        assert length <= their_length * (1 + 1e-9) + 1e-7 * size
        # By convexity, for a combination this much longer than the shortest; with no slack for T = 2.
        slack = np.sqrt(max(their_length**2 - length**2, 0)) * (len(jacobian) > 2)
        assert np.linalg.norm((ours - expected) @ jacobian) <= slack * (1 + TOLERANCE) + TOLERANCE * size
        if len(jacobian) <= 2 and rank(jacobian) == len(jacobian):
            np.testing.assert_allclose(ours, expected, atol=TOLERANCE)


@pytest.mark.filterwarnings("ignore:You are solving a parameterized problem that is not DPP")
def test_nash_mtl_of_few_tasks_and_unit_gradients(independent):
    # Theirs stops at absolute errors, fails beyond some five tasks, and has no answer for one task or dependent
    # gradients; the weights for unit gradients are those of all lengths, up to the lengths.
    for jacobian in filter(lambda j: 2 <= len(j) <= 5, independent):
        lengths = np.linalg.norm(jacobian, axis=1)
        units = jacobian / lengths[:, None]
        aggregator = tj.NashMTL(n_tasks=len(jacobian), max_norm=0, optim_niter=100)
        expected = aggregator.weighting(torch.tensor(units)).numpy()
        ours = NashMTL().weights(jacobian @ jacobian.T) * lengths
        np.testing.assert_allclose(ours, expected, rtol=TOLERANCE)
