"""The API reference lists what skmtl exports, and its docstrings say what the code has."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pandas as pd
import pytest
import torch
from numpydoc.docscrape import ClassDoc
from numpydoc.validate import validate
from sklearn.datasets import load_digits

import skmtl

REFERENCE = Path(__file__).parents[1] / "docs" / "api.rst"
PACKAGES = ["skmtl", *(f"skmtl.{m.name}" for m in pkgutil.iter_modules(skmtl.__path__) if m.ispkg), "skmtl.exceptions"]
# What one floor exports for another, not for users.
PLUMBING = {
    "skmtl._rows": "*",
    "skmtl._targets": "*",
    "skmtl.estimators": "*",
    "skmtl.training": "*",
    "skmtl.nn": {
        "InputStage",
        "MaxPool",
        "MultiTaskLoss",
        "MultiTaskModule",
        "build_module",
        "folded",
        "inner_products",
        "is_own_module",
        "is_plain",
        "reached_by_tasks",
        "run_on_blank",
        "task_gradients",
        "through_trunk",
    },
    "skmtl.weighting": {"StepWeights", "build_weighting", "is_torchjd", "reads_of", "resolve_weighting"},
}
# numpydoc's codes: no docstring, no summary; parameters undocumented, unknown, in another order; no example.
DOCSTRING, PARAMETERS, EXAMPLE = {"GL08", "SS01"}, {"PR01", "PR02", "PR03"}, {"EX01"}


def exported():
    """Yield the dotted names of the classes and functions that are there for users."""
    for package in PACKAGES:
        module, plumbing = importlib.import_module(package), PLUMBING.get(package, ())
        for name in () if plumbing == "*" else module.__all__:
            if name not in plumbing and callable(getattr(module, name)):
                yield f"{package}.{name}"


PUBLIC = sorted(exported())


def resolve(path):
    package, _, name = path.rpartition(".")
    return getattr(importlib.import_module(package), name)


def own_methods(path):
    """Yield the public methods that an exported class defines itself or takes from a class of skmtl."""
    if inspect.isclass(resolve(path)):
        for cls in resolve(path).__mro__:
            if cls.__module__.startswith("skmtl"):
                methods = [n for n, f in vars(cls).items() if inspect.isfunction(f) and not n.startswith("_")]
                yield from (f"{path}.{name}" for name in methods)


def is_bare_module(cls):
    """Return whether `cls` is a PyTorch module whose __init__ no class of skmtl has written."""
    if not (inspect.isclass(cls) and issubclass(cls, torch.nn.Module)):
        return False
    return not any("__init__" in vars(c) for c in cls.__mro__ if c.__module__.startswith("skmtl"))


def errors(path, codes):
    return [f"{code}: {text}" for code, text in validate(path)["errors"] if code in codes]


def test_reference_lists_what_is_exported():
    listed, package = set(), None
    for line in REFERENCE.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\.\. currentmodule:: (\S+)", line):
            package = found[1]
        elif found := re.match(r"   (\w+)$", line):
            listed.add(f"{package}.{found[1]}")
    assert listed == set(PUBLIC)


@pytest.mark.parametrize("path", PUBLIC)
def test_public_object_documents_its_signature_and_shows_an_example(path):
    is_exception = inspect.isclass(resolve(path)) and issubclass(resolve(path), BaseException)
    codes = DOCSTRING if is_exception else DOCSTRING | PARAMETERS | EXAMPLE
    # A base without __init__ has that of PyTorch's module, whose arguments say nothing.
    assert errors(path, codes - PARAMETERS if is_bare_module(resolve(path)) else codes) == []


@pytest.mark.parametrize("path", sorted({method for path in PUBLIC for method in own_methods(path)}))
def test_public_method_documents_its_parameters(path):
    cls, _, name = path.rpartition(".")
    # A method of a line may leave its arguments to its class; a list of parameters must be whole.
    whole = "Parameters\n" in inspect.getdoc(getattr(resolve(cls), name))
    assert errors(path, DOCSTRING | PARAMETERS if whole else DOCSTRING) == []


def test_documented_attributes_are_the_fitted_ones():
    digits = load_digits(n_class=2, as_frame=True)
    X, y = digits.data[:60], pd.DataFrame({"digit": digits.target[:60], "odd": digits.target[:60] % 2})
    clf = skmtl.MultiTaskCNNClassifier(image_shape=(8, 8), max_epochs=1, early_stopping=True).fit(X, y)
    fitted = {name for name in vars(clf) if name.endswith("_") and not name.startswith("_")}
    documented = {attribute.name for attribute in ClassDoc(type(clf))["Attributes"]}
    properties = {name for name in documented if isinstance(getattr(type(clf), name, None), property)}
    assert documented == fitted | properties
