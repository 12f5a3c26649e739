"""Where gradients of the tasks have no meaning, one error says so before any training."""

import pickle

import numpy as np
import pytest
import torch
from torch import nn
from torchjd.aggregation import NashMTL

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.nn import CGC, MTAN, PLE, ConvTrunk, CrossStitch, MMoE, PretrainedTrunk
from skmtl.weighting import LossWeighting

READERS = {"mgda": {"weighting": "mgda"}, "record_conflicts": {"record_conflicts": True}}


class Half(LossWeighting):
    def weights(self, losses):
        return losses / 2


@pytest.fixture(scope="module")
def digits():
    return load_two_digits(n_samples=60, return_X_y=True)


def make(**params):
    return MultiTaskCNNClassifier(**({"trunk": ConvTrunk(channels=(4,), hidden=(8,)), "max_epochs": 1} | params))


def frozen():
    trunk = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2))
    return PretrainedTrunk(trunk, freeze="all")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"sharing": "none"}, "sharing='none' shares none"),
        ({"sharing": CrossStitch()}, "every task has one of its own: set gradient_level='parameters'"),
        ({"sharing": MMoE()}, "every task has one of its own: set gradient_level='parameters'"),
        ({"trunk": "frozen"}, "the trunk has none to train"),
        ({"trunk": nn.Flatten}, "the trunk has none to train"),
        ({"compile": True, "gradient_level": "parameters"}, "compile=True allows one pass backward"),
        ({"optimizer": torch.optim.LBFGS, "weight_decay": 0}, "LBFGS minimises one loss"),
    ],
)
def test_no_meaning_one_error(digits, reader, params, match):
    params = {**params, "trunk": frozen()} if params.get("trunk") == "frozen" else params
    clf = make(**READERS[reader], **params)
    named = "weighting='mgda'" if reader == "mgda" else "record_conflicts=True"
    with pytest.raises(ValueError, match=match) as caught:
        clf.fit(*digits)
    assert named in str(caught.value)
    assert not hasattr(clf, "net_")


@pytest.mark.parametrize("reader", READERS)
def test_images_of_their_own_have_no_representation_in_common(digits, reader):
    X, _ = digits
    images = {"left": X[:, :, :8], "right": X[:, :, 8:]}
    clf = make(**READERS[reader])
    with pytest.raises(ValueError, match=r"X has images of their own for the tasks.* set gradient_level='parameters'"):
        clf.fit(images, load_two_digits(n_samples=60, return_X_y=True, as_frame=True)[1])


@pytest.mark.parametrize("weighting", [Half(), "random"])
def test_lbfgs_needs_one_loss(digits, weighting):
    params = {"optimizer": torch.optim.LBFGS, "weight_decay": 0}
    with pytest.raises(ValueError, match="use another optimizer, or weighting='equal'"):
        make(weighting=weighting, **params).fit(*digits)


@pytest.mark.parametrize("sharing", [CrossStitch(), MMoE(), CGC(), PLE(), MTAN()], ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("weighting", ["mgda", "pcgrad"])
def test_every_sharing_has_parameters_in_common(digits, sharing, weighting):
    clf = make(sharing=sharing, weighting=weighting, gradient_level="parameters", record_conflicts=True)
    clf.fit(*digits)
    cosine = np.array(clf.history_[-1]["gradient_cosine"])
    assert abs(cosine[0, 1]) > 1e-6
    assert np.diag(cosine) == pytest.approx([1, 1])


def test_inputs_of_their_own_have_parameters_in_common(digits):
    X, _ = digits
    y = load_two_digits(n_samples=60, return_X_y=True, as_frame=True)[1]
    images = {"left": X[:, :, :8], "right": X[:, :, 8:]}
    clf = make(weighting="mgda", gradient_level="parameters", record_conflicts=True).fit(images, y)
    assert abs(clf.history_[-1]["gradient_cosine"][0][1]) > 1e-6
    assert clf.predict(images).shape == (60, 2)


def test_what_reads_no_gradient_is_not_asked(digits):
    assert make(sharing="none", gradient_level="parameters").fit(*digits).n_iter_ == 1
    assert make(sharing=MMoE(), weighting=Half()).fit(*digits).n_iter_ == 1


@pytest.mark.parametrize(
    ("params", "now", "match"),
    [
        ({"sharing": MMoE()}, {"record_conflicts": True}, "every task has one of its own"),
        ({"sharing": "none", "gradient_level": "parameters"}, {"record_conflicts": True}, "shares none"),
        ({"weighting": "mgda", "gradient_level": "parameters"}, {"compile": True}, "compile=True allows one pass"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_no_meaning_in_a_continued_fit_either(digits, params, now, match, method):
    clf = make(**params, warm_start=True)
    getattr(clf, method)(*digits, **({"classes": [range(10)] * 2} if method == "partial_fit" else {}))
    before = clf.predict_proba(digits[0])
    clf.set_params(**now)
    with pytest.raises(ValueError, match=match):
        getattr(clf, method)(*digits)
    np.testing.assert_array_equal(clf.predict_proba(digits[0]), before)


@pytest.mark.parametrize(
    "params",
    [
        {"sharing": CGC(n_shared=0, n_specific=1, shared_stages=0)},
        {"sharing": CGC(), "trunk": "frozen"},
        {"sharing": MMoE(), "trunk": "frozen"},
    ],
)
def test_tasks_that_share_no_trainable_value(digits, params):
    params = {**params, "trunk": frozen()} if params.get("trunk") == "frozen" else params
    clf = make(**params, weighting="mgda", gradient_level="parameters")
    with pytest.raises(ValueError, match="the trunk has none to train"):
        clf.fit(*digits)
    assert clf.fit(digits[0], digits[1][:, 0]).n_iter_ == 1  # a single task need not share


def test_a_copy_is_checked_as_the_original(digits):
    clf = make(weighting="mgda", warm_start=True).fit(*digits)
    copied = pickle.loads(pickle.dumps(clf))
    for model in (clf, copied):
        model.net_.module_.trunk.requires_grad_(False)
        with pytest.raises(ValueError, match="the trunk has none to train"):
            model.fit(*digits)


def test_an_object_for_a_fixed_number_of_tasks_leaves_none_out(digits):
    clf = make(weighting=NashMTL(n_tasks=2), task_weights=[1, 0])
    with pytest.raises(ValueError, match=r"made for a fixed number of tasks.* leave their columns out of y"):
        clf.fit(*digits)
