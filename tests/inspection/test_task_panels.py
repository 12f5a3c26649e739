import pytest
from matplotlib import pyplot as plt

from skmtl.exceptions import UnlabelledTaskWarning
from skmtl.inspection._task_panels import chosen_tasks, draw_note, warn_no_labels

NAMES = ["left", 5, ("a", "b"), 0]


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [(None, [0, 1, 2, 3]), ("left", [0]), (5, [1]), (0, [3]), (2, [2]), (("a", "b"), [2]), ([5, "left"], [1, 0])],
)
def test_chosen_tasks(tasks, expected):
    assert chosen_tasks(tasks, NAMES) == expected


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([], "tasks is empty: name at least one of"),
        (["left", 5, 1], "tasks names the task 5 twice"),
        (["lefft"], "tasks names the task 'lefft'.*Did you mean 'left'"),
        (1.5, "tasks names the task 1.5, but the tasks are"),
    ],
)
def test_bad_tasks(tasks, message):
    with pytest.raises(ValueError, match=message):
        chosen_tasks(tasks, NAMES)


def test_a_note_is_written_once():
    _, ax = plt.subplots()
    for _ in range(2):
        draw_note(ax, "left", "no labels in y")
    assert [text.get_text() for text in ax.texts] == ["no labels in y"]
    assert (ax.get_title(), ax.get_xticks().tolist()) == ("left", [])


def test_warning_of_no_labels():
    with pytest.warns(UnlabelledTaskWarning, match="Task 5 has no labelled cell of positive weight in y"):
        warn_no_labels(5)
