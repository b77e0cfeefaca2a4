"""ARCHITECTURE.md and CONTRIBUTING.md name what there is, and the table of rooms is made from the rooms."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from tests.laws.test_imports import ORDER

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "generator" / "llmstack"
PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")
_TABLE = re.compile(r"(?<=<!-- rooms -->\n).*?(?=<!-- end of rooms -->)", re.DOTALL)
_PATH = re.compile(r"`((?:[\w.<>*-]+/)+[\w.<>*-]*|[\w-]+\.(?:py|toml|md))`")


def _docstring(room: str) -> str:
    """The first paragraph of what a room says of itself."""
    file = PACKAGE / room / "__init__.py"
    text = ast.get_docstring(ast.parse((file if file.exists() else PACKAGE / f"{room}.py").read_text(encoding="utf-8")))
    assert text, f"{room} says nothing of itself"
    return " ".join(text.split("\n\n")[0].split())


def rooms_table() -> str:
    rows = [f"| `{room}{'/' if (PACKAGE / room).is_dir() else '.py'}` | {_docstring(room)} |" for room in ORDER]
    return "\n".join(["| room | what it holds |", "|---|---|", *rows, ""])


def test_the_table_of_rooms_is_what_the_rooms_say(request: pytest.FixtureRequest) -> None:
    page = ROOT / "ARCHITECTURE.md"
    text = page.read_text(encoding="utf-8")
    current = _TABLE.sub(lambda _: rooms_table(), text)
    assert rooms_table() in current
    if request.config.getoption("--update"):
        page.write_text(current, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == current


@pytest.mark.parametrize("name", PAGES)
def test_every_file_that_a_page_names_is_there(name: str) -> None:
    named = set(_PATH.findall((ROOT / name).read_text(encoding="utf-8")))
    assert named
    missing = sorted(path for path in named if not path.startswith(".git/") and not _is_there(path))
    assert not missing


def _is_there(path: str) -> bool:
    """Whether a path, in which `<x>` stands for any name, is one of the repository or of the package."""
    pattern = re.sub(r"<[^>]+>", "*", path.rstrip("/"))
    tests = ROOT / "tests"
    return any(any(top.glob(pattern)) for top in (ROOT, PACKAGE, tests, tests / "cluster", tests / "argo"))
