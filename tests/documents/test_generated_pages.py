"""The generated pages are what the model says today; `pytest --update` writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jsonschema_rs
import pytest
from tools.pages.glossary import glossary_page
from tools.pages.values import values_page

from llmstack.checks.table import CHECKS
from llmstack.model.json_schema import schema_text, values_schema
from llmstack.model.keys import all_keys
from llmstack.report.explanation import explain, explain_key, overview
from llmstack.report.glossary import TERMS
from llmstack.review.risks.table import RISKS
from llmstack.values.scalars import SourceText
from llmstack.values.source import read_source

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_values(expect: Callable[[Path, str], None]) -> None:
    expect(ROOT / "docs" / "values.md", values_page())


def test_the_glossary(expect: Callable[[Path, str], None]) -> None:
    expect(ROOT / "docs" / "glossary.md", glossary_page())


def test_every_word_of_the_glossary_is_explained() -> None:
    assert list(TERMS) == sorted(TERMS, key=str.lower)
    for term, meaning in TERMS.items():
        assert (explain(term) or "").startswith(f"{term}: a word of `diff`\n")
        assert meaning.endswith(".")
    assert "gitops.capacity[].pool" in (explain("pool") or "")


def test_explain_lists_all_there_is() -> None:
    listed = " ".join(overview().split())
    assert all(f" {word}" in listed for word in (*CHECKS, *RISKS, *TERMS))


def test_the_schema_for_editors(expect: Callable[[Path, str], None]) -> None:
    expect(ROOT / "docs" / "values.schema.json", schema_text())
    expect(ROOT / "generator" / "llmstack" / "schemas" / "values.schema.json", schema_text())


def test_every_key_is_described_and_found() -> None:
    for key in all_keys():
        assert len(key.description) > 5, key.path
        assert (explain_key(key.path) or "").startswith(f"{key.path}\n"), key.path


def plain(value: object) -> object:
    """Words below `gitops` that stay as written, as the booleans an editor reads."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {"true": True, "false": False}.get(value, str(value)) if isinstance(value, SourceText) else value


def _problems(values: object) -> list[str]:
    return [error.message for error in jsonschema_rs.validator_for(values_schema()).iter_errors(plain(values))]


@pytest.mark.parametrize("path", sorted((ROOT / "values").iterdir()), ids=lambda path: path.name)
def test_the_schema_accepts_the_example(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "# yaml-language-server: $schema=../docs/values.schema.json" in text.split("\n")[0]
    assert _problems(read_source(path.name, text.encode()).data) == []


@pytest.mark.parametrize(
    "values",
    [
        {"servingEngineSpec": {"modelSpec": [{"repositry": "x"}]}},
        {"routerSpec": {"replicaCount": "two"}},
        {"gitops": {"sync": {"tool": "helm"}}},
    ],
)
def test_the_schema_refuses_what_the_model_refuses(values: object) -> None:
    assert _problems(values) != []
