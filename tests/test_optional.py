import json

import pytest

from skmtl._optional import import_optional


def test_what_is_there_is_imported():
    assert import_optional("json", "plot", "This test") is json


def test_what_is_missing_names_its_user_and_the_line_that_installs_it():
    expected = r'load_glyphs needs no_such_library, which cannot be imported \(.*\)\. .*: pip install "skmtl\[plot\]"'
    with pytest.raises(ImportError, match=expected) as caught:
        import_optional("no_such_library.part", "plot", "load_glyphs")
    assert caught.value.name == "no_such_library.part"
    assert isinstance(caught.value.__cause__, ImportError)
