from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from skmtl.model_selection import TaskGrouping

LOSSES = np.array([[0.1, 0.2, np.inf], [0.3, np.inf, 0.1], [np.inf, 0.2, np.inf]])


def from_losses(losses=LOSSES):
    return TaskGrouping.from_losses(
        ["a", "b", "c"], [(0, 1), (0, 2), (1,)], losses, np.array([1.0, 2.5, 4.0]), exact=True
    )


def test_every_task_goes_to_its_best_network_and_idle_ones_are_left_out():
    found = from_losses()
    assert found.groups == [("a", "b"), ("a", "c")]
    assert found.assignment == {"a": ("a", "b"), "b": ("a", "b"), "c": ("a", "c")}
    assert found.score == pytest.approx(0.4)
    assert found.cost == 3.5


def test_last_bits_do_not_decide():
    assert from_losses(LOSSES - [[0, 0, 0], [0, 0, 0], [0, 1e-17, 0]]) == from_losses()


def test_equality_and_repr():
    assert from_losses() == from_losses()
    assert from_losses() != from_losses(2 * LOSSES)
    assert repr(from_losses()) == "TaskGrouping(groups=[('a', 'b'), ('a', 'c')], score=0.4, cost=3.5, exact=True)"


def test_print_says_whom_a_group_serves():
    assert str(from_losses()) == "\n".join(
        ["2 groups: score 0.4, cost 3.5, proven optimum", "  a, b", "  a, c  (serves c)"]
    )


def test_cannot_be_changed():
    with pytest.raises(FrozenInstanceError, match="score"):
        from_losses().score = 1
