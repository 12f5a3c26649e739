"""The scripts about ways of sharing, with a few images: they are run by hand, and would break unseen."""

import importlib.util
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from skmtl.datasets import load_glyphs
from skmtl.nn import SHARINGS

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module")
def methods():
    spec = importlib.util.spec_from_file_location("sharing_methods", EXAMPLES / "sharing_methods.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_ways_are_compared(methods, capsys):
    assert set(methods.WAYS) == set(SHARINGS)
    methods.main(["related", "--seeds", "2", "--max-epochs", "1", "--share", "0.1"])
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines()[3:10]] == list(methods.WAYS)
    assert "hard, wide as none" in printed
    assert "nan" not in printed


@pytest.mark.parametrize("validation", [False, True])
def test_pairs_of_character_and_font_are_held_out(methods, validation, monkeypatch):
    pytest.importorskip("matplotlib")
    # Without jitter all images of a pair are the same.
    monkeypatch.setattr(methods, "load_glyphs", partial(load_glyphs, jitter=0))
    X, y, X_scored, y_scored = methods.conflicting(0, validation, share=0.2)
    assert list(y) == ["character", "family"]
    assert (len(X), len(X_scored)) == (len(y), len(y_scored))
    pixels = {image.tobytes() for image in X}
    assert not any(image.tobytes() in pixels for image in X_scored)


def test_validation_leaves_the_test_images_alone(methods):
    _, y, X_test, _ = methods.related(0, validation=False)
    X_train, _, X_valid, _ = methods.related(0, validation=True)
    test = {image.tobytes() for image in X_test}
    assert not any(image.tobytes() in test for part in (X_train, X_valid) for image in part)
    # Every image has the label of one task, every task 100.
    assert (y.notna().sum(axis=1) == 1).all()
    assert (y.notna().sum() == 100).all()


def test_the_control_has_as_many_weights(methods):
    X, y, *_ = methods.related(0, validation=False, share=0.2)
    clf = methods.MultiTaskCNNClassifier(methods.TRUNKS["related"], max_epochs=1, random_state=0).fit(X, y)
    assert methods.n_weights_of(clf.trunk, X, y) == methods.n_weights(clf)
    wide = methods.n_weights_of(methods.widened(clf, X, y, 100_000), X, y)
    assert 100_000 <= wide < 115_000


def test_costs_are_multiples_of_hard_sharing(tmp_path):
    path = tmp_path / "cost.json"
    script = EXAMPLES / "benchmarks" / "sharing_cost.py"
    words = ["--images", "64", "--repeats", "1", "--tasks", "2", "--trunks", "cnn", "--ways", "hard", "none"]
    done = subprocess.run(
        [sys.executable, script, *words, "--json", path], check=True, stdout=subprocess.PIPE, text=True, timeout=300
    )
    rows = {row["sharing"]: row for row in json.loads(path.read_text())["rows"]}
    assert list(rows) == ["hard", "none"]
    trunk, head = 420_352, 2 * 10 * 129
    assert rows["hard"]["parameters"] == trunk + head
    assert rows["none"]["parameters"] == 2 * trunk + head
    assert all(np.isfinite(row["epoch seconds"]) and row["predict seconds"] > 0 for row in rows.values())
    # Hard sharing is 1.00 times itself.
    assert done.stdout.splitlines()[-2].split()[-4:].count("1.00") == 4
