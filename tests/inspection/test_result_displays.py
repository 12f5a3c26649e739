"""What the displays of results have in common."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from skmtl import inspection

SCRIPT = """
import sys
import numpy as np
import pandas as pd
from skmtl.inspection import (
    SingleTaskComparisonDisplay, TaskAffinityDisplay, TaskLearningCurveDisplay, TaskMistakesDisplay,
    TaskTradeoffDisplay,
)
TaskAffinityDisplay(np.eye(2))
SingleTaskComparisonDisplay(pd.DataFrame(), 0.0, (0, 0))
TaskLearningCurveDisplay([{"epoch": 1}], ["a"])
TaskMistakesDisplay(None, None, "a")
TaskTradeoffDisplay(pd.DataFrame())
assert "matplotlib" not in sys.modules
"""


def test_only_drawing_needs_matplotlib():
    found = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("TaskAffinityDisplay", lambda display: display.from_affinity(np.ones((2, 2)))),
        ("SingleTaskComparisonDisplay", lambda display: display(pd.DataFrame(index=["a"]), 0.0, (0, 0)).plot()),
        ("TaskLearningCurveDisplay", lambda display: display.from_history([{"epoch": 1, "a_train_loss": 1}], ["a"])),
        ("TaskMistakesDisplay", lambda display: display.from_predictions(np.ones((2, 2, 2)), [0, 1], [1.0, 0.0])),
    ],
)
def test_without_matplotlib_the_message_has_the_line_that_installs_it(name, draw, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=rf'{name} needs matplotlib.*pip install "skmtl\[plot\]"'):
        draw(getattr(inspection, name))


def never(*args, **params):
    raise AssertionError("trained or asked before the axes were looked at")


@pytest.mark.parametrize(
    ("name", "work", "params"),
    [
        ("TaskAffinityDisplay", "_affinity_display.task_affinity", {"ax": "left"}),
        ("SingleTaskComparisonDisplay", "_comparison_display.compare_with_single_task", {"ax": "left"}),
        ("PatchImportanceDisplay", "_patch_display.patch_importance", {"axes": ["left", "right"]}),
        ("TaskSaliencyDisplay", "_saliency_display.task_saliency", {"axes": ["left", "right"]}),
    ],
)
def test_what_cannot_be_drawn_is_said_before_the_work(name, work, params, monkeypatch):
    monkeypatch.setattr(f"skmtl.inspection.{work}", never)
    display = getattr(inspection, name)
    given = (None, None) if name == "TaskSaliencyDisplay" else (None, None, None)
    with pytest.raises(TypeError, match=r"axe?s? must be matplotlib Axes.* Got an object of class str instead"):
        display.from_estimator(*given, **params)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=rf"{name} needs matplotlib"):
        display.from_estimator(*given)
