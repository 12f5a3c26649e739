"""The scripts that compare weightings, with a few images: they are run by hand, and would break unseen."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples" / "benchmarks"


def run(script, *words):
    done = subprocess.run(
        [sys.executable, FOLDER / script, *words], check=True, stdout=subprocess.PIPE, text=True, timeout=300
    )
    return done.stdout


@pytest.fixture(scope="module")
def tables():
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location("_weighting_table", FOLDER / "_weighting_table.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(FOLDER))
    return module


def test_costs_are_ratios_to_equal_weights(tmp_path):
    path = tmp_path / "cost.md"
    names = ["equal", "geometric", "mgda", "equal, record_conflicts=True"]
    run("weighting_cost.py", "--quick", "--tasks", "2", "3", "--methods", *names, "--output", path)
    lines = [line.strip("| ").split(" | ") for line in path.read_text().splitlines() if line.startswith("|")]
    assert lines[0] == ["weighting", "gradient level", "2 tasks", "3 tasks"]
    # Methods that read losses once, the others at both levels.
    assert [tuple(line[:2]) for line in lines[2:]] == [
        ("equal", "-"),
        ("geometric", "-"),
        ("mgda", "representation"),
        ("equal, record_conflicts=True", "representation"),
        ("mgda", "parameters"),
        ("equal, record_conflicts=True", "parameters"),
    ]
    assert all(float(cell.split()[0]) > 0 for line in lines[2:] for cell in line[2:])


def test_accuracies_are_tuned_on_validation_and_continued(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "results.jsonl"
    words = ["--problem", "glyphs", "--share", "0.05", "--epochs", "1", "--seeds", "2", "--results", path]
    words += ["--lrs", "1e-3", "1e-2", "--methods", "single task", "equal"]
    printed = run("weighting_accuracy.py", *words)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    models = [f"single task: {task}" for task in ("character", "family", "bold", "italic")] + ["equal"]
    assert [row["model"] for row in rows] == [model for model in models for _ in range(4)]
    for start in range(0, len(rows), 4):
        *tried, first, second = rows[start : start + 4]
        assert [(row["part"], row["seed"], row["lr"]) for row in tried] == [("valid", 0, 0.001), ("valid", 0, 0.01)]
        best = max(tried, key=lambda row: sum(row["accuracy"].values()))
        assert [(r["part"], r["seed"], r["lr"]) for r in (first, second)] == [("test", s, best["lr"]) for s in (0, 1)]
        # The model of the first seed is the one that was chosen, not one trained again.
        assert first["seconds"] == best["seconds"]
    # All is there already.
    assert run("weighting_accuracy.py", *words) == printed
    assert len(path.read_text().splitlines()) == len(rows)
    assert run("weighting_accuracy.py", *words, "--table") == printed


def _row(model, part, seed, lr, **accuracy):
    return {"model": model, "part": part, "seed": seed, "lr": lr, "accuracy": accuracy, "seconds": 2.0}


def test_the_table_has_means_deviations_and_gains(tables):
    rows = []
    for task in ("left", "right"):
        rows += [_row(f"single task: {task}", "valid", 0, lr, **{task: a}) for lr, a in ((0.1, 0.4), (0.2, 0.7))]
        rows += [_row(f"single task: {task}", "test", seed, 0.2, **{task: 0.8}) for seed in (0, 1)]
    rows += [_row("mgda", "valid", 0, 0.1, left=0.9, right=0.1), _row("mgda", "valid", 0, 0.2, left=0.4, right=0.4)]
    # One image in ten more for the left task, as many fewer for the right, then twice as many for both.
    rows += [_row("mgda", "test", 0, 0.1, left=0.88, right=0.72), _row("mgda", "test", 1, 0.1, left=0.96, right=0.96)]
    assert tables.best_lr(rows, "mgda") == 0.1
    lines = [line.strip("| ").split(" | ") for line in tables.accuracy_table(rows, "multi_mnist").splitlines()]
    assert lines[0] == ["weighting", "lr", "left", "right", "mean", "Δm", "seeds", "s per fit"]
    expected = ["single task", "0.2, 0.2", "80.00 ± 0.00", "80.00 ± 0.00", "80.00 ± 0.00", "-", "2", "4.0"]
    assert lines[2] == expected
    # Standard deviations of two numbers: their difference / sqrt(2). Gains of 0 and 20 %.
    assert lines[3] == ["mgda", "0.1", "92.00 ± 5.66", "84.00 ± 16.97", "88.00 ± 11.31", "+10.00 ± 14.14", "2", "2.0"]
