"""What every test and every docstring example needs before anything else is imported."""

import os
import random
import signal
import sys

import numpy as np
import pytest

# SciPy reads it once, at import; without it scikit-learn skips its array API check of the estimators.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
# No test may open a window.
os.environ.setdefault("MPLBACKEND", "Agg")
# Shells start background jobs deaf to Ctrl-C, which tests strike.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _seeded():
    """Start every test, in whatever order and process, from the same state of the global generators."""
    seed = int(os.environ.get("SKMTL_TEST_SEED", "0"))
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - what random_state=None draws from
    # A test that has not imported torch cannot draw from it.
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    # matplotlib warns of many; one that no test has imported has none.
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
