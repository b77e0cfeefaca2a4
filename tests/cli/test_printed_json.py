"""What commands print with `--format json` keeps to the schema that `llmstack schema` prints, and leaves no key of it out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from llmstack.report.json_schemas import SCHEMAS
from tests.cli.sandbox import Sandbox, make_sandbox
from tests.cli.transcript import REPOSITORIES

COMMANDS = {
    "findings": ("lint", "validate"),
    "diff": ("diff HEAD~1 HEAD",),
    "affected": ("affected HEAD~1 HEAD",),
    "status": ("status",),
    "fit": ("fit",),
    "verify": ("verify HEAD~1 --observed nothing.json", "verify HEAD~1 --observed pods.json"),
}
PODS = [
    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{number}", "namespace": "default"}} for number in (0, 1)
]


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """The repository `small`, with a change of both kinds that a review has: a model that restarts, one that scales."""
    sandbox = make_sandbox(tmp_path_factory.mktemp("printed"))
    shutil.copytree(REPOSITORIES / "small", sandbox.root, dirs_exist_ok=True)
    sandbox.write({"nothing.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": []})})
    sandbox.write({"pods.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": PODS})})
    for step in (
        "git init -q -b main && llmstack gen && git add -A && git commit -qm a",
        "sed -i 's/replicaCount: 2/replicaCount: 3/; s/32768/16384/' values/*.yaml && llmstack gen && git commit -qam b",
    ):
        output, code = sandbox.run(step)
        assert code == 0, output
    return sandbox


def test_every_schema_of_an_output_has_its_commands() -> None:
    assert set(COMMANDS) == set(SCHEMAS) - {"values"}


@pytest.mark.parametrize("name", COMMANDS)
def test_an_output_keeps_to_its_schema(changed: Sandbox, name: str) -> None:
    schema = json.loads(SCHEMAS[name]())
    for command in COMMANDS[name]:
        output, _ = changed.run(f"llmstack {command} --format json 2> /dev/null")
        printed = json.loads(output)
        jsonschema_rs.validate(schema, printed)
        if name not in ("findings", "diff"):
            assert set(unknown_keys(schema, schema, printed)) == set()


def unknown_keys(schema: Any, part: Any, value: Any) -> Iterator[str]:
    """Yield keys of a value that its schema does not describe."""
    part = {**schema["$defs"][part["$ref"].rpartition("/")[2]], "more": part} if "$ref" in part else part
    if isinstance(value, dict) and "properties" in part:
        known = part["properties"] | part.get("more", {}).get("properties", {})
        for key, inner in value.items():
            if key not in known:
                yield key
            else:
                yield from unknown_keys(schema, known[key], inner)
    elif isinstance(value, dict) and isinstance(part.get("additionalProperties"), dict):
        for inner in value.values():
            yield from unknown_keys(schema, part["additionalProperties"], inner)
    elif isinstance(value, list) and "items" in part:
        for inner in value:
            yield from unknown_keys(schema, part["items"], inner)


def test_the_page_names_every_schema() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    assert f"What the schema is of: {', '.join(SCHEMAS)}." in page
