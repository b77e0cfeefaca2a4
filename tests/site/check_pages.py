"""The site that `make site` built: all of it is there, can be searched, and asks no other host for anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer

from llmstack.checks.reading import READING
from llmstack.checks.table import CHECKS
from llmstack.cli import cli
from llmstack.report.glossary import TERMS
from llmstack.review.risks.table import RISKS

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "build" / "site"
PAGES = sorted(SITE.rglob("*.html"))
LOADED = {("script", "src"), ("img", "src"), ("img", "srcset"), ("source", "srcset"), ("iframe", "src"), ("link", "href"),
          ("object", "data"), ("embed", "src"), ("video", "src"), ("audio", "src"), ("use", "href")}  # fmt: skip
"""What a browser fetches by itself."""
_ELSEWHERE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_STYLE = re.compile(r"(?:@import\s+|url\()\s*[\"']?([^\"')\s]+)")


class _Reader(HTMLParser):
    """What a page loads, and the ids in it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.ids: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loaded += [value or "" for name, value in attrs if (tag, name) in LOADED]
        self.ids |= {value for name, value in attrs if name == "id" and value}


def test_every_page_of_docs_is_a_page() -> None:
    docs = ROOT / "docs"
    sources = {path.relative_to(docs).with_suffix("") for path in [*docs.glob("*.md"), *(docs / "design").glob("*.md")]}
    assert sources <= {page.relative_to(SITE).with_suffix("") for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(SITE)))
def test_a_page_loads_nothing_from_elsewhere(page: Path) -> None:
    loaded = _Reader(page).loaded
    assert loaded
    assert not [each for each in loaded if _ELSEWHERE.match(each)]
    for inline in re.findall(r"<style[^>]*>(.*?)</style>", page.read_text(encoding="utf-8"), re.DOTALL):
        assert not [each for each in _STYLE.findall(inline) if _ELSEWHERE.match(each)]


def test_no_style_or_script_loads_anything_from_elsewhere() -> None:
    styles, scripts = sorted(SITE.rglob("*.css")), sorted(SITE.rglob("*.js"))
    assert styles
    assert scripts
    for style in styles:
        assert not [each for each in _STYLE.findall(style.read_text(encoding="utf-8")) if _ELSEWHERE.match(each)], style
    for script in scripts:
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"(?:\.src\s*=|fetch\(|importScripts\(|import\()\s*[\"'`](?:https?:)?//", text), script


def _anchors() -> Iterator[tuple[str, str]]:
    yield from (("checks", id) for id in (*CHECKS, *READING))
    yield from (("risks", id) for id in RISKS)
    yield from (("commands", f"llmstack-{name}") for name in typer.main.get_command(cli).commands)  # type: ignore[attr-defined]


def test_every_check_risk_and_command_has_its_address() -> None:
    ids = {page: _Reader(SITE / f"{page}.html").ids for page in ("checks", "risks", "commands")}
    assert not [anchor for anchor in _anchors() if anchor[1] not in ids[anchor[0]]]


def test_the_index_of_the_search_knows_keys_and_words() -> None:
    index = (SITE / "searchindex.js").read_text(encoding="utf-8")
    words = {"gpumemoryutil", "deadlock", *(term.split()[0].lower()[:4] for term in TERMS if len(term) > 4)}
    assert not [word for word in words if word not in index.lower()]


def test_the_schema_is_there_for_editors() -> None:
    assert (SITE / "values.schema.json").read_bytes() == (ROOT / "docs" / "values.schema.json").read_bytes()
