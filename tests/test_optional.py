import json
import sys

import pytest

from skmtl._optional import import_optional


def test_returns_the_module_itself():
    assert import_optional("json", "plot", "A test") is json


def test_dotted_name_gives_the_inner_module():
    assert import_optional("json.decoder", "plot", "A test") is json.decoder


def test_missing_module_names_purpose_package_and_pip_line():
    message = r'^load_glyphs needs no_such_library, .*No module named.* Install it with: pip install "skmtl\[plot\]"$'
    with pytest.raises(ImportError, match=message) as info:
        import_optional("no_such_library.part", "plot", "load_glyphs")
    assert info.value.name == "no_such_library.part"
    assert isinstance(info.value.__cause__, ModuleNotFoundError)


def test_broken_module_keeps_its_own_reason(tmp_path, monkeypatch):
    (tmp_path / "broken_library.py").write_text("raise ImportError('libfoo.so is too old')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=r"libfoo\.so is too old.*skmtl\[onnx\]"):
        import_optional("broken_library", "onnx", "to_onnx")


def test_blocked_module_counts_as_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"needs matplotlib, .*skmtl\[plot\]"):
        import_optional("matplotlib", "plot", "A plot")
