import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from torch.nn import functional as F

from skmtl.nn import MultiTaskLoss
from skmtl.nn._loss import MANY_TASKS

COUNTS = [
    [3],
    [2, 2, 2],
    [2, 10, 2, 10],
    [2, 10, 3, 2, 10],
    [4, 3, 2],
    [2] * MANY_TASKS,
    [2] * (MANY_TASKS + 3),
    [3, *[2] * MANY_TASKS, 3, 2],
]


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


@pytest.mark.parametrize("n_tasks", [1, MANY_TASKS])
def test_huge_logits_stay_finite(n_tasks):
    logits = torch.tensor([[1e4, -1e4] * n_tasks], requires_grad=True)
    loss = MultiTaskLoss([2] * n_tasks)(logits, torch.ones(1, n_tasks, dtype=torch.int64), torch.ones(1, n_tasks))
    loss.sum().backward()
    assert loss.tolist() == [2e4] * n_tasks
    assert logits.grad.tolist() == [[1, -1] * n_tasks]


@pytest.mark.parametrize("n_classes", COUNTS)
def test_no_weights_are_weights_of_one(n_classes):
    logits, codes, _ = batch(n_classes, missing=0)
    twin = logits.detach().clone().requires_grad_()
    importance = torch.arange(1.0, len(n_classes) + 1, dtype=torch.float64)
    loss = MultiTaskLoss(n_classes)
    plain, ones = loss(logits, codes, None), loss(twin, codes, torch.ones(codes.shape, dtype=torch.float64))
    torch.testing.assert_close(plain, ones, rtol=1e-14, atol=0)
    (plain * importance).sum().backward()
    (ones * importance).sum().backward()
    assert torch.equal(logits.grad, twin.grad)


@pytest.mark.parametrize("missing", ["a task", "all"])
def test_many_two_class_tasks_without_labels_are_exactly_zero(missing):
    n_classes = [2] * MANY_TASKS
    logits, codes, weights = batch(n_classes)
    tasks = slice(3, 4) if missing == "a task" else slice(None)
    codes[:, tasks], weights[:, tasks] = -1, 0
    losses = MultiTaskLoss(n_classes)(logits, codes, weights)
    losses.sum().backward()
    grad = logits.grad.view(len(codes), MANY_TASKS, 2)
    assert (losses[tasks] == 0).all()
    assert (grad[:, tasks] == 0).all()
    assert bool((losses[4:] > 0).all()) == bool((grad[:, 4:] != 0).any()) == (missing == "a task")


@pytest.mark.parametrize(("n_tasks", "softmax"), [(1, True), (MANY_TASKS - 1, True), (MANY_TASKS, False)])
def test_many_two_class_tasks_need_no_softmax(monkeypatch, n_tasks, softmax):
    calls = []
    for name in ("cross_entropy", "binary_cross_entropy_with_logits"):
        function = getattr(F, name)
        monkeypatch.setattr(F, name, lambda *a, f=function, n=name, **k: calls.append(n) or f(*a, **k))
    MultiTaskLoss([2] * n_tasks)(*batch([2] * n_tasks))
    assert calls == ["cross_entropy" if softmax else "binary_cross_entropy_with_logits"]


def test_the_losses_of_a_thousand_tasks_are_one_set_of_operations(monkeypatch):
    calls, cross_entropy = [], F.cross_entropy
    monkeypatch.setattr(F, "cross_entropy", lambda *a, **k: calls.append(1) or cross_entropy(*a, **k))
    n_classes = [3, 5] * 500
    assert MultiTaskLoss(n_classes)(*batch(n_classes, n=2)).shape == (1000,)
    assert len(calls) == 2


@pytest.mark.parametrize("n_classes", COUNTS)
def test_predictions_are_the_most_probable_classes(n_classes):
    logits, _, _ = batch(n_classes)
    predicted = MultiTaskLoss(n_classes).predict(logits)
    expected = [part.argmax(1) for part in logits.split(n_classes, dim=1)]
    assert torch.equal(predicted, torch.stack(expected, 1))


def test_of_equally_probable_classes_the_first_is_predicted():
    assert MultiTaskLoss([2, 3, 2]).predict(torch.tensor([[1.0, 1, 0, 2, 2, 5, 5]])).tolist() == [[0, 1, 0]]


@pytest.mark.parametrize("n_classes", COUNTS)
def test_logits_by_number_of_classes(n_classes):
    logits, _, _ = batch(n_classes)
    loss = MultiTaskLoss(n_classes)
    columns = [column for part in loss.by_size(logits) for column in part.unbind(1)]
    parts = logits.split(n_classes, dim=1)
    assert sorted(loss.tasks.tolist()) == list(range(len(n_classes)))
    assert all(torch.equal(c, parts[t]) for c, t in zip(columns, loss.tasks.tolist(), strict=True))
    assert len(loss.by_size(logits)) == len(set(n_classes))


def test_the_loss_has_nothing_to_save():
    assert not MultiTaskLoss([2, 10, 2]).state_dict()


def median_by_definition(probabilities, ascending):
    """The rank of smallest expected absolute error; of several, the lowest."""
    ranks = np.arange(len(ascending))
    expected = [(probabilities[ascending] * np.abs(ranks - rank)).sum() for rank in ranks]
    return ascending[int(np.argmin(np.round(expected, 12)))]


@pytest.mark.parametrize(
    ("n_classes", "ranks"),
    [
        ([5], [[3, 1, 4, 0, 2]]),
        ([3, 5, 2, 5], [None, [0, 1, 2, 3, 4], None, [4, 2, 0, 1, 3]]),
        ([2, 3], [[1, 0], [2, 1, 0]]),
    ],
)
def test_ordered_classes_predict_the_rank_of_smallest_expected_error(n_classes, ranks):
    logits, _, _ = batch(n_classes, n=200)
    predicted = MultiTaskLoss(n_classes, ranks).predict(logits.detach()).numpy()
    for t, part in enumerate(logits.detach().split(n_classes, dim=1)):
        if ranks[t] is None:
            expected = part.argmax(1).tolist()
        else:
            expected = [median_by_definition(row, ranks[t]) for row in part.softmax(1).numpy()]
        assert predicted[:, t].tolist() == expected


def test_median_by_hand():
    # Rank 0 is the most probable one, rank 1 is never two off.
    logits = torch.log(torch.tensor([[0.4, 0.25, 0.35]]))
    assert MultiTaskLoss([3]).predict(logits).tolist() == [[0]]
    assert MultiTaskLoss([3], [[0, 1, 2]]).predict(logits).tolist() == [[1]]
    # With class 2 between the others, it is that.
    assert MultiTaskLoss([3], [[0, 2, 1]]).predict(logits).tolist() == [[2]]


def test_of_two_medians_the_lower_one_is_predicted():
    logits = torch.tensor([[0.0, 0.0]])
    assert MultiTaskLoss([2], [[0, 1]]).predict(logits).tolist() == [[0]]
    assert MultiTaskLoss([2], [[1, 0]]).predict(logits).tolist() == [[1]]


def test_ranks_change_nothing_but_predictions_and_are_not_saved():
    logits, codes, weights = batch([2, 3, 2])
    ordered = MultiTaskLoss([2, 3, 2], [None, [2, 0, 1], None])
    assert torch.equal(ordered(logits, codes, weights), MultiTaskLoss([2, 3, 2])(logits, codes, weights))
    assert not ordered.state_dict()


def test_no_ordered_task_costs_no_softmax(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "softmax", None)
    logits, _, _ = batch([3, 2])
    assert MultiTaskLoss([3, 2], [None, None]).predict(logits).shape == (12, 2)
