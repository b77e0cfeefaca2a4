"""Whole generated trees: tests/cases/<name>/values gives tests/cases/<name>/expected, byte for byte.

`pytest --update` rewrites what is expected; read its diff. A new case is a new folder with values/.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.laws.trees import tree_of

CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if (path / "values").is_dir())


def test_there_are_cases() -> None:
    assert CASES


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_the_tree_is_as_expected(case: Path, request: pytest.FixtureRequest) -> None:
    files = tree_of({path.stem: path.read_text(encoding="utf-8") for path in (case / "values").iterdir()}).files
    expected = case / "expected"
    if request.config.getoption("--update"):
        shutil.rmtree(expected, ignore_errors=True)
        for path, content in files.items():
            (expected / path).parent.mkdir(parents=True, exist_ok=True)
            (expected / path).write_text(content, encoding="utf-8", newline="\n")
    stored = {
        path.relative_to(expected).as_posix(): path.read_text(encoding="utf-8")
        for path in expected.rglob("*")
        if path.is_file()
    }
    assert stored, f"{expected} is empty: run pytest --update"
    assert stored == dict(files)
