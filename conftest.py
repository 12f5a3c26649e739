"""What every test and every docstring example needs before anything else is imported."""

import os

# SciPy reads it once, at import; without it scikit-learn skips its array API check of the estimators.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
# No test may open a window.
os.environ.setdefault("MPLBACKEND", "Agg")
