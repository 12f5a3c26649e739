"""The text of ``multi_task_report``, in the manner of ``classification_report``."""

import numpy as np

__all__ = ["render"]

_COLUMNS = ("precision", "recall", "f1", "support")


def render(tasks, digits):
    """Return the text of all tasks.

    Parameters
    ----------
    tasks : list of dict
        A task's ``name``, its columns of the report's frame (lists), its ``accuracy`` and
        its ``macro`` precision, recall and F1.
    digits : int
        Decimals.

    Returns
    -------
    str
    """
    names = [str(label) for task in tasks for label in task["class"]]
    width = max(map(len, [*names, "macro avg"])) + 2
    lines = [" " * width + "".join(f"{c:>11}" for c in _COLUMNS)]
    for task in tasks:
        lines += ["", *_task_lines(task, width, digits)]
    if len(tasks) > 1:
        lines += ["", *_mean_lines(tasks, width, digits)]
    return "\n".join(lines)


def _task_lines(task, width, digits):
    total = sum(task["support"])
    missing = f"  ({task['missing'][0]} missing)" if task["missing"][0] else ""
    yield f"{task['name']}{missing}"
    if task["class"] == [None]:
        yield f"{task.get('why', 'no label'):>{width}}"
        return
    for label, *scores, support in zip(task["class"], *(task[c] for c in _COLUMNS), strict=True):
        yield _line(str(label), scores, support, width, digits)
    yield _line("accuracy", [None, None, task["accuracy"]], total, width, digits)
    yield _line("macro avg", task["macro"], total, width, digits)


def _mean_lines(tasks, width, digits):
    """Yield the means over the tasks that have labels."""
    counted = [task for task in tasks if task["class"] != [None]]
    if not counted:
        return
    total = sum(sum(task["support"]) for task in counted)
    yield "mean of tasks"
    accuracy = np.mean([task["accuracy"] for task in counted])
    yield _line("accuracy", [None, None, accuracy], total, width, digits)
    yield _line("macro avg", np.mean([task["macro"] for task in counted], axis=0), total, width, digits)


def _line(name, scores, support, width, digits):
    cells = "".join(" " * 11 if s is None else f"{s:>11.{digits}f}" for s in scores)
    count = f"{support:>11.{digits}f}" if isinstance(support, float) else f"{support:>11}"
    return f"{name:>{width}}{cells}{count}"
