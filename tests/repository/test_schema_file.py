"""docs/values.schema.json is renewed by `gen` where llmstack wrote it, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llmstack.repository.schema_file import SCHEMA
from llmstack.schemas import values_schema
from tests.cli.sandbox import Sandbox, make_sandbox

VALUES = "servingEngineSpec: {modelSpec: []}\nrouterSpec: {enableRouter: false}\n"
BEFORE = (
    '{\n  "$schema": "https://json-schema.org/draft/2020-12/schema",\n  "$defs": {\n    "Acknowledgement": {}\n  }\n}\n'
)
"""As it was before it said who wrote it."""


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    made = make_sandbox(tmp_path)
    made.write({"values/prod.yaml": VALUES})
    return made


def _commit(sandbox: Sandbox) -> None:
    output, code = sandbox.run("git init -q -b main; git add --all && git commit -qm all")
    assert code == 0, output


def _held(sandbox: Sandbox) -> str:
    return (sandbox.root / SCHEMA).read_text(encoding="utf-8")


@pytest.mark.parametrize("text", [BEFORE, values_schema().replace("routerSpec", "routerSpek")], ids=["older", "other"])
def test_one_of_an_earlier_llmstack_is_renewed(sandbox: Sandbox, text: str) -> None:
    sandbox.write({SCHEMA: text})
    _commit(sandbox)
    said, code = sandbox.run("llmstack gen --check")
    assert code == 3
    assert SCHEMA in said
    assert sandbox.run("llmstack gen")[1] == 0
    assert _held(sandbox) == values_schema()
    assert sandbox.run("llmstack gen --check")[1] == 0


def test_one_of_somebody_s_own_stays(sandbox: Sandbox) -> None:
    own = json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "ours"}, indent=2)
    sandbox.write({SCHEMA: own})
    _commit(sandbox)
    assert sandbox.run("llmstack gen")[1] == 0
    assert _held(sandbox) == own


def test_none_is_made(sandbox: Sandbox) -> None:
    _commit(sandbox)
    assert sandbox.run("llmstack gen")[1] == 0
    assert not (sandbox.root / "docs").exists()


def test_an_edit_that_is_not_committed_is_not_lost(sandbox: Sandbox) -> None:
    sandbox.write({SCHEMA: values_schema()})
    _commit(sandbox)
    sandbox.write({SCHEMA: values_schema().replace("llmstack values", "our values")})
    said, code = sandbox.run("llmstack gen")
    assert code == 4
    assert f"{SCHEMA} was edited by hand" in said
