"""The JSON Schema of the values takes whatever `gen` takes, and knows what it offers from where that is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from tests.documents.test_generated_pages import plain

from llmstack import schemas
from llmstack.flags.catalogue import changes, load_catalogue, versions
from llmstack.kubernetes.rules import WORDS
from llmstack.model.json_schema import part_of, schema_text, values_schema
from llmstack.secrecy.names import is_secret_name
from llmstack.values.source import read_source

TESTS = Path(__file__).resolve().parents[1]
SCHEMA = values_schema()
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)
GOOD = sorted(
    path
    for path in (*TESTS.glob("cases/*/values/*.y*ml"), *TESTS.glob("checks/*/ok/*.yaml"))
    if not path.name.endswith((".facts.yaml", ".cluster.yaml"))
)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: str(path.relative_to(TESTS)))
def test_what_gen_takes_is_accepted(path: Path) -> None:
    data = read_source(path.name, path.read_bytes()).data
    assert [error.message for error in VALIDATOR.iter_errors(plain(data))] == []


def test_the_newest_kubernetes_has_every_field_of_the_older_ones() -> None:
    """Which is why the schema may follow it, whatever version the values name."""
    newest, *older = (schemas.definitions(each)["definitions"] for each in reversed(schemas.KUBERNETES_VERSIONS))
    blocks = [name for name in newest if f"#/$defs/{name.removeprefix('io.k8s.api.')}" in json.dumps(SCHEMA)]
    assert len(blocks) > 60
    for definitions in older:
        for name in blocks:
            fields = set(definitions.get(name, {}).get("properties", {}))
            assert fields <= set(newest[name].get("properties", {})), name


def test_words_are_those_of_fields_that_there_are() -> None:
    for type, fields in WORDS.items():
        [definition] = [node for name, node in SCHEMA["$defs"].items() if name.endswith(f".{type}")]
        for field, words in fields.items():
            assert definition["properties"][field]["anyOf"][0]["enum"] == list(words)


@pytest.mark.parametrize(
    "name",
    [
        *(f"{word}_TOKEN" for word in ("HF", "HUGGING_FACE_HUB", "HUB", "AUTH", "ACCESS", "BEARER")),
        *(f"{first}_{last}" for first in ("OPENAI", "DB", "X") for last in ("API_KEY", "PASSWORD", "PASSWD")),
        *("AWS_SECRET_ACCESS_KEY", "X_SECRET_ACCESS_KEY"),
    ],
)
def test_a_variable_that_the_schema_takes_for_a_secret_is_one(name: str) -> None:
    assert is_secret_name(name)
    assert not VALIDATOR.is_valid(_with_variable({"name": name, "value": "AbCdEfGhIjKl"}))
    assert VALIDATOR.is_valid(_with_variable({"name": name, "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}))
    assert VALIDATOR.is_valid(_with_variable({"name": name, "value": "$(OTHER)"}))


def _with_variable(entry: dict[str, Any]) -> dict[str, Any]:
    return {"servingEngineSpec": {"modelSpec": [{"name": "m", "env": [entry]}]}}


@pytest.mark.parametrize("version", versions())
def test_the_flags_of_a_release_are_those_of_its_catalogue(version: str) -> None:
    """Of a minor release, those of all its patches; options alone, neither negations nor short ones."""
    minor = ".".join(version.split(".")[:2])
    offered = set(_enums(SCHEMA["$defs"][f"vllm-{minor}-arguments"]))
    spellings = load_catalogue(version).spellings
    catalogue = {name for name, spelling in spellings.items() if name in changes() and not spelling.negated}
    assert catalogue <= offered
    others = {name for each in versions() if each.startswith(f"{minor}.") for name in load_catalogue(each).spellings}
    assert offered <= others


def _enums(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for item in node for name in _enums(item)]
    if not isinstance(node, dict):
        return []
    behind = SCHEMA["$defs"][node["$ref"].removeprefix("#/$defs/")] if "$ref" in node else []
    return [*node.get("enum", ()), *_enums(behind), *(name for value in node.values() for name in _enums(value))]


def test_every_reference_leads_somewhere() -> None:
    names = {each.partition('"')[0] for each in json.dumps(SCHEMA).split('"$ref": "#/$defs/')[1:]}
    assert names <= set(SCHEMA["$defs"])
    jsonschema_rs.meta.validate(SCHEMA)


def test_the_schema_stays_small() -> None:
    assert len(schema_text()) < 300_000


def test_a_part_holds_what_it_refers_to_and_no_more() -> None:
    part = part_of(SCHEMA, "servingEngineSpec.modelSpec[].initContainer[]")
    assert {"InitContainer", "core.v1.EnvVar"} <= set(part["$defs"])
    assert "RouterSpec" not in part["$defs"]
