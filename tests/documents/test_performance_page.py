"""docs/performance.md has the figures that were measured, and no others; `pytest --update` writes it."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tools.pages.performance import performance_page

ROOT = Path(__file__).resolve().parents[2]
MEASURED = ROOT / "bench" / "measured.json"


@pytest.fixture
def measured() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    return found


def test_the_page_is_current(expect: Callable[[Path, str], None], measured: dict[str, Any]) -> None:
    expect(ROOT / "docs" / "performance.md", performance_page(measured))


def test_the_figures_are_those_of_the_bench(measured: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "bench"), *sys.path])
    goals = {goal.name: goal.limit for goal in runpy.run_path(str(ROOT / "bench" / "goals.py"))["GOALS"]}
    assert measured["goals"]
    assert {goal["name"]: goal["limit"] for goal in measured["goals"]}.items() <= goals.items()
    rounds = {len(row[times]) for row in measured["rows"].values() for times in ("seconds", "processors")}
    assert len(rounds) == 1
    assert rounds.pop() >= 1


def test_a_page_of_few_models_says_nothing_of_growth(measured: dict[str, Any]) -> None:
    small = {name: row for name, row in measured["rows"].items() if not name.startswith("large")}
    assert "## How it grows" not in performance_page({**measured, "rows": small})
