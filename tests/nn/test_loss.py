import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from torch.nn import functional as F

from skmtl.nn import MultiTaskLoss

COUNTS = [[3], [2, 2, 2], [2, 10, 3, 2, 10], [4, 3, 2]]


def batch(n_classes, n=12, missing=0.3, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.column_stack([rng.integers(k, size=n) for k in n_classes])
    codes[rng.random(codes.shape) < missing] = -1
    codes[0] = 0
    weights = rng.uniform(0.1, 3, codes.shape) * (codes >= 0)
    logits = rng.normal(size=(n, sum(n_classes))) * 3
    return torch.tensor(logits, requires_grad=True), torch.tensor(codes), torch.tensor(weights)


@pytest.mark.parametrize("n_classes", COUNTS)
def test_equals_scikit_learns_log_loss_on_the_labelled_cells(n_classes):
    logits, codes, weights = batch(n_classes)
    losses = MultiTaskLoss(n_classes)(logits, codes, weights)
    for t, task_logits in enumerate(logits.detach().split(n_classes, dim=1)):
        rows = (codes[:, t] >= 0).numpy()
        w = weights[rows, t].numpy()
        proba = torch.softmax(task_logits, 1).numpy()[rows]
        mean = log_loss(codes[rows, t].numpy(), proba, sample_weight=w, labels=range(n_classes[t]))
        # The sum over labelled cells, divided by the batch size.
        np.testing.assert_allclose(losses[t].item(), mean * w.sum() / len(codes), rtol=1e-10)


@pytest.mark.parametrize("n_classes", COUNTS)
def test_values_and_gradients_equal_one_cross_entropy_per_task(n_classes):
    logits, codes, weights = batch(n_classes)
    twin = logits.detach().clone().requires_grad_()
    importance = torch.arange(1.0, len(n_classes) + 1, dtype=torch.float64)
    losses = MultiTaskLoss(n_classes)(logits, codes, weights)
    expected = torch.stack(
        [
            (F.cross_entropy(z, codes[:, t], ignore_index=-1, reduction="none") * weights[:, t]).sum() / len(codes)
            for t, z in enumerate(twin.split(n_classes, dim=1))
        ]
    )
    torch.testing.assert_close(losses, expected, rtol=1e-12, atol=1e-12)
    (losses * importance).sum().backward()
    (expected * importance).sum().backward()
    torch.testing.assert_close(logits.grad, twin.grad, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n_classes", [[2, 3], [3, 3]])
def test_a_task_without_label_in_the_batch_is_exactly_zero(n_classes):
    logits, codes, weights = batch(n_classes)
    codes[:, 1], weights[:, 1] = -1, 0
    losses = MultiTaskLoss(n_classes)(logits, codes, weights)
    assert losses[1].item() == 0
    assert losses[0].item() > 0
    losses.sum().backward()
    assert torch.isfinite(logits.grad).all()
    assert (logits.grad[:, n_classes[0] :] == 0).all()
    assert (logits.grad[:, : n_classes[0]] != 0).any()


def test_a_batch_without_any_label_is_exactly_zero():
    logits, codes, weights = batch([2, 3])
    losses = MultiTaskLoss([2, 3])(logits, torch.full_like(codes, -1), torch.zeros_like(weights))
    losses.sum().backward()
    assert losses.tolist() == [0, 0]
    assert (logits.grad == 0).all()


def test_by_hand():
    # Task 0: p = (1/2, 1/2), label 0, weight 2. Task 1: p = (1/6, 2/6, 3/6), label 2, weight 1. Row 1 unlabelled.
    logits = torch.log(torch.tensor([[1.0, 1, 1, 2, 3], [1, 5, 1, 1, 1]]))
    losses = MultiTaskLoss([2, 3])(logits, torch.tensor([[0, 2], [-1, -1]]), torch.tensor([[2.0, 1], [0, 0]]))
    torch.testing.assert_close(losses, torch.tensor([2 * np.log(2) / 2, np.log(2) / 2], dtype=torch.float32))


def test_mean_over_batches_is_the_loss_of_the_data_set():
    logits, codes, weights = batch([2, 5], n=12)
    loss = MultiTaskLoss([2, 5])
    parts = [loss(logits[i : i + 3], codes[i : i + 3], weights[i : i + 3]) for i in range(0, 12, 3)]
    torch.testing.assert_close(torch.stack(parts).mean(0), loss(logits, codes, weights), rtol=1e-12, atol=1e-12)


def test_huge_logits_stay_finite():
    logits = torch.tensor([[1e4, -1e4]], requires_grad=True)
    loss = MultiTaskLoss([2])(logits, torch.tensor([[1]]), torch.ones(1, 1))
    loss.sum().backward()
    assert loss.item() == 2e4
    assert torch.isfinite(logits.grad).all()
