"""Every Python block of the README and the guide runs as it is printed."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "docs").rglob("*.rst"))]
# `<!-- not run: reason -->` on a line before the fence leaves a block out; the reason is for the reader.
BLOCK = re.compile(r"(?P<skip><!-- not run: [^\n]+ -->\n+)?^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
WRITTEN = {"_build", "auto_examples", "generated"}


def blocks(page):
    """Yield (line number, code) of the blocks to run."""
    text = page.read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        if not match["skip"]:
            yield text.count("\n", 0, match.start("code")), match["code"]


def pages_with_code():
    for page in PAGES:
        if page.exists() and not WRITTEN & set(page.relative_to(ROOT).parts) and any(blocks(page)):
            yield pytest.param(page, id=str(page.relative_to(ROOT)))


@pytest.mark.parametrize("page", list(pages_with_code()))
def test_page_runs_as_printed(page, tmp_path, monkeypatch):
    # What a page saves must not land in the checkout.
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    for line, code in blocks(page):
        # Blank lines in front, so that a traceback shows the line of the page.
        exec(compile("\n" * line + code, page, "exec"), namespace)


def test_a_skipped_block_says_why(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- not run: needs a GPU -->\n```python\n1 / 0\n```\n\n```python\nx = 1\n```\n")
    assert list(blocks(page)) == [(6, "x = 1\n")]
