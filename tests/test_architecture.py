"""The floors of the house: imports of skmtl go strictly down."""

import ast
import importlib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import skmtl

ROOT = Path(skmtl.__file__).parent
# Upper floors first; packages named together are siblings and do not import one another.
FLOORS = [
    {"skmtl"},
    {"estimators", "inspection"},
    {"model_selection", "export"},
    {"training"},
    {"nn", "weighting"},
    {"metrics", "datasets", "preprocessing"},
    {"_inputs", "_random_stream", "_resize", "_rows", "_targets", "_validation", "_weights", "_optional", "exceptions"},
]
FLOOR = {name: len(FLOORS) - i for i, names in enumerate(FLOORS) for name in names}
# Ground files may use one another (a message helper), without a cycle.
GROUND = FLOORS[-1]


def dotted(path):
    return ".".join(("skmtl", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


MODULES = {dotted(p): p for p in sorted(ROOT.rglob("*.py"))}


def room(module):
    """Return the name on the floors table: the package or ground file that `module` belongs to."""
    return "skmtl" if module == "skmtl" else module.split(".")[1]


def imported(module):
    """Yield the absolute names that `module` imports, wherever in the file it does so."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base


def own_imports(module):
    """Return the modules of skmtl among them."""
    return sorted({name for name in imported(module) if name in MODULES} - {module})


def test_every_module_stands_on_a_floor():
    homeless = {room(m) for m in MODULES} - set(FLOOR)
    assert not homeless, f"not on the floors table of this test and of DESIGN.md: {sorted(homeless)}"


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_strictly_down(module):
    here = room(module)
    for name in own_imports(module):
        there = room(name)
        if there == here or {here, there} <= GROUND:
            continue
        assert FLOOR[there] < FLOOR[here], f"{module} (floor {FLOOR[here]}) imports {name} (floor {FLOOR[there]})"


def test_no_import_cycle():
    # prepare() raises CycleError, which names the modules of the cycle.
    TopologicalSorter({m: own_imports(m) for m in MODULES}).prepare()


@pytest.mark.parametrize("module", MODULES)
def test_libraries_stay_on_their_floor(module):
    libraries = {name.split(".")[0] for name in imported(module)}
    if room(module) != "training":
        assert "skorch" not in libraries, f"{module} imports skorch; only skmtl.training does"
    if room(module) in {"metrics", "datasets", "preprocessing", "model_selection"}:
        assert "torch" not in libraries, f"{module} imports torch; this floor sees arrays only"


@pytest.mark.parametrize("package", [m for m, p in MODULES.items() if p.name == "__init__.py"])
def test_packages_export_what_they_say(package):
    module = importlib.import_module(package)
    names = module.__all__
    assert len(set(names)) == len(names)
    assert [n for n in names if not hasattr(module, n)] == []


def test_modules_of_packages_are_private():
    public = [m for m in MODULES if m.count(".") == 2 and not m.rpartition(".")[2].startswith("_")]
    assert public == [], f"modules are private (`_name.py`); packages export: {public}"
