"""The table of risks is complete, and every risk has a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from tools.pages.risks import risks_page, severity_of

import llmstack
from llmstack.finding import RANK, Severity
from llmstack.review.risks.declaration import Declaration
from llmstack.review.risks.table import KINDS, RISKS

FOLDER = Path(llmstack.__file__).parent / "review" / "risks"
DOCS = FOLDER.parents[3] / "docs"
SHARED = {"assessment", "certificates", "declaration", "exclusive", "pools", "pulls", "table", "unforeseen"}
"""Modules beside the risks."""


def test_the_page_is_current(expect: Callable[[Path, str], None]) -> None:
    expect(DOCS / "risks.md", risks_page())


@pytest.mark.parametrize("file", sorted(FOLDER.glob("[!_]*.py")), ids=lambda file: file.stem)
def test_every_risk_is_in_the_table(file: Path) -> None:
    if file.stem in SHARED:
        assert "\nRISK = " not in file.read_text()
        return
    id = file.stem.replace("_", "-")
    assert id in RISKS, f"review/risks/{file.name} is no line of KINDS in review/risks/table.py"


def test_no_two_risks_have_one_id() -> None:
    assert len(RISKS) == len(KINDS)


@pytest.mark.parametrize("id", RISKS)
def test_a_risk_is_a_module_with_a_page(id: str) -> None:
    kind = RISKS[id]
    assert isinstance(kind, ModuleType)
    assert kind.__name__.rpartition(".")[2] == id.replace("-", "_")
    assert kind.RISK.milder is None or RANK[kind.RISK.milder] > RANK[kind.RISK.severity]
    page = kind.__doc__ or ""
    assert page.partition("\n")[0].endswith("."), "the first line is a sentence"
    assert bool(kind.RISK.unit) == ("Its amount is" in " ".join(page.split())), "the page says what an amount counts"
    for heading in ("Why it matters", "How it is judged", "Fix"):
        assert f"\n\n{heading}: " in page, heading
    assert f"| [{id}](#{id}) | {severity_of(kind)} |" in risks_page()


def test_the_milder_form_of_a_risk_that_declares_none_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="trial declares no milder severity"):
        Declaration("trial", Severity.ERROR).at("Deployment/a", "", milder=True)


def test_an_amount_without_a_unit_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="trial declares no unit of its amount"):
        Declaration("trial", Severity.ERROR).at("Deployment/a", "", amount=1)


@pytest.mark.parametrize("id", RISKS)
def test_every_risk_has_a_scenario(id: str) -> None:
    tests = Path(__file__).parents[1]
    folders = (tests / "review_rollout", tests / "sync", tests / "facts")
    texts = [file.read_text() for folder in folders for file in folder.glob("test_*.py")]
    assert any(f'"{id}"' in text for text in texts), f"no test of {[each.name for each in folders]} speaks of {id}"
