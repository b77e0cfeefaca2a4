"""A module that is no rule does not pass mypy: neither with a `run` of another shape, nor without a declaration."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import llmstack
from llmstack.checks import rule
from llmstack.finding import Severity

ROOT = Path(llmstack.__file__).parents[2]

_START = """\
from collections.abc import Iterator
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Severity
"""
_DECLARED = 'RULE = Declaration("trial", Severity.NOTE)\n'

WRONG = {
    "takes_what_no_subject_is": f"{_START}{_DECLARED}def run(subject: str) -> Iterator[Problem]:\n    yield Problem('')\n",
    "yields_findings": f"{_START}{_DECLARED}def run(subject: Subject) -> Iterator[Finding]:\n    yield from ()\n",
    "declares_nothing": f"{_START}def run(subject: Subject) -> Iterator[Problem]:\n    yield Problem('')\n",
}
RIGHT = f"{_START}{_DECLARED}def run(subject: Subject) -> Iterator[Problem]:\n    yield Problem('')\n"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What mypy says of a table with all of them."""
    folder = tmp_path_factory.mktemp("rules")
    for name, text in {**WRONG, "right": RIGHT}.items():
        (folder / f"{name}.py").write_text(text)
    names = [*WRONG, "right"]
    lines = [*(f"import {name}" for name in names), "from llmstack.checks.rule import Rule"]
    lines += [f"{name.upper()}: Rule = {name}" for name in names]
    (folder / "table.py").write_text("\n".join(lines))
    options = ("--strict", "--no-error-summary", "--config-file=", "--cache-dir", str(ROOT / ".mypy_cache" / "rules"))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "table.py"],
        cwd=folder,
        env={"MYPYPATH": f"{ROOT / 'generator'}:{folder}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", WRONG)
def test_mypy_refuses(said: str, name: str) -> None:
    line = [*WRONG].index(name) + len(WRONG) + 3
    assert f"table.py:{line}: error: Incompatible types in assignment" in said


def test_mypy_takes_a_rule(said: str) -> None:
    assert "RIGHT" not in said
    assert f"table.py:{2 * len(WRONG) + 3}" not in said


def test_the_milder_form_of_a_rule_that_declares_none_is_a_mistake() -> None:
    declared = rule.Declaration("trial", Severity.ERROR)
    with pytest.raises(ValueError, match="trial declares no milder severity"):
        declared.severity_of(rule.Problem("", milder=True))
