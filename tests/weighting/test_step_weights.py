"""From what a weighting says to the weights of a step."""

import numpy as np
import pytest
import torch

from skmtl.weighting import EqualWeighting, GradientAggregator, GramianWeighting, LossWeighting, StepWeights


class Inverse(LossWeighting):
    def weights(self, losses):
        self.losses_ = losses.clone()
        return 1 / losses

    def end_epoch(self, losses):
        self.epoch_ = losses.clone()


class Signed(GramianWeighting):
    """The given values, one per task that has a say."""

    def __init__(self, values):
        self.values = values

    def weights(self, gramian):
        self.gramian_ = gramian.copy()
        return np.asarray(self.values, dtype=float)[: len(gramian)]


class Whole(GramianWeighting):
    """An entry per task, whether it has a say or not."""

    reads = ("gramian", "losses")
    only_seen = False

    def weights(self, gramian, losses):
        self.gramian_, self.losses_ = gramian.copy(), losses.clone()
        return np.diag(gramian) + 1.0


class Rows(LossWeighting):
    reads = ("jacobian",)

    def weights(self, jacobian):
        return jacobian.norm(dim=1)


class Sum(GradientAggregator):
    def aggregate(self, jacobian):
        return jacobian.sum(0)


class OldDuck:
    """The protocol as it was: nothing but weights(losses)."""

    def weights(self, losses):
        return losses


def weights_of(weighting, importance=(1.0, 1.0), **statistics):
    step = StepWeights(weighting, torch.tensor(importance))
    statistics = {"losses": torch.ones(len(importance))} | statistics
    return step(**statistics).tolist()


@pytest.mark.parametrize(
    ("importance", "expected"),
    [((1.0, 1.0), [1.6, 0.4]), ((1.0, 4.0), [1.0, 1.0]), ((2.0, 8.0), [1.0, 1.0]), ((0.0, 1.0), [0.0, 2.0])],
)
def test_importances_multiply_and_the_product_averages_one(importance, expected):
    found = weights_of(Inverse(), importance, losses=torch.tensor([0.5, 2.0]))
    assert found == pytest.approx(expected)
    assert weights_of(Signed([4.0, 1.0]), importance, gramian=torch.eye(2)) == pytest.approx(expected)


@pytest.mark.parametrize("values", [(5.0, -4.0), (-4.0, 5.0)])
def test_weights_of_both_signs_average_one_in_absolute_value(values):
    # Their sum may be as small as one likes; dividing by it would make the step as large as one likes.
    found = weights_of(Signed(values), gramian=torch.eye(2))
    assert found == pytest.approx([values[0] / 4.5, values[1] / 4.5])


def test_weights_that_are_all_zero_stay_so():
    assert weights_of(Signed([0.0, 0.0]), gramian=torch.eye(2)) == [0, 0]


def test_a_task_without_a_gradient_has_no_say_and_the_others_share_their_part():
    weighting = Signed([3.0, 1.0])
    found = weights_of(weighting, (1.0, 1.0, 1.0), gramian=torch.diag(torch.tensor([2.0, 0.0, 8.0])))
    assert weighting.gramian_.tolist() == [[2, 0], [0, 8]]
    assert found == pytest.approx([1.5, 1.0, 0.5])


def test_a_task_that_is_turned_off_has_no_say():
    weighting = Signed([3.0, 1.0])
    gramian = torch.tensor([[2.0, 1.0, 1.0], [1.0, 4.0, 1.0], [1.0, 1.0, 8.0]])
    assert weights_of(weighting, (1.0, 0.0, 1.0), gramian=gramian) == pytest.approx([2.25, 0.0, 0.75])
    assert weighting.gramian_.tolist() == [[2, 1], [1, 8]]


def test_state_with_an_entry_per_task_sees_all_of_them():
    weighting = Whole()
    gramian = torch.tensor([[2.0, 1.0, 1.0], [1.0, 4.0, 1.0], [1.0, 1.0, 8.0]])
    found = weights_of(weighting, (1.0, 0.0, 1.0), gramian=gramian, losses=torch.tensor([1.0, 2.0, 3.0]))
    assert weighting.gramian_.tolist() == [[2, 0, 1], [0, 0, 0], [1, 0, 8]]
    assert weighting.losses_.tolist() == [1, 1, 3]  # a task turned off has a loss of 1, whatever becomes of it
    assert found == pytest.approx([3 * 3 / 12, 0, 3 * 9 / 12])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gramian_that_has_overflowed_says_nothing(value):
    weighting = Signed([3.0, 1.0])
    assert weights_of(weighting, (1.0, 3.0), gramian=torch.tensor([[value, 0.0], [0.0, 1.0]])) == [0.5, 1.5]
    assert not hasattr(weighting, "gramian_")


def test_no_task_has_a_gradient():
    assert weights_of(Signed([3.0, 1.0]), (1.0, 3.0), gramian=torch.zeros(2, 2)) == [0.5, 1.5]


def test_weights_from_the_jacobian():
    found = weights_of(Rows(), (1.0, 2.0), jacobian=torch.tensor([[3.0, 4.0], [0.0, 5.0]]))
    assert found == pytest.approx([2 / 3, 4 / 3])


def test_an_aggregator_gets_gradients_times_importances():
    step = StepWeights(Sum(), torch.tensor([1.0, 3.0]))
    assert step(torch.ones(2)).tolist() == [0.5, 1.5]
    assert step.aggregate(torch.tensor([[1.0, 0.0], [0.0, 1.0]])).tolist() == [0.5, 1.5]


def test_a_task_without_a_label_keeps_its_last_loss():
    weighting = Inverse()
    step = StepWeights(weighting, torch.ones(2))
    step(torch.tensor([4.0, 0.0]), torch.tensor([True, False]))
    assert weighting.losses_.tolist() == [4, 4]  # nothing known yet: the others' mean
    step(torch.tensor([4.0, 2.0]), torch.tensor([True, True]))
    found = step(torch.tensor([1.0, 0.0]), torch.tensor([True, False]))
    assert weighting.losses_.tolist() == [1, 2]
    assert found.tolist() == pytest.approx([4 / 3, 2 / 3])


def test_epochs_are_passed_on_and_not_missed_by_older_objects():
    weighting = Inverse()
    StepWeights(weighting, torch.ones(2)).end_epoch([0.25, 0.5])
    assert weighting.epoch_.tolist() == [0.25, 0.5]
    step = StepWeights(OldDuck(), torch.ones(2))
    step.end_epoch([0.25, 0.5])
    assert step(torch.tensor([1.0, 3.0])).tolist() == [0.5, 1.5]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_weights_have_the_type_of_the_losses(dtype):
    step = StepWeights(Signed([3.0, 1.0]), torch.ones(2, dtype=dtype))
    assert step(torch.ones(2, dtype=dtype), gramian=torch.eye(2, dtype=dtype)).dtype == dtype
    step = StepWeights(EqualWeighting(), torch.ones(2, dtype=dtype))
    assert step(torch.ones(2, dtype=dtype)).dtype == dtype
