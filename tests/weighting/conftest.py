import numpy as np
import pytest


def _random(n_tasks, rank, seed=0):
    """Return a jacobian of gradients in 12 dimensions; the lower its rank, the more they conflict."""
    rng = np.random.default_rng([seed, n_tasks, rank])
    return rng.standard_normal((n_tasks, rank)) @ rng.standard_normal((rank, 12)) / np.sqrt(12 * rank)


def _scaled(jacobian, scale, tasks=slice(None)):
    jacobian = jacobian.copy()
    jacobian[tasks] *= scale
    return jacobian


def _conflicting(n_tasks):
    """Return gradients any two of which have the cosine -.9 / (n_tasks - 1), and different lengths."""
    mean = np.full((n_tasks, n_tasks), 1 / n_tasks)
    cosine = -0.9 / (n_tasks - 1)
    root = np.sqrt(1 - cosine) * (np.eye(n_tasks) - mean) + np.sqrt(1 + (n_tasks - 1) * cosine) * mean
    return root * np.linspace(1, 2, n_tasks)[:, None]


def _opposed(n_tasks):
    """Return random gradients of which the last is minus the mean of the others: no step improves all."""
    jacobian = _random(n_tasks, n_tasks)
    jacobian[-1] = -jacobian[:-1].mean(axis=0)
    return jacobian


# Full row rank, and no cosine beyond .999.
INDEPENDENT = {
    "random": [_random(t, t, seed) for t in (2, 3, 5, 10) for seed in range(3)],
    "conflicting": [_conflicting(t) for t in (2, 3, 8)],
    "orthogonal": [np.diag([1.0, 2.0]), np.diag([3.0, 0.5, 1.0])],
    "gramian-1e-8": [_scaled(_random(t, t), 1e-4) for t in (2, 3, 5, 10)],
    "gramian-1e8": [_scaled(_random(t, t), 1e4) for t in (2, 3, 5, 10)],
    "one-task": [_scaled(_random(1, 1), s) for s in (1e-8, 1, 1e8)],
}
# One gradient short or long: independent, but no longer for a solver that reads the Gramian's eigenvalues.
UNEVEN = {
    f"one-gradient-{s:g}": [_scaled(_random(t, t, seed), s, 0) for t in (2, 3, 5, 10) for seed in range(2)]
    for s in (1e-8, 1e-4, 1e4, 1e8)
}
DEPENDENT = {
    "low-rank": [_random(t, r) for t in (2, 3, 4, 10) for r in range(1, t)],
    "low-rank-1e-8": [_scaled(_random(4, r), 1e-4) for r in (1, 2, 3)],
    "low-rank-1e8": [_scaled(_random(4, r), 1e4) for r in (1, 2, 3)],
    "repeated": [_random(3, 3)[[0, 0, 1, 2]], np.ones((3, 2))],
    "opposed": [np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([[1.0, 0.0], [-2.0, 0.0]]), _opposed(3), _opposed(5)],
    "zero-gradient": [_scaled(_random(t, t, seed), 0, seed) for t in (2, 3, 5) for seed in range(2)],
    "all-zero": [np.zeros((t, 3)) for t in (1, 2, 5)],
}
FAMILIES = INDEPENDENT | UNEVEN | DEPENDENT


@pytest.fixture(params=INDEPENDENT)
def independent(request):
    """Jacobians of linearly independent gradients, a named family at a time."""
    return INDEPENDENT[request.param]


@pytest.fixture(params=INDEPENDENT | UNEVEN)
def full_rank(request):
    """Those, and with one gradient much shorter or longer than the others."""
    return FAMILIES[request.param]


@pytest.fixture(params=FAMILIES)
def jacobians(request):
    """Jacobians of any kind, a named family at a time."""
    return FAMILIES[request.param]


class TwoTasks:
    """Two gradients of norms a and b and the cosine c."""

    def __init__(self, a, b, c):
        self.a, self.b, self.c = a, b, c
        self.jacobian = np.array([[a, 0.0], [b * c, b * np.sqrt(1 - c**2)]])
        self.gramian = np.array([[a * a, a * b * c], [a * b * c, b * b]])


@pytest.fixture(
    params=[
        (1, 1, 0.5),
        (1, 1, -0.5),
        (2, 1, -0.3),
        (1, 3, -0.9),
        (3, 0.5, 0),
        (1, 2, 0.9),
        (1e-4, 1, -0.6),
        (1, 1e4, 0.3),
    ]
)
def two_tasks(request):
    """Two gradients of known norms and cosine, for the formulas one finds by hand."""
    return TwoTasks(*request.param)


@pytest.fixture
def golden():
    """The Gramian of METHODS.md's reference vectors, and of TorchJD's own tests."""
    jacobian = np.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])
    return jacobian @ jacobian.T
