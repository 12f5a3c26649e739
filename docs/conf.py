"""Sphinx configuration: sphinx-build -W -b html docs docs/_build/html."""

import os
import warnings
from pathlib import Path

import skmtl
from skmtl.exceptions import SkmtlWarning

os.environ.setdefault("MPLBACKEND", "Agg")
ROOT = Path(__file__).parents[1]

project = "skmtl"
author = "skmtl developers"
copyright = "2026, skmtl developers"
version = release = skmtl.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates", "auto_examples/**/*.ipynb", "auto_examples/**/*.md5"]
templates_path = ["_templates"]
default_role = "code"  # scikit-learn's docstrings write `X` for code

html_theme = "pydata_sphinx_theme"
html_title = "skmtl"
html_theme_options = {"show_prev_next": False, "navigation_with_keys": False}
html_show_sourcelink = False

# One page per class lists its own methods (_templates/autosummary/class.rst). numpydoc's lists would add
# those inherited from scikit-learn, whose docstrings refer to labels of scikit-learn's own site.
numpydoc_show_class_members = False
autodoc_typehints = "none"
autosummary_generate = True

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

sphinx_gallery_conf = {
    "examples_dirs": str(ROOT / "examples"),
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "ignore_pattern": r"^(?!.*plot_).*\.py$",  # the other scripts are for the command line
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "image_scrapers": ("matplotlib",),
}
# A gallery page has no other way to fail on a warning.
warnings.simplefilter("error", category=SkmtlWarning)
