"""What the network learns on real images; examples/benchmarks/accuracy.py has the longer runs."""

import numpy as np

from skmtl import MultiTaskCNNClassifier
from skmtl.datasets import load_two_digits
from skmtl.metrics import multi_task_scorer
from skmtl.nn import ConvTrunk


def test_two_digits_at_default_parameters():
    X, y = load_two_digits(2000, subset="train", return_X_y=True)
    X_test, y_test = load_two_digits(1000, subset="test", return_X_y=True)
    assert MultiTaskCNNClassifier(random_state=0).fit(X, y).score(X_test, y_test) >= 0.97


def test_raising_a_tasks_weight_raises_its_score():
    score = multi_task_scorer(("accuracy",))
    rows = {0.1: [], 0.5: [], 0.9: []}
    for seed in range(5):
        options = {"overlap": 0.5, "random_state": seed, "return_X_y": True, "as_frame": True}
        X, y = load_two_digits(450, subset="train", **options)
        X_test, y_test = load_two_digits(450, subset="test", **options)
        for share, found in rows.items():
            clf = MultiTaskCNNClassifier(
                ConvTrunk(channels=(8,), hidden=(16,)),
                task_weights={"left": share, "right": 1 - share},
                max_epochs=15,
                random_state=seed,
            )
            found.append(score(clf.fit(X, y), X_test, y_test))
    left, right = (
        [np.mean([r[f"{task}_accuracy"] for r in found]) for found in rows.values()] for task in ("left", "right")
    )
    assert left[0] + 0.05 < left[1] < left[2] - 0.05
    assert right[0] - 0.05 > right[1] > right[2] + 0.05
