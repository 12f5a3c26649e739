import numpy as np
import pytest
import torch
import torchjd.aggregation as tj

from skmtl.weighting import WEIGHTINGS, CAGrad, EqualWeighting, GramianWeighting, gramian_weights

NAMES = ["mgda", "pcgrad", "cagrad", "imtl-g", "aligned-mtl", "nash-mtl", "upgrad"]
LOSSES_TOO = sorted(set(WEIGHTINGS) - set(NAMES))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mgda", [0.6, 0.4]),
        ("pcgrad", [2.22222, 1.57895]),
        ("imtl-g", [0.59233, 0.40767]),
        ("cagrad", [0.70412, 0.5]),
        ("aligned-mtl", [1.11814, 0.81652]),
        ("nash-mtl", [0.59146, 0.40707]),
        ("upgrad", [1.11111, 0.78947]),
    ],
)
def test_golden_values_by_name(golden, name, expected):
    weights = gramian_weights(name, golden.tolist())
    assert isinstance(weights, np.ndarray)
    np.testing.assert_allclose(weights, expected, atol=1e-5)
    np.testing.assert_allclose(gramian_weights(WEIGHTINGS[name](), golden), expected, atol=1e-5)


def test_torchjd_objects(golden):
    for method in (tj.UPGrad(), tj.UPGradWeighting()):
        np.testing.assert_allclose(gramian_weights(method, golden), [1.11093, 0.78967], atol=1e-3)
    np.testing.assert_allclose(gramian_weights(tj.IMTLG(), golden), [0.59233, 0.40767], atol=1e-5)


def test_the_users_own():
    class Diagonal(GramianWeighting):
        def weights(self, gramian):
            return np.diag(gramian)

    np.testing.assert_array_equal(gramian_weights(Diagonal(), [[2, 0], [0, 3]]), [2, 3])


def test_random_state():
    jacobian = np.eye(6) - 0.25
    gramian = jacobian @ jacobian.T * np.outer(np.arange(1, 7), np.arange(1, 7))
    first, second = gramian_weights("pcgrad", gramian, random_state=0), gramian_weights("pcgrad", gramian, 1)
    np.testing.assert_array_equal(gramian_weights("pcgrad", gramian, np.random.RandomState(0)), first)
    assert not np.allclose(first, second)


def test_global_random_state_is_left_alone():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    gramian_weights("pcgrad", np.eye(3), random_state=5)
    assert torch.rand(1) == expected


def test_what_is_given_is_left_alone(golden):
    spec, given = CAGrad(c=0.3), golden.copy()
    gramian_weights(spec, golden)
    np.testing.assert_array_equal(golden, given)
    assert vars(spec) == {"c": 0.3}


@pytest.mark.parametrize("name", LOSSES_TOO)
def test_methods_that_read_losses(name):
    with pytest.raises(ValueError, match=r"method must be a function of the Gramian alone, but .* reads .*losses") as e:
        gramian_weights(name, np.eye(2))
    assert all(repr(known) in str(e.value) for known in NAMES)


@pytest.mark.parametrize(
    ("method", "error", "match"),
    [
        ("mdga", ValueError, "Did you mean 'mgda'"),
        (EqualWeighting(), ValueError, r"but EqualWeighting\(\) reads losses"),
        (CAGrad, TypeError, r"Pass an instance, CAGrad\(\)"),
        (CAGrad(c=-1), ValueError, "The 'c' parameter of CAGrad must be"),
        (3, TypeError, "Got 3 instead"),
    ],
)
def test_what_is_no_method(method, error, match):
    with pytest.raises(error, match=match):
        gramian_weights(method, np.eye(2))


@pytest.mark.parametrize(
    ("gramian", "match"),
    [
        ([[1.0, 2.0]], r"one row and one column per task.*Got shape \(1, 2\)"),
        ([1.0, 2.0], r"Got shape \(2,\)"),
        (np.zeros((0, 0)), r"at least one of each.*Got shape \(0, 0\)"),
        ([[1.0, 0.0], [0.0]], "must be an array of real numbers"),
        ([["a", "b"], ["c", "d"]], "must be an array of real numbers"),
        ([[1.0, np.nan], [np.nan, 1.0]], "must be finite"),
        ([[1.0, 0.5], [0.0, 1.0]], "must be symmetric. It differs from its transpose by up to 0.5"),
        ([[1.0, 2.0], [2.0, 1.0]], "must be positive semi-definite.*Got the eigenvalue -1"),
    ],
)
def test_what_is_no_gramian(gramian, match):
    with pytest.raises(ValueError, match=match):
        gramian_weights("mgda", gramian)


def test_single_precision_is_good_enough():
    jacobian = np.random.default_rng(0).standard_normal((6, 3)).astype("f4")
    assert np.isfinite(gramian_weights("nash-mtl", torch.tensor(jacobian @ jacobian.T))).all()
