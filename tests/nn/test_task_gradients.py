"""Every task's gradient, against one backward pass per task."""

import pytest
import torch
from torch import nn

from skmtl.nn import LinearHead, MLPHead, MultiTaskLoss, OrdinalHead, inner_products, task_gradients, through_trunk
from skmtl.nn._heads import Heads
from skmtl.nn._task_gradients import LinearGradients, OwnGradients

N_CLASSES = [3, 2, 4]
HEADS = {
    "linear": [LinearHead()] * 3,
    "mixed": [LinearHead(), MLPHead(hidden=(6,)), OrdinalHead()],
    "mlp": [MLPHead(hidden=(5,))] * 3,
}


def problem(kind, n_features=5, batch=7):
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, n_features)).double()
    heads = Heads(HEADS[kind], n_features, N_CLASSES).double()
    images = torch.randn(batch, 4, dtype=torch.float64)
    codes = torch.stack([torch.randint(k, (batch,)) for k in N_CLASSES], 1)
    codes[0, 1] = codes[3, 2] = -1
    weights = (codes >= 0) * torch.rand(batch, 3, dtype=torch.float64)
    return trunk, heads, images, lambda logits: MultiTaskLoss(N_CLASSES)(logits, codes, weights)


def one_by_one(trunk, heads, images, losses_of, wanted):
    """The gradient of every task with respect to `wanted(features)`, each from a backward pass of its own."""
    rows = []
    for t in range(3):
        features = trunk(images)
        sources = wanted(features)
        parts = torch.autograd.grad(losses_of(heads(features))[t], sources)
        rows.append(torch.cat([part.flatten() for part in parts]))
    return torch.stack(rows)


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("n_features", [5, 1])
def test_representation_gradients_are_those_of_separate_passes(kind, n_features):
    trunk, heads, images, losses_of = problem(kind, n_features)
    expected = one_by_one(trunk, heads, images, losses_of, lambda features: [features])
    features = trunk(images)
    gradients = task_gradients(heads, features)
    assert isinstance(gradients, LinearGradients if kind == "linear" else OwnGradients)
    torch.testing.assert_close(gradients.logits, heads(features))
    gradients.read(losses_of(gradients.logits))
    torch.testing.assert_close(torch.stack(gradients.of_tasks()).flatten(1), expected)
    torch.testing.assert_close(gradients.gramian(), expected @ expected.T)
    weights = torch.tensor([2.0, -1.0, 0.5], dtype=torch.float64)
    torch.testing.assert_close(gradients.combined(weights).flatten(), weights @ expected)


@pytest.mark.parametrize("kind", HEADS)
def test_parameter_gradients_are_those_of_separate_passes(kind):
    trunk, heads, images, losses_of = problem(kind)
    parameters = list(trunk.parameters())
    expected = one_by_one(trunk, heads, images, losses_of, lambda features: parameters)
    features = trunk(images)
    gradients = task_gradients(heads, features)
    gradients.read(losses_of(gradients.logits))
    rows, reached = through_trunk(features, gradients.of_tasks(), parameters)
    assert all(reached)
    torch.testing.assert_close(rows, expected, rtol=0, atol=1e-12)


def test_the_representation_is_flattened_over_the_batch():
    # Summed over the batch before the inner product, as a peer does, two tasks that pull every image in
    # opposite directions may seem to agree.
    heads = Heads([LinearHead()] * 2, 1, [2, 2])
    with torch.no_grad():
        heads.linear.weight.copy_(torch.tensor([[1.0], [-1.0], [1.0], [-1.0]]))
        heads.linear.bias.zero_()
    codes = torch.tensor([[0, 0], [1, 0]])
    gradients = task_gradients(heads, torch.zeros(2, 1))
    gradients.read(MultiTaskLoss([2, 2])(gradients.logits, codes, None))
    # By hand: d loss / d feature is -(1 - p) * 2 / batch = -0.5 for class 0, and 0.5 for class 1.
    torch.testing.assert_close(torch.stack(gradients.of_tasks())[..., 0], torch.tensor([[-0.5, 0.5], [-0.5, -0.5]]))
    torch.testing.assert_close(gradients.gramian(), torch.tensor([[0.5, 0.0], [0.0, 0.5]], dtype=torch.float64))


def test_features_of_their_own_take_parameters_that_one_task_reaches():
    torch.manual_seed(0)
    shared, own = nn.Linear(4, 5), nn.Linear(5, 5)
    heads = Heads([LinearHead(), LinearHead()], 5, [2, 2])
    hidden = shared(torch.randn(3, 4))
    gradients = task_gradients(heads, [hidden, own(hidden)])
    gradients.read(MultiTaskLoss([2, 2])(gradients.logits, torch.tensor([[0, 1], [1, 1], [0, 0]]), None))
    unused = nn.Linear(2, 2)
    parameters = [shared.weight, own.weight, unused.weight]
    rows, reached = through_trunk([hidden, own(hidden)], gradients.of_tasks(), parameters)
    assert reached == [True, True, False]
    assert (rows[0, 20:] == 0).all()
    assert (rows[1, 20:45] != 0).any()
    assert (rows[:, 45:] == 0).all()


def test_a_task_without_labels_has_gradient_zero():
    heads = Heads([LinearHead()] * 2, 3, [2, 2])
    gradients = task_gradients(heads, torch.randn(4, 3))
    codes = torch.tensor([[0, -1]] * 4)
    gradients.read(MultiTaskLoss([2, 2])(gradients.logits, codes, (codes >= 0).float()))
    gramian = gradients.gramian()
    assert gramian[0, 0] > 0
    assert gramian[1].tolist() == [0, 0]


@pytest.mark.parametrize("n_values", [30, 2**20 + 3])
def test_inner_products_have_the_digits_of_the_rows(n_values):
    # Squared in single precision, the difference of the two rows would be lost.
    rows = torch.ones(2, n_values)
    rows[1, -1] += 1e-4
    found = inner_products(rows)
    distance = found[0, 0] - 2 * found[0, 1] + found[1, 1]
    torch.testing.assert_close(distance, (rows[1, -1].double() - 1) ** 2, rtol=1e-3, atol=0)


def test_a_head_that_reads_no_feature_and_a_task_without_trunk():
    class Bias(nn.Module):
        def __init__(self):
            super().__init__()
            self.bias = nn.Parameter(torch.zeros(2))

        def forward(self, features):
            return self.bias.expand(len(features), 2)

    class BiasHead:
        def build(self, n_features, n_classes):
            return Bias()

    heads = Heads([LinearHead(), BiasHead()], 3, [2, 2])
    trunk = nn.Linear(4, 3)
    features = trunk(torch.randn(5, 4))
    gradients = task_gradients(heads, features)
    gradients.read(MultiTaskLoss([2, 2])(gradients.logits, torch.tensor([[0, 1]] * 5), None))
    assert gradients.gramian()[1].tolist() == [0, 0]
    rows, _ = through_trunk([features, torch.randn(5, 3)], gradients.of_tasks(), [trunk.weight])
    assert (rows[0] != 0).any()
    assert (rows[1] == 0).all()
