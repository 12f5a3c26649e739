"""From what a weighting says to the weights of a step."""

import pickle

import numpy as np
import pytest
import torch

from skmtl.weighting import EqualWeighting, GradientAggregator, GramianWeighting, LossWeighting, StepWeights


class Inverse(LossWeighting):
    def weights(self, losses):
        self.losses_ = losses.clone()
        return 1 / losses  # infinite where nothing is known, and none the worse for it

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
    only_active = False

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
    assert weighting.losses_.tolist() == [1, 0, 3]
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
    found = step(torch.tensor([4.0, 0.0]), torch.tensor([True, False]))
    assert weighting.losses_.tolist() == [4, 0]  # nothing known yet
    assert found.tolist() == [1, 1]
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


def test_what_is_known_of_a_task_outlives_a_fit():
    step = StepWeights(Inverse(), torch.ones(2))
    step(torch.tensor([4.0, 2.0]), torch.tensor([True, True]))
    again = StepWeights(Inverse(), torch.ones(2), pickle.loads(pickle.dumps(step)).last)
    again(torch.tensor([1.0, 0.0]), torch.tensor([True, False]))
    assert again.weighting.losses_.tolist() == [1, 2]


def test_the_second_look_has_no_news_of_absent_tasks_and_of_those_turned_off():
    class Twice(Inverse):
        def look_again(self, losses):
            self.again_ = losses.tolist()

    weighting = Twice()
    step = StepWeights(weighting, torch.tensor([1.0, 0.0, 1.0]))
    step.look_again(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([True, True, False]))
    assert weighting.again_ == [1, 0, 0]


def test_a_row_of_the_jacobian_is_zeros_where_the_task_is_turned_off():
    found = weights_of(Rows(), (1.0, 0.0, 1.0), jacobian=torch.tensor([[3.0, 4.0], [9.0, 9.0], [0.0, 15.0]]))
    assert found == pytest.approx([0.75, 0, 2.25])


class Bad(LossWeighting):
    def __init__(self, result):
        self.result = result

    def weights(self, losses):
        return self.result


@pytest.mark.parametrize(
    ("result", "match"),
    [
        (torch.tensor([1.0]), r"Bad.weights must return one weight per task, shape \(2,\). Got shape \(1,\)"),
        (np.ones((2, 1)), r"Got shape \(2, 1\)"),
        (2.0, r"Got shape \(\)"),
        (None, "must return a tensor or an array. Got NoneType"),
        ([np.nan, 1.0], r"must return finite values. Got \[nan, 1.0\]"),
        ([np.inf, 1.0], "must return finite values"),
    ],
)
def test_weights_that_are_none_say_so_in_training_too(result, match):
    with pytest.raises(ValueError, match=match):
        StepWeights(Bad(result), torch.ones(2))(torch.ones(2))


def test_negative_weights_from_losses_count_as_0_and_carry_no_gradient():
    learned = torch.tensor([3.0, -1.0], requires_grad=True)
    found = StepWeights(Bad(learned), torch.ones(2))(torch.ones(2))
    assert found.tolist() == [2, 0]
    assert not found.requires_grad


def test_a_fixed_number_of_weights_where_a_batch_lacks_a_task():
    class Three(GramianWeighting):
        def weights(self, gramian):
            return np.ones(3)

    with pytest.raises(ValueError, match=r"shape \(2,\). Got shape \(3,\) instead. .*set only_active = False"):
        weights_of(Three(), (1.0, 1.0, 1.0), gramian=torch.diag(torch.tensor([1.0, 0.0, 1.0])))


def test_an_aggregator_of_a_wrong_length_or_an_infinite_jacobian():
    class Short(GradientAggregator):
        def aggregate(self, jacobian):
            return jacobian.sum(0)[:1]

    step = StepWeights(Short(), torch.ones(2))
    with pytest.raises(ValueError, match=r"one value per column of the jacobian, shape \(3,\). Got shape \(1,\)"):
        step.aggregate(torch.ones(2, 3))
    assert step.aggregate(torch.tensor([[torch.inf, 1.0], [0.0, 1.0]])).tolist() == [torch.inf, 1]


class Mean(GradientAggregator):
    def aggregate(self, jacobian):
        self.shape_ = tuple(jacobian.shape)
        return jacobian.mean(0)


@pytest.mark.parametrize("only_active", [True, False])
def test_an_aggregator_sees_the_tasks_that_have_a_gradient(only_active):
    weighting = Mean()
    weighting.only_active = only_active
    step = StepWeights(weighting, torch.tensor([1.0, 0.0, 2.0, 3.0]))
    found = step.aggregate(torch.tensor([[3.0, 0.0], [9.0, 9.0], [0.0, 6.0], [0.0, 0.0]]))
    assert weighting.shape_ == ((2, 2) if only_active else (4, 2))
    # As with equal weights: 1/4 of the sum of the gradients times importances 2/3 and 4/3.
    assert found.tolist() == pytest.approx([0.5, 2.0])
    assert step.aggregate(torch.zeros(4, 2)).tolist() == [0, 0]


def test_weights_beyond_single_precision():
    found = weights_of(Signed([1e300, 3e300]), gramian=torch.eye(2))
    assert found == pytest.approx([0.5, 1.5])
    found = weights_of(Bad(torch.tensor([1e-39, 3e-39])))
    assert found == pytest.approx([0.5, 1.5], rel=1e-3)
