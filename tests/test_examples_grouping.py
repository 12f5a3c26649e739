"""The script about groups of tasks, with a few images: it is run by hand, and would break unseen."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="module")
def script():
    path = Path(__file__).parents[1] / "examples" / "task_grouping.py"
    spec = importlib.util.spec_from_file_location("task_grouping", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_ways_are_compared(script, capsys, monkeypatch):
    monkeypatch.setattr(script, "REPEATS", dict.fromkeys(script.REPEATS, 1))
    script.main(["--seeds", "2", "--labels", "100", "--test-images", "60", "--max-epochs", "1"])
    printed = capsys.readouterr().out
    ways = ["all together", "all alone", "one per side", "one per question", *script.REPEATS]
    assert [line[:20].split("  ")[0].strip() for line in printed.splitlines()[3:]] == ways
    assert "2 seeds, 4 tasks" in printed
    assert "nan" not in printed


@pytest.mark.parametrize("n_questions", [2, 3])
def test_a_task_has_about_so_many_labels_and_every_task_is_scored(script, n_questions):
    X, y, X_test, y_test = script.problem(0, n_questions, 100, 50)
    assert len(X) == len(y) == 200 * n_questions
    assert len(X_test) == len(y_test) == 50
    assert (y.notna().sum() - 100).abs().max() < 30
    assert y_test.notna().all(axis=None)
    assert list(y)[:n_questions] == ["left digit", "left odd", "left high"][:n_questions]


def test_fixed_groups(script):
    ways = script.fixed(["left digit", "left odd", "right digit", "right odd"])
    assert ways["one per side"]["left odd"] == ("left digit", "left odd")
    assert ways["one per question"]["left odd"] == ("left odd", "right odd")
    assert ways["all alone"]["left odd"] == ("left odd",)
    assert len(set(ways["all together"].values())) == 1


def test_losses_are_those_of_held_out_images(script):
    X, y, X_test, y_test = script.problem(0, 2, 60, 40)
    clf = script.MultiTaskCNNClassifier(script.TRUNK, max_epochs=1, random_state=0)
    found = script.held_out_losses(clf, ("left odd",), X, y, X_test, y_test)
    truth = clf.predict_proba(X_test)[np.arange(40), y_test["left odd"]]
    assert found == {"left odd": pytest.approx(-np.log(truth).mean())}
