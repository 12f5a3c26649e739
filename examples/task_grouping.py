"""Which tasks to learn together: groups chosen by each measure of affinity, and what they are worth.

Run it with ``python examples/task_grouping.py``. It takes about ten minutes on one core.

Two handwritten digits side by side, and two questions about each of them: which one, and whether it is odd. Every
question is answered for a quarter of the images, drawn at random, so that a task has few labels of its own, and the
trunk is small, so that tasks that look at different digits are in each other's way. The known structure is the side:
the groups ``{left ...}`` and ``{right ...}``. ``--questions 3`` asks whether the digit is five or more as well, which
has little to do with whether it is odd: within a side, not all tasks are related then.

For every seed the affinities are measured on the training images, and two groups chosen from each
(`select_task_groups`). Then a network is trained for every group, and its tasks are scored on images of digits that
no training image shows: the mean over the tasks of the held-out log loss. Beside them stand one network for all
tasks, one for each alone, one for each side, and one for each question. Trunk, epochs and seeds are the same for all.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.exceptions import UnstableAffinityWarning
from skmtl.metrics import multi_task_scorer
from skmtl.model_selection import select_task_groups, task_affinity
from skmtl.nn import ConvTrunk

TRUNK = ConvTrunk(channels=(4, 8), hidden=(8,))
SIDES = ("left", "right")
QUESTIONS = {"digit": lambda name: name, "odd": lambda name: name % 2, "high": lambda name: name // 5}
REPEATS = {"lookahead": 3, "gradient_cosine": 3, "transfer": 3, "label_association": 100}


def answers(digits, n_questions):
    """Return the tasks of two digits."""
    asked = list(QUESTIONS.items())[:n_questions]
    return pd.DataFrame({f"{side} {name}": answer(digits[side]) for side in SIDES for name, answer in asked})


def problem(seed, n_questions, n_labels, n_test):
    """Return images and labels to train on, of which most are missing, and images and labels to score."""
    n_tasks = n_questions * len(SIDES)
    n_images = n_labels * n_tasks
    X, digits = load_two_digits(n_images, subset="train", random_state=seed, return_X_y=True, as_frame=True)
    X_test, test = load_two_digits(n_test, subset="test", random_state=seed, return_X_y=True, as_frame=True)
    y = answers(digits, n_questions)
    asked = np.random.default_rng(seed).random(y.shape) < 1 / n_tasks
    return X, y.astype(float).where(asked), X_test, answers(test, n_questions)


def held_out_losses(clf, tasks, X, y, X_test, y_test):
    """Return the log loss of every task of a network for these tasks."""
    tasks = list(tasks)
    rows = y[tasks].notna().any(axis=1).to_numpy()
    # A frame of one column would make a model of several tasks, of which there is one.
    columns = tasks[0] if len(tasks) == 1 else tasks
    clf.fit(X[rows], y.loc[rows, columns])
    scores = multi_task_scorer(["neg_log_loss"])(clf, X_test, y_test[columns])
    return {task: -scores[f"{task}_neg_log_loss"] for task in tasks}


def chosen(clf, X, y, seed):
    """Return, for every method, the groups it leads to (task -> group that serves it) and its seconds."""
    found = {}
    for method, n_repeats in REPEATS.items():
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnstableAffinityWarning)
            affinity = task_affinity(clf, X, y, method, n_repeats=n_repeats, random_state=seed)
        found[method] = select_task_groups(affinity, n_groups=2).assignment, time.perf_counter() - start
    return found


def fixed(tasks):
    """Return the assignments that need no measurement."""
    partitions = {
        "all together": dict.fromkeys(tasks, "all"),
        "all alone": {task: task for task in tasks},
        "one per side": {task: task.split()[0] for task in tasks},
        "one per question": {task: task.split()[1] for task in tasks},
    }
    return {
        way: {task: tuple(other for other in tasks if of[other] == of[task]) for task in tasks}
        for way, of in partitions.items()
    }


def scores(seed, n_questions, n_labels, n_test, max_epochs):
    """Return a row per way of grouping: mean loss, whether the groups are the sides, seconds of the choice."""
    X, y, X_test, y_test = problem(seed, n_questions, n_labels, n_test)
    tasks = list(y)
    clf = MultiTaskCNNClassifier(TRUNK, max_epochs=max_epochs, random_state=seed)
    ways = {way: (assignment, 0.0) for way, assignment in fixed(tasks).items()} | chosen(clf, X, y, seed)
    losses, rows = {}, []
    for way, (assignment, seconds) in ways.items():
        for group in map(frozenset, assignment.values()):
            if group not in losses:
                losses[group] = held_out_losses(clf, sorted(group, key=tasks.index), X, y, X_test, y_test)
        loss = np.mean([losses[frozenset(group)][task] for task, group in assignment.items()])
        sides = assignment == fixed(tasks)["one per side"]
        rows.append({"way": way, "seed": seed, "loss": loss, "the sides": sides, "seconds": seconds})
    return rows


def report(table):
    """Print mean ± standard deviation over the seeds, and of the differences from all together and all alone."""
    losses = table.pivot(index="seed", columns="way", values="loss")[table["way"].unique()]
    columns = {"log loss": _spread(losses)}
    for other in ("all together", "all alone"):
        falls = losses.sub(losses[other], axis=0)
        columns[f"minus {other}"] = _spread(falls, "+")
        columns[f"below {other}"] = (falls < 0).sum().map(f"{{}} of {len(falls)}".format)
    by_way = table.groupby("way", sort=False)
    columns["the sides"] = by_way["the sides"].sum().map(f"{{}} of {len(losses)}".format)
    columns["seconds to choose"] = by_way["seconds"].median().map("{:.1f}".format)
    print(pd.DataFrame(columns).loc[losses.columns].to_string())


def _spread(by_seed, sign=""):
    means, stds = by_seed.mean(), by_seed.std(ddof=1 if len(by_seed) > 1 else 0)
    return pd.Series(
        [f"{mean:{sign}.3f} ± {std:.3f}" for mean, std in zip(means, stds, strict=True)], index=by_seed.columns
    )


def main(arguments=None):
    """Choose groups for all seeds, train them and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, metavar="N", default=10, help="how many seeds, from 0")
    parser.add_argument("--questions", type=int, choices=(2, 3), default=2, help="about each digit")
    parser.add_argument("--labels", type=int, default=300, help="training labels of a task, about")
    parser.add_argument("--test-images", type=int, default=1000, help="images to score")
    parser.add_argument("--max-epochs", type=int, default=30, help="passes over the training images")
    options = parser.parse_args(arguments)
    rows = []
    for seed in range(options.seeds):
        rows += scores(seed, options.questions, options.labels, options.test_images, options.max_epochs)
    print(f"{options.seeds} seeds, {2 * options.questions} tasks, mean log loss on test images")
    report(pd.DataFrame(rows))


if __name__ == "__main__":
    main()
