"""Batches of one image, and normalisation that needs two values."""

import numpy as np
import pytest
import torch
from torch import nn

ONE_PIXEL = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(4), nn.Flatten())
MATCH = r"cannot be trained on a batch of one image \(Expected more than 1 value .*\): let batches have at least two"


@pytest.fixture
def no_training(monkeypatch):
    def train(*args, **kwargs):
        pytest.fail("training had begun")

    monkeypatch.setattr("skmtl.estimators._base.train", train)


@pytest.mark.usefixtures("no_training")
def test_batches_of_one(make, digits):
    with pytest.raises(ValueError, match=MATCH):
        make(trunk=ONE_PIXEL, batch_size=1).fit(digits.images, digits.codes)


@pytest.mark.usefixtures("no_training")
def test_a_stream_of_single_images(make, digits):
    with pytest.raises(ValueError, match=MATCH):
        make(trunk=ONE_PIXEL).partial_fit(digits.images[:1], digits.codes[:1], classes=[range(4), range(2)])


def test_a_later_chunk_of_one_leaves_the_model_alone(make, digits):
    clf = make(trunk=ONE_PIXEL).partial_fit(digits.images, digits.codes)
    before = {name: value.clone() for name, value in clf.net_.module_.state_dict().items()}
    with pytest.raises(ValueError, match=MATCH):
        clf.partial_fit(digits.images[:1], digits.codes[:1])
    assert all(torch.equal(value, before[name]) for name, value in clf.net_.module_.state_dict().items())
    assert clf.predict(digits.images).shape == (120, 2)


def test_what_needs_one_value_only_trains_on_one(make, digits):
    maps = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Flatten())
    state = torch.random.get_rng_state()
    clf = make(trunk=maps, batch_size=1, max_epochs=1).fit(digits.images[:20], digits.codes[:20])
    assert torch.equal(torch.random.get_rng_state(), state)
    # Not counted: the batch that was tried.
    assert clf.net_.module_.trunk[1].num_batches_tracked == 20
    assert np.isfinite(clf.predict_proba(digits.images)[0]).all()
