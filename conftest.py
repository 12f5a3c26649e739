"""What every test and every docstring example needs before anything else is imported."""

import os
import sys

import pytest

# SciPy reads it once, at import; without it scikit-learn skips its array API check of the estimators.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
# No test may open a window.
os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    # matplotlib warns of many; one that no test has imported has none.
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
