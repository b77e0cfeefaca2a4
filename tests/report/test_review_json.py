"""The JSON of a review: the contract's keys, and a schema that describes all that is written."""

import json
from importlib.resources import files
from typing import Any

import jsonschema_rs
import pytest

from llmstack.report.options import Options
from llmstack.report.review_formats import render_review
from llmstack.report.review_json import render
from llmstack.review.result import Review
from llmstack.review.risks.table import RISKS
from tests.report import samples

SCHEMA = json.loads(files("llmstack.report").joinpath("schema", "diff.schema.json").read_text(encoding="utf-8"))
CONTRACT = {
    "objects": ["apiVersion", "kind", "namespace", "name", "unit", "action", "changes", "restarts", "causes"],
    "rollouts": [
        "kind", "name", "model", "why", "former", "replicas", "gpusPerReplica", "resource", "pool", "maxSurge",
        "maxUnavailable", "minReady", "seconds", "secondsMin", "secondsMax", "secondsMaxWithout", "replicasMin", "replicasMax",
        "ifItFails", "basis",
    ],
    "gpus": ["pool", "resource", "capacity", "before", "after", "peak", "deadlock", "certain", "beforeMax", "afterMax", "peakMax",
             "uncounted"],
    "risks": ["id", "severity", "object", "message", "advice", "place", "acknowledged", "amount", "accepted"],
}  # fmt: skip
REVIEWS = {
    "small": samples.small(),
    "large": samples.large(50),
    "hostile": samples.hostile(),
    "nothing": samples.nothing(),
    "empty": Review("a", "b", {}),
}


@pytest.mark.parametrize("name", REVIEWS)
def test_every_output_follows_the_schema(name: str) -> None:
    jsonschema_rs.validate(SCHEMA, json.loads(render(REVIEWS[name], Options())))


def test_the_schema_is_one_and_refuses_other_things() -> None:
    jsonschema_rs.meta.validate(SCHEMA)
    report = json.loads(render_review(samples.small(), "json"))
    for spoil in (
        lambda it: it.pop("from"),
        lambda it: it["envs"]["prod"]["objects"][0].update(action="update"),
        lambda it: it["envs"]["prod"]["risks"][0].pop("place"),
        lambda it: it["envs"]["prod"]["gpus"][0].update(peak="8"),
    ):
        broken = json.loads(json.dumps(report))
        spoil(broken)
        assert not jsonschema_rs.is_valid(SCHEMA, broken)


def test_the_keys_are_those_of_the_contract() -> None:
    report = json.loads(render_review(samples.small(), "json"))
    assert list(report) == ["from", "to", "generated", "rules", "rulesFrom", "images", "clusters", "envs"]
    prod = report["envs"]["prod"]
    for section, keys in CONTRACT.items():
        assert prod[section]
        assert all(list(item) == keys for item in prod[section])
    assert list(prod["objects"][0]["changes"][0]) == ["path", "from", "to"]


def test_the_schema_describes_every_key_and_no_other() -> None:
    report = json.loads(render_review(samples.small(), "json"))
    _compare(SCHEMA, report)
    ids = SCHEMA["$defs"]["risk"]["properties"]["id"]["enum"]
    assert sorted(ids) == sorted(RISKS)


def _compare(schema: dict[str, Any], value: Any) -> None:
    """Every key of the value is described and required, all the way down."""
    while "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        for item in value:
            _compare(schema["items"], item)
    elif isinstance(value, dict) and "properties" in schema:
        assert set(value) == set(schema["properties"]) == set(schema["required"])
        for key, item in value.items():
            _compare(schema["properties"][key], item)
    elif isinstance(value, dict):
        for item in value.values():
            _compare(schema["additionalProperties"], item)
