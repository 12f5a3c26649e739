"""A forward pass that leaves no trace."""

import numpy as np
import pytest
import torch
from torch import nn

from skmtl.nn import ConvTrunk
from skmtl.training._second_look import no_trace, random_state
from skmtl.weighting import LossWeighting

CPU = torch.device("cpu")


class LookAgain(LossWeighting):
    """Equal weights that remember the losses of both looks."""

    looks_again = True

    def weights(self, losses):
        self.first_ = [*getattr(self, "first_", []), losses.clone()]
        return torch.ones_like(losses)

    def look_again(self, losses):
        assert not losses.requires_grad
        self.second_ = [*getattr(self, "second_", []), losses.clone()]


def test_buffers_and_random_numbers_are_as_before():
    torch.manual_seed(0)
    module = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5)).train()
    X = torch.randn(4, 3)
    state = random_state(CPU)
    first = module(X)
    buffers = {name: buffer.clone() for name, buffer in module.named_buffers()}
    following = torch.random.get_rng_state()
    with no_trace(module, CPU, state):
        second = module(X)
    torch.testing.assert_close(second, first.detach())  # the same mask
    assert not second.requires_grad
    assert torch.equal(torch.random.get_rng_state(), following)
    for name, buffer in module.named_buffers():
        assert torch.equal(buffer, buffers[name]), name


def test_they_are_after_an_error_too():
    module, state = nn.BatchNorm1d(3).train(), random_state(CPU)
    torch.rand(1)
    following = torch.random.get_rng_state()

    def fail():
        with no_trace(module, CPU, state):
            module(torch.randn(4, 3))
            raise KeyError("user's")

    with pytest.raises(KeyError, match="user's"):
        fail()
    assert torch.equal(torch.random.get_rng_state(), following)
    assert module.running_mean.tolist() == [0, 0, 0]


def test_looking_again_trains_the_same_model_and_logs_the_same_losses(small, digits):
    # A peer's second forward pass updates the statistics of batch normalisation and counts its losses twice.
    trunk = ConvTrunk(channels=(2,), hidden=(8,), normalization="batch", dropout=0.2)
    plain = small(trunk=trunk).fit(*digits)
    looked = small(trunk=trunk, weighting=LookAgain()).fit(*digits)
    state, expected = looked.net_.module_.state_dict(), plain.net_.module_.state_dict()
    assert any("running" in name for name in state)
    for name, values in state.items():
        torch.testing.assert_close(values, expected[name], rtol=0, atol=1e-9)
    for key in ("train_loss", "task0_train_loss", "task1_train_loss"):
        assert looked.history_[-1][key] == pytest.approx(plain.history_[-1][key])


def test_the_second_look_sees_the_same_batch_after_the_step(small, digits):
    # Dropout draws the same masks both times: what differs is the step's doing alone.
    trunk = ConvTrunk(channels=(2,), hidden=(8,), dropout=0.5)
    still = small(trunk=trunk, weighting=LookAgain(), lr=1e-12, weight_decay=0).fit(*digits).net_.weighting
    for first, second in zip(still.first_, still.second_, strict=True):
        torch.testing.assert_close(first, second, rtol=0, atol=1e-9)
    moved = small(trunk=trunk, weighting=LookAgain(), lr=1e-2, max_epochs=3).fit(*digits).net_.weighting
    falls = [float((a - b).mean()) for a, b in zip(moved.first_, moved.second_, strict=True)]
    assert len(falls) == 9
    assert np.mean(falls) > 0.005


def test_missing_labels_in_the_second_look(small, digits):
    X, y = digits
    y = y.astype(float)
    y[:45, 1] = np.nan
    clf = small(weighting=LookAgain(), batch_size=4).fit(X, y)
    first, second = torch.stack(clf.net_.weighting.first_), torch.stack(clf.net_.weighting.second_)
    assert torch.isfinite(second).all()
    # A batch without a label of the task repeats its last loss; the second look has no news of it.
    repeated = first[1:, 1] == first[:-1, 1]
    assert repeated.any()
    assert (second[1:, 1][repeated] == 0).all()


def test_a_buffer_that_a_layer_replaces_is_as_before():
    class Replacing(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("n", torch.zeros(()))

        def forward(self, x):
            self.n = self.n + 1
            return x

    module = Replacing()
    with no_trace(module, CPU, random_state(CPU)):
        module(torch.ones(1))
    assert module.n == 0
