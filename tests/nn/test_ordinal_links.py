import numpy as np
import pytest
import torch
from scipy.special import expit
from torch.nn import functional as F

from skmtl.nn import MultiTaskLoss
from skmtl.nn._ordinal_links import Columns, ContinuationLink, CumulativeLink

PRECISION = [(torch.float32, 1e-6), (torch.float64, 1e-12)]


def corn_loss(logits, ranks):
    """CORN as its paper writes it: binary cross-entropies, each on the subset that has come as far."""
    total, count = 0, 0
    for k in range(logits.shape[1]):
        subset = ranks > k - 1
        further = (ranks[subset] > k).to(logits.dtype)
        total = total + F.binary_cross_entropy_with_logits(logits[subset, k], further, reduction="sum")
        count += int(subset.sum())
    return total, count


def cumulative(n_classes, seed=0):
    """A link of random parameters."""
    generator = torch.Generator().manual_seed(seed)
    link = CumulativeLink(n_classes).double()
    with torch.no_grad():
        for parameter in link.parameters():
            parameter += torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return link


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_continuation_logits_are_conditional_probabilities(n_classes):
    z = np.random.default_rng(0).normal(size=(6, n_classes - 1)) * 2
    probabilities = ContinuationLink()(torch.tensor(z)).exp().numpy()
    for k in range(n_classes - 1):
        further, reached = probabilities[:, k + 1 :].sum(1), probabilities[:, k:].sum(1)
        np.testing.assert_allclose(further / reached, expit(z[:, k]), rtol=1e-12)


def test_continuation_by_hand():
    # On with 1/2, then with 1/4, then with 3/5.
    z = torch.logit(torch.tensor([[1 / 2, 1 / 4, 3 / 5]], dtype=torch.float64))
    expected = torch.tensor([[1 / 2, 1 / 2 * 3 / 4, 1 / 8 * 2 / 5, 1 / 8 * 3 / 5]], dtype=torch.float64)
    torch.testing.assert_close(ContinuationLink()(z).exp(), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("n_classes", [2, 3, 6])
def test_cross_entropy_is_the_corn_loss_but_for_its_normalisation(n_classes):
    z = (torch.randn(20, n_classes - 1, dtype=torch.float64) * 2).requires_grad_()
    twin = z.detach().clone().requires_grad_()
    ranks = torch.arange(20) % n_classes
    loss = MultiTaskLoss([n_classes])(ContinuationLink()(z), ranks[:, None], None)[0]
    total, _ = corn_loss(twin, ranks)
    torch.testing.assert_close(loss, total / 20, rtol=1e-12, atol=0)
    loss.backward()
    (total / 20).backward()
    torch.testing.assert_close(z.grad, twin.grad, rtol=1e-10, atol=1e-14)


def test_the_corn_loss_here_is_that_of_its_authors():
    # coral_pytorch's corn_loss divides by the total size of the subsets: 4 + 3 + 1 here.
    z = torch.zeros(4, 3, dtype=torch.float64)
    total, count = corn_loss(z, torch.tensor([0, 1, 1, 3]))
    assert count == 4 + 3 + 1
    assert total.item() == pytest.approx(count * np.log(2))


@pytest.mark.parametrize("n_classes", [2, 3, 9])
def test_even_logits_give_equal_probabilities(n_classes):
    probabilities = ContinuationLink()(ContinuationLink.even_logits(n_classes)[None]).exp()
    torch.testing.assert_close(probabilities, torch.full((1, n_classes), 1 / n_classes))


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_cumulative_probabilities_are_sigmoids_of_threshold_minus_score(n_classes):
    link, score = cumulative(n_classes), torch.linspace(-4, 4, 9, dtype=torch.float64)[:, None]
    at_most = link(score).exp().cumsum(1)[:, :-1]
    torch.testing.assert_close(at_most, torch.sigmoid(link.thresholds - score), rtol=1e-10, atol=1e-12)
    assert (link.thresholds.diff() > 0).all()
    torch.testing.assert_close(link.thresholds.mean(), link.middle[0])


def test_cumulative_by_hand():
    link = CumulativeLink(3).double()
    with torch.no_grad():
        # Thresholds -log 3 and log 3: sigmoids 1/4 and 3/4.
        link.log_steps.fill_(np.log(2 * np.log(3)))
    score = torch.tensor([[0.0], [np.log(3)]], dtype=torch.float64)
    expected = torch.tensor([[0.25, 0.5, 0.25], [0.1, 0.4, 0.5]], dtype=torch.float64)
    torch.testing.assert_close(link(score).exp(), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("n_classes", [2, 3, 19])
def test_cumulative_starts_with_equal_probabilities(n_classes):
    probabilities = CumulativeLink(n_classes)(torch.zeros(1, 1)).exp()
    torch.testing.assert_close(probabilities, torch.full((1, n_classes), 1 / n_classes))


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISION)
@pytest.mark.parametrize("n_classes", [2, 5, 20])
def test_probabilities_sum_to_one(n_classes, dtype, tolerance):
    generator = torch.Generator().manual_seed(1)
    for scale in (1, 10, 100):
        z = (torch.randn(50, n_classes - 1, generator=generator, dtype=torch.float64) * scale).to(dtype)
        for out in (ContinuationLink()(z), CumulativeLink(n_classes).to(dtype)(z[:, :1])):
            assert (out.exp().sum(1) - 1).abs().max() < tolerance


@pytest.mark.parametrize("score", [-100.0, 0.0, 100.0])
@pytest.mark.parametrize("steps", [-1e4, 0.0, 1e4])
def test_far_scores_and_thresholds_have_finite_logarithms_and_gradients(score, steps):
    link, f = CumulativeLink(5), torch.full((5, 1), score, requires_grad=True)
    with torch.no_grad():
        link.log_steps += steps
    log_probabilities = link(f)
    assert torch.isfinite(log_probabilities).all()
    MultiTaskLoss([5])(log_probabilities, torch.arange(5)[:, None], None).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in [f, *link.parameters()])


def test_far_logits_have_finite_logarithms_and_gradients():
    z = torch.tensor([[100.0, -100, 100, -100], [-100, 100, -100, 100]], requires_grad=True)
    log_probabilities = ContinuationLink()(z)
    assert torch.isfinite(log_probabilities).all()
    MultiTaskLoss([5])(log_probabilities, torch.tensor([[4], [2]]), None).sum().backward()
    assert torch.isfinite(z.grad).all()


@pytest.mark.parametrize("n_classes", [2, 4])
def test_gradients_of_the_links(n_classes):
    z = torch.randn(3, n_classes - 1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(ContinuationLink(), z)
    link = cumulative(n_classes)
    parameters = [p for p in link.parameters() if p.numel()]
    assert torch.autograd.gradcheck(lambda f, *_: link(f), (z[:, :1], *parameters))


def test_columns():
    assert Columns([2, 0, 1])(torch.tensor([[10, 20, 30], [1, 2, 3]])).tolist() == [[30, 10, 20], [3, 1, 2]]
    assert not Columns([1, 0]).state_dict()
