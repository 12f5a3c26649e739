import numpy as np
import pytest

from skmtl.weighting import CAGrad

RADII = [0.2, 0.5, 1.0, 3.0]


@pytest.mark.parametrize("c", RADII)
def test_two_tasks(two_tasks, c):
    first, second = two_tasks.jacobian
    mean, radius = (first + second) / 2, c * np.linalg.norm(first + second) / 2
    # Where both tasks are as badly off, the direction is normal to the difference of the gradients, and as far
    # along as the ball allows.
    difference = (first - second) / np.linalg.norm(first - second)
    normal = np.array([-difference[1], difference[0]])
    normal *= np.sign(normal @ first)
    along = mean @ normal + np.sqrt(max(radius**2 - (mean @ difference) ** 2, 0))
    expected = np.linalg.solve(two_tasks.jacobian.T, along * normal)
    if radius < abs(mean @ difference) or expected.min() < 0.5:
        # One task is worse off all over the ball: it gets the whole radius.
        shorter = np.argmin([first @ mean + radius * two_tasks.a, second @ mean + radius * two_tasks.b])
        expected = np.full(2, 0.5)
        expected[shorter] += radius / [two_tasks.a, two_tasks.b][shorter]
    np.testing.assert_allclose(CAGrad(c=c).weights(two_tasks.gramian), expected, rtol=1e-6)


@pytest.mark.parametrize("c", RADII)
def test_best_in_the_ball_for_the_task_worst_off(jacobians, c):
    for jacobian in jacobians:
        mean, lengths = jacobian.mean(axis=0), np.linalg.norm(jacobian, axis=1)
        radius = c * np.linalg.norm(mean)
        weights = CAGrad(c=c).weights(jacobian @ jacobian.T)
        if not weights.any() or radius <= 1e-9 * lengths.max():
            # No direction in the ball improves all tasks: 0 is the least that a mixture's objective can be.
            mixtures = np.random.default_rng(0).dirichlet(np.full(len(jacobian), 0.3), 500) @ jacobian
            assert (mixtures @ mean + radius * np.linalg.norm(mixtures, axis=1) >= -1e-9 * lengths.max() ** 2).all()
            continue
        worst = weights - 1 / len(weights)
        assert worst.min() >= -1e-12
        shared = weights @ jacobian
        size = weights @ lengths
        # On the ball's surface, and no task is worse off than the mixture to which the surface is normal.
        assert np.linalg.norm(shared - mean) == pytest.approx(radius, abs=1e-6 * size)
        mixture = (worst / worst.sum()) @ (jacobian @ shared)
        assert (jacobian @ shared >= mixture - 1e-6 * lengths * size).all()


def test_better_for_the_task_worst_off_than_the_mean_or_any_other_in_the_ball(independent):
    rng = np.random.default_rng(0)
    for jacobian in independent:
        mean = jacobian.mean(axis=0)
        shared = CAGrad(c=0.5).weights(jacobian @ jacobian.T) @ jacobian
        others = rng.standard_normal((500, len(mean)))
        others *= 0.5 * np.linalg.norm(mean) / np.linalg.norm(others, axis=1, keepdims=True)
        others = np.vstack([mean, mean + others, mean + rng.random((500, 1)) * others])
        assert (jacobian @ shared).min() >= (others @ jacobian.T).min(axis=1).max() - 1e-7 * (mean @ mean)


def test_mean_loss_decreases_below_1(independent):
    # The paper's section 3: the direction makes an acute angle with the mean gradient.
    for jacobian in independent:
        mean = jacobian.mean(axis=0)
        shared = CAGrad(c=0.9).weights(jacobian @ jacobian.T) @ jacobian
        assert mean @ shared >= (1 - 0.9 - 1e-9) * (mean @ mean)


def test_c_0_is_the_mean(golden):
    np.testing.assert_array_equal(CAGrad(c=0).weights(golden), [0.5, 0.5])


@pytest.mark.parametrize("c", [0.5, 2])
def test_no_step_where_a_mixture_vanishes(c):
    # The third task improves with the mean, the opposed ones cannot both.
    opposed = np.array([[1.0, 0], [-1, 0], [0, 1]])
    np.testing.assert_array_equal(CAGrad(c=c).weights(opposed @ opposed.T), np.zeros(3))
    np.testing.assert_array_equal(CAGrad(c=c).weights(np.diag([1.0, 0.0])), np.zeros(2))


def test_a_zero_gradient_does_not_end_a_conflict_that_matters_more():
    # Mean (.45, 0, 0), radius .045: the second task's product is at best .45 * -.1 + .045 * .1 < 0, the zero task's 0.
    jacobian = np.array([[1.45, 0.0], [-0.1, 0.0], [0.0, 0.0]])
    weights = CAGrad(c=0.1).weights(jacobian @ jacobian.T)
    np.testing.assert_allclose(weights, np.array([1, 1 + 3 * 0.045 / 0.1, 1]) / 3)


def test_mean_of_zero_is_equal_weights():
    np.testing.assert_array_equal(CAGrad().weights(np.array([[1.0, -1], [-1, 1]])), [0.5, 0.5])
    np.testing.assert_array_equal(CAGrad().weights(np.zeros((4, 4))), np.full(4, 0.25))


@pytest.mark.parametrize("c", RADII)
def test_one_task(c):
    np.testing.assert_allclose(CAGrad(c=c).weights(np.array([[1e-8]])), [1 + c])


@pytest.mark.parametrize("c", [-0.1, float("nan"), float("inf"), "0.5", None])
def test_radius_out_of_range(c):
    with pytest.raises(ValueError, match=r"The 'c' parameter of CAGrad must be a float in the range \[0.0, inf\)"):
        CAGrad(c=c).build(2)
