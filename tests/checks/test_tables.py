"""The tables are complete: every rule has a page with a fix, every id that llmstack speaks of is documented."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from tools.pages.checks import checks_page, severity_of

import llmstack
from llmstack.checks import CHECKS
from llmstack.checks.reading import READING
from llmstack.checks.table import RULES
from llmstack.finding import RANK
from llmstack.review.risks.table import RISKS

PACKAGE = Path(llmstack.__file__).parent
ROOT = PACKAGE.parent.parent
MAKERS = {"Finding": 0, "Declaration": 0, "report": 0, "_check": 0, "PydanticCustomError": 0}
"""Calls whose first argument is the id of a finding."""


def test_page_is_current(expect: Callable[[Path, str], None]) -> None:
    expect(ROOT / "docs" / "checks.md", checks_page())


@pytest.mark.parametrize("id", CHECKS)
def test_a_rule_is_a_module_with_a_page(id: str) -> None:
    module = CHECKS[id]
    assert isinstance(module, ModuleType)
    assert module.__name__.rpartition(".")[2] == id.replace("-", "_")
    page = module.__doc__ or ""
    first, _, rest = page.partition("\n")
    assert first.endswith("."), "the first line is a sentence"
    assert rest.startswith("\n")
    assert "\nFix: " in page, "a page says what to do"
    declared = CHECKS[id].RULE
    assert declared.milder is None or RANK[declared.milder] > RANK[declared.severity]


def test_the_page_has_every_rule_and_its_severity() -> None:
    page = checks_page()
    for id, module in CHECKS.items():
        assert f"| [{id}](#{id}) | {severity_of(module)} |" in page
        assert f"\n## {id}\n\nSeverity: {severity_of(module)}.\n" in page
    for id, entry in READING.items():
        assert f"\n#### {id}\n\nSeverity: {entry.severity}.\n" in page


@pytest.mark.parametrize("file", sorted((PACKAGE / "checks" / "rules").glob("[!_]*.py")), ids=lambda file: file.stem)
def test_every_rule_is_in_the_table(file: Path) -> None:
    id = file.stem.replace("_", "-")
    assert id in CHECKS, f"checks/rules/{file.name} is no line of RULES in checks/table.py"


def test_no_two_rules_have_one_id() -> None:
    assert len(CHECKS) == len(RULES)


def ids_in(file: Path) -> Iterator[str]:
    """The ids that a module gives to findings as literals."""
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
        if name in MAKERS and node.args and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)


def test_every_id_is_documented() -> None:
    spoken = {id for file in PACKAGE.rglob("*.py") for id in ids_in(file)}
    assert {"yaml-syntax", "unknown-key", "bad-quantity", "stale-tree"} <= spoken, "the search finds ids"
    assert spoken <= set(CHECKS) | set(READING) | set(RISKS)


def test_no_id_is_documented_in_vain() -> None:
    text = "\n".join(
        file.read_text() for file in PACKAGE.rglob("*.py") if file.name != "reading.py" or file.parent.name == "model"
    )
    assert [id for id in READING if f'"{id}"' not in text] == []


def test_no_id_is_in_two_tables() -> None:
    assert not set(CHECKS) & set(READING)
    assert not set(RISKS) & (set(CHECKS) | set(READING)), "`explain` knows an id once"
